package imapserver

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/ianaindex"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A charset makes UTF-8 of a string that a client sent.
type charset func(s string) (string, error)

func utf8Charset(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", imapwire.Syntax("search string is not UTF-8")
	}
	return s, nil
}

func asciiCharset(s string) (string, error) {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return "", imapwire.Syntax("search string is not US-ASCII")
		}
	}
	return s, nil
}

var errBadCharset = imap.No(imap.CodeBadCharset("US-ASCII", "UTF-8"), "Charset is not supported")

// parseCharset takes CHARSET and the space behind it, if it is there.
//
// QUIRK: without CHARSET RFC 3501 means US-ASCII, but clients send UTF-8, as
// RFC 9051 allows; what is not UTF-8 either is refused.
func (p *searchParser) parseCharset() error {
	r := p.r
	if !r.AcceptWord("CHARSET") {
		return nil
	}
	if p.c.enabled.utf8Accept && !p.c.enabled.rev2 {
		return imapwire.Syntax("CHARSET is not allowed with UTF8=ACCEPT")
	}
	if err := r.SP(); err != nil {
		return err
	}
	name, err := r.AString()
	if err != nil {
		return err
	}
	if err := p.useCharset(name); err != nil {
		return err
	}
	return r.SP()
}

// useCharset has strings read in a charset.
func (p *searchParser) useCharset(name string) error {
	if p.charset = findCharset(name); p.charset == nil {
		return errBadCharset
	}
	p.foreign = !strings.EqualFold(name, "UTF-8") && !strings.EqualFold(name, "US-ASCII")
	return nil
}

// findCharset returns the charset of that IANA name, or nil.
func findCharset(name string) charset {
	switch strings.ToUpper(name) {
	case "UTF-8":
		return utf8Charset
	case "US-ASCII":
		return asciiCharset
	}
	enc, err := ianaindex.IANA.Encoding(name)
	if err != nil || enc == nil {
		return nil
	}
	return func(s string) (string, error) {
		out, err := enc.NewDecoder().String(s)
		if err != nil {
			return "", imapwire.Syntax("search string is not in its charset")
		}
		return out, nil
	}
}
