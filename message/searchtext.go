package message

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// SearchScope is what of a message [SearchText] gives out.
type SearchScope int

// The scopes are those of the IMAP search keys (RFC 9051 §6.4.4).
const (
	// SearchBody is BODY: the texts, and the headers of parts and of embedded
	// messages, but not the message's own header.
	SearchBody SearchScope = iota
	// SearchAll is TEXT: the message's own header too.
	SearchAll
)

// SearchText writes to w the text of a message that a search should look at, in
// UTF-8: decoded headers and all text parts, as they come. Headers are written
// unfolded, "Name: value" and a line end for each field. Between parts
// there is a NUL, which no needle holds. Memory is bounded:
// of a header at most 256 KB are looked at. It stops at the first error of r or
// w and returns it.
func SearchText(w io.Writer, s *Structure, r io.ReaderAt, scope SearchScope) error {
	var t textWalk
	return t.walk(w, s, r, scope)
}

// A TextSearcher looks through the texts of many messages, one after the other.
// It keeps its buffers from one to the next, less than 200 KB; the zero value is
// ready. It is not for concurrent use.
type TextSearcher struct{ walk textWalk }

// Contains tells whether the message r has in scope what m looks for, as
// [SearchText] would. It returns the first error of r if that comes before.
func (t *TextSearcher) Contains(m *Matcher, s *Structure, r io.ReaderAt, scope SearchScope) (bool, error) {
	m.Reset()
	if m.Matched() {
		return true, nil
	}
	err := t.walk.walk(m, s, r, scope)
	if m.Matched() {
		return true, nil
	}
	return false, err
}

// textWalk goes through the parts of a message. It can do so again for another
// message, with the same buffers.
type textWalk struct {
	w   io.Writer
	r   io.ReaderAt
	err error

	text   textReader
	header []byte // raw
	line   []byte // a field's value
	out    []byte // of headers, not yet written
}

// What of a header is searched, how much text of it is written at once, and
// how large a buffer may become without being given back.
const (
	maxHeaderText = 256 << 10
	headerChunk   = 8 << 10
	maxKept       = 32 << 10
)

func (t *textWalk) walk(w io.Writer, s *Structure, r io.ReaderAt, scope SearchScope) error {
	t.w, t.r, t.err = w, r, nil
	t.part(s.Root, scope == SearchAll)
	t.w, t.r = nil, nil
	return t.err
}

func (t *textWalk) part(p *Part, withHeader bool) {
	if t.err != nil {
		return
	}
	if withHeader {
		t.partHeader(p)
	}
	if p.IsText() {
		t.body(p)
	}
	for _, child := range p.Children {
		t.part(child, true)
	}
}

// partHeader writes the fields of p's header.
func (t *textWalk) partHeader(p *Part) {
	size := int(min(p.BodyStart-p.HeaderStart, maxHeaderText))
	raw := resize(t.header, size)
	n, err := t.r.ReadAt(raw, p.HeaderStart)
	if err != nil && (err != io.EOF || n < size) {
		t.err = err
		return
	}
	for f := range Header(raw[:n]).Fields() {
		t.field(f)
	}
	t.write(append(t.out, 0))
	t.header, t.line, t.out = keep(raw), keep(t.line), keep(t.out)
}

func (t *textWalk) field(f Field) {
	t.line = appendUnfolded(t.line[:0], f.Value())
	t.out = append(append(t.out, f.Name()...), ": "...)
	text := bytes.Trim(t.line, " \t")
	if bytes.Contains(text, wordStart) || !utf8.Valid(text) {
		t.out = append(t.out, DecodeHeader(string(text))...)
	} else {
		t.out = append(t.out, text...)
	}
	t.out = append(t.out, "\r\n"...)
	if len(t.out) >= headerChunk {
		t.write(t.out)
		t.out = t.out[:0]
	}
}

// wordStart begins an encoded word. Constant in fact.
var wordStart = []byte("=?")

func (t *textWalk) body(p *Part) {
	t.text.reset(p, t.r)
	for t.err == nil {
		text, err := t.text.next()
		t.write(text)
		if err == io.EOF {
			t.write([]byte{0})
			return
		}
		if t.err == nil {
			t.err = err
		}
	}
}

func (t *textWalk) write(text []byte) {
	if t.err == nil && len(text) > 0 {
		_, t.err = t.w.Write(text)
	}
}

// resize returns a buffer of this size, b if that is large enough.
func resize(b []byte, size int) []byte {
	if cap(b) < size {
		return make([]byte, size)
	}
	return b[:size]
}

// keep returns b, empty, for the next use, or nil if it is too large to keep.
func keep(b []byte) []byte {
	if cap(b) > maxKept {
		return nil
	}
	return b[:0]
}
