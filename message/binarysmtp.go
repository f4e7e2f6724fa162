package message

import (
	"bytes"
	"io"
	"strings"
)

// EncodeForSMTP copies a message of any octets, as BINARYMIME brings it
// (RFC 3030 §3), and encodes in base64 what could not go on without that
// extension, nor be shown by IMAP: parts that are declared binary, and those
// with NUL octets, with line ends other than CRLF, or with lines of more than
// 998 octets. Multiparts that were declared binary are 8bit then. It returns
// ErrBinary if that cannot be done: such octets stand in a header or between
// parts, or a signature covers them (RFC 1847 §2.1). size is that of the
// message.
func EncodeForSMTP(w io.Writer, s *Structure, r io.ReaderAt, size int64) error {
	e := &binaryEncoder{w: w, r: r, smtp: true, fits: func() fitter { return &textLines{} }}
	e.copied = e.fits()
	if err := e.part(s.Root); err != nil {
		return err
	}
	if err := e.copy(size); err != nil {
		return err
	}
	if !e.copied.end() {
		return ErrBinary
	}
	return nil
}

// container relabels a part whose parts are binary no more.
func (e *binaryEncoder) container(p *Part) error {
	switch {
	case !isBinary(p):
		return nil
	case e.signed > 0:
		return ErrBinary
	}
	return e.relabel(p, "8bit")
}

func isBinary(p *Part) bool { return strings.EqualFold(p.Encoding, "binary") }

func isSigned(p *Part) bool { return p.IsMultipart() && strings.EqualFold(p.Subtype, "signed") }

const maxTextLine = 998 // octets without CRLF (RFC 5322 §2.1.1)

// textLines lets lines pass as any mail server takes them.
type textLines struct {
	cr bool // the last octet was CR
	n  int  // octets of the current line
}

func (t *textLines) fit(p []byte) bool {
	if bytes.IndexByte(p, 0) >= 0 {
		return false
	}
	for len(p) > 0 {
		if t.cr && p[0] != '\n' {
			return false
		}
		i := bytes.IndexAny(p, "\r\n")
		if i < 0 {
			t.n += len(p)
			return t.n <= maxTextLine
		}
		if t.n += i; t.n > maxTextLine || p[i] == '\n' && !(i == 0 && t.cr) {
			return false
		}
		if t.cr = p[i] == '\r'; !t.cr {
			t.n = 0
		}
		p = p[i+1:]
	}
	return true
}

func (t *textLines) end() bool { return !t.cr }
