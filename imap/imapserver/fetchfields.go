package imapserver

import (
	"bytes"
	"io"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/message"
)

// maxHeldHeader is the size up to which a header is held in memory to be
// filtered. Larger ones are read twice, because a literal needs its size first.
const maxHeldHeader = 32 << 10

// fields answers HEADER.FIELDS and HEADER.FIELDS.NOT.
func (f *FetchWriter) fields(s *imap.BodySection, m *FetchMessage, at span) error {
	only := s.Text == imap.SectionHeaderFields
	if at.end-at.start <= maxHeldHeader {
		return f.heldFields(s, m, at, only)
	}
	selection := message.AllFieldsBut
	if only {
		selection = message.OnlyFields
	}
	filter := func() io.Reader {
		return message.FieldsReader(f.contentAt(m, at.start, at.end-at.start), selection, s.Fields...)
	}
	size, err := io.Copy(io.Discard, filter())
	if err != nil {
		return err
	}
	f.w.Bytes(f.name)
	f.w.SP()
	return f.windowed(filter(), window(s.Partial, size))
}

// heldFields filters a header in memory, which is kept for the next one.
func (f *FetchWriter) heldFields(s *imap.BodySection, m *FetchMessage, at span, only bool) error {
	size := int(at.end - at.start)
	if cap(f.header) < size {
		f.header = make([]byte, size, maxHeldHeader)
	}
	f.header = f.header[:size]
	if _, err := io.ReadFull(f.contentAt(m, at.start, int64(size)), f.header); err != nil {
		return err
	}
	f.filtered(s, f.header, only)
	return nil
}

// filtered answers with the fields of h that s selects, or with the others. It
// gathers them in f.header, which may also be h: there fields move to the
// front, over those that are left out.
func (f *FetchWriter) filtered(s *imap.BodySection, h message.Header, only bool) {
	kept, end := f.header[:0], 0
	for field := range h.Fields() {
		end += len(field.Raw)
		if selects(s.Fields, field) == only {
			kept = append(kept, field.Raw...)
		}
	}
	kept = append(kept, h[end:]...) // the blank line
	f.header = kept
	win := window(s.Partial, int64(len(kept)))
	f.w.Bytes(f.name)
	f.w.SP()
	f.w.LiteralHead(win.end - win.start)
	f.w.Bytes(kept[win.start:win.end])
}

func selects(names []string, field message.Field) bool {
	for _, name := range names {
		if field.Is(name) {
			return true
		}
	}
	return false
}

// windowed writes a window of r as a literal.
func (f *FetchWriter) windowed(r io.Reader, win span) error {
	if _, err := io.CopyN(io.Discard, r, win.start); err != nil {
		return err
	}
	return f.w.Literal(r, win.end-win.start)
}

// A binaryProbe counts, and looks for a NUL.
type binaryProbe struct {
	size int64
	nul  bool
}

func (b *binaryProbe) Write(p []byte) (int, error) {
	b.size += int64(len(p))
	b.nul = b.nul || bytes.IndexByte(p, 0) >= 0
	return len(p), nil
}
