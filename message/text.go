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
