package imapserver

import (
	"bytes"
	"io"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/message"
)

// fields answers HEADER.FIELDS and HEADER.FIELDS.NOT. The size must be known
// before the first byte: the header is filtered twice, and never held.
func (f *FetchWriter) fields(s *imap.BodySection, m *FetchMessage, at span) error {
	selection := message.OnlyFields
	if s.Text == imap.SectionHeaderFieldsNot {
		selection = message.AllFieldsBut
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
