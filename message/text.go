package message

import (
	"io"
	"strings"
)

// DecodedBody returns the body of p, read from the message r, with its transfer
// encoding undone.
func DecodedBody(p *Part, r io.ReaderAt) io.Reader {
	return TransferDecoder(p.Encoding, io.NewSectionReader(r, p.BodyStart, p.Size()))
}

// DecodedText returns the body of a text part, read from the message r, as
// UTF-8: the transfer encoding is undone and the charset converted. Text in a
// charset that is not known is guessed like text without one, see
// [CharsetReader].
func DecodedText(p *Part, r io.ReaderAt) io.Reader {
	body := DecodedBody(p, r)
	text, ok := CharsetReader(rawParam(p.Params, "charset"), body)
	if !ok {
		text, _ = CharsetReader("", body)
	}
	return text
}

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
// a field at a time, unfolded, "Name: value" and a line end each. Between parts
// there is a NUL, which no needle holds. Memory is bounded:
// of a header at most 256 KB are looked at. It stops at the first error of r or
// w and returns it.
func SearchText(w io.Writer, s *Structure, r io.ReaderAt, scope SearchScope) error {
	t := &textWalk{w: w, r: r, buf: make([]byte, 8<<10)}
	t.part(s.Root, scope == SearchAll)
	return t.err
}

// textWalk goes through the parts of a message.
type textWalk struct {
	w   io.Writer
	r   io.ReaderAt
	buf []byte
	err error
}

// maxHeaderText bounds how much of a header is searched.
const maxHeaderText = 256 << 10

func (t *textWalk) part(p *Part, withHeader bool) {
	if t.err != nil {
		return
	}
	if withHeader {
		t.header(p)
	}
	if p.IsText() {
		t.copy(DecodedText(p, t.r))
	}
	for _, child := range p.Children {
		t.part(child, true)
	}
}

// header writes the fields of p's header.
func (t *textWalk) header(p *Part) {
	size := min(p.BodyStart-p.HeaderStart, maxHeaderText)
	raw := make([]byte, size)
	n, err := t.r.ReadAt(raw, p.HeaderStart)
	if err != nil && (err != io.EOF || int64(n) < size) {
		t.err = err
		return
	}
	for f := range Header(raw[:n]).Fields() {
		t.write(string(f.Name()) + ": " + DecodeHeader(f.Text()) + "\r\n")
	}
	t.write("\x00")
}

func (t *textWalk) write(s string) {
	if t.err == nil {
		_, t.err = io.WriteString(t.w, s)
	}
}

func (t *textWalk) copy(r io.Reader) {
	if t.err == nil {
		_, t.err = io.CopyBuffer(onlyWriter{t.w}, r, t.buf)
	}
	t.write("\x00")
}

// onlyWriter hides other methods, so that the buffer is used.
type onlyWriter struct{ io.Writer }

// Preview returns the start of a message's text for people, at most limit
// octets of UTF-8 on one line: the first text/plain part, or else the first
// text part with its markup dropped. It returns what it has if r fails.
func Preview(s *Structure, r io.ReaderAt, limit int) string {
	p := firstText(s.Root, "plain")
	if p == nil {
		p = firstText(s.Root, "")
	}
	if p == nil {
		return ""
	}
	// Markup is long: look at more than will be shown.
	head := io.LimitReader(DecodedText(p, r), int64(limit)*16+1024)
	raw, _ := io.ReadAll(head)
	text := string(raw)
	if strings.EqualFold(p.Subtype, "html") {
		text = dropMarkup(text)
	}
	return cutText(strings.Join(strings.Fields(text), " "), limit)
}

// firstText returns the first text part with this subtype, or with any, that is
// not an attachment.
func firstText(p *Part, subtype string) *Part {
	if p.IsText() && !strings.EqualFold(p.Disposition, "attachment") &&
		(subtype == "" || strings.EqualFold(p.Subtype, subtype)) {
		return p
	}
	for _, child := range p.Children {
		if found := firstText(child, subtype); found != nil {
			return found
		}
	}
	return nil
}
