package imapserver

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// maxFilters is how many stored searches may stand one within the other; an
// implementation must bear three (RFC 5466 §3.1).
const maxFilters = 10

// errFilterCharset refuses FILTER in a search that is not in UTF-8.
var errFilterCharset = &imap.Error{
	Type: imap.StatusBad, Code: imap.CodeBadCharset("US-ASCII", "UTF-8"), Text: "FILTER needs UTF-8",
}

// filter takes the name of a stored search and returns what it tests
// (RFC 5466 §3.1). A search of several keys counts as one key, so that NOT and
// OR mean all of it.
func (p *searchParser) filter() (key imap.SearchCriteria, err error) {
	name, err := p.r.Atom()
	if err != nil {
		return key, err
	}
	if bytes.IndexByte(name, '/') >= 0 {
		return key, imapwire.Syntax("filter name expected")
	}
	if p.foreign {
		return key, errFilterCharset
	}
	filter := strings.ToLower(string(name))
	program, err := p.stored(filter)
	if err != nil {
		return key, err
	}
	outer, charset := p.r, p.charset
	p.r, p.charset = readerOf(program), utf8Charset
	p.filters = append(p.filters, filter)
	keys, err := p.program()
	p.filters = p.filters[:len(p.filters)-1]
	p.r, p.charset = outer, charset
	var syntax *imapwire.SyntaxError
	if errors.As(err, &syntax) {
		err = imap.No(imap.CodeUndefinedFilter(string(name)), "The filter is not a search")
	}
	return imap.SearchCriteria{Op: imap.SearchAnd, Keys: keys}, err
}

// program takes a whole stored search.
func (p *searchParser) program() ([]imap.SearchCriteria, error) {
	if err := p.r.Next(); err != nil {
		return nil, imapwire.Syntax("filter has several lines")
	}
	keys, err := p.keys()
	if err != nil {
		return nil, err
	}
	err = p.r.End()
	if err == nil && p.r.Buffered() > 0 {
		err = imapwire.Syntax("filter has several lines")
	}
	return keys, err
}

// stored returns the search of a name: the user's own before that of all users.
// One that stands within itself does not exist.
func (p *searchParser) stored(name string) (string, error) {
	undefined := imap.No(imap.CodeUndefinedFilter(name), "No such filter")
	session, err := p.c.metadataSession()
	if err != nil || len(p.filters) == maxFilters || slices.Contains(p.filters, name) {
		return "", undefined
	}
	for _, space := range [...]string{"/private", "/shared"} {
		entry, err := imap.CheckEntry(space + "/filters/values/" + name)
		if err != nil {
			return "", undefined
		}
		list, err := session.Metadata(p.ctx, "", []string{entry}, 0)
		if err != nil {
			return "", err
		}
		if len(list) > 0 {
			return string(list[0].Value), nil
		}
	}
	return "", undefined
}

// readerOf returns a reader of one line.
func readerOf(line string) *imapwire.Reader {
	line += "\r\n"
	r := imapwire.NewReader(strings.NewReader(line), imapwire.Limits{Line: len(line), Literals: len(line)})
	r.UTF8 = true
	r.Attach(make([]byte, len(line)), nil)
	return r
}
