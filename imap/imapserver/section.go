package imapserver

import (
	"io"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/message"
)

// A span is a range of bytes of a message.
type span struct{ start, end int64 }

// locate returns where a section of a message is, see [imap.BodySection.Locate].
func locate(m *FetchMessage, s *imap.BodySection) (at span, ok bool) {
	at.start, at.end, ok = s.Locate(m.Structure, m.Size)
	return at, ok
}

// window returns the part of size bytes that a client asked for: an offset
// beyond the end leaves nothing (RFC 9051 §6.4.5).
func window(p imap.Partial, size int64) span {
	if p.Count == 0 {
		return span{0, size}
	}
	start := min(p.Offset, size)
	return span{start, start + min(p.Count, size-start)}
}

// section answers one section.
func (f *FetchWriter) section(s *imap.BodySection, m *FetchMessage) error {
	if f.nameOf != s { // mostly there is one section for all messages
		f.name, f.nameOf = s.AppendTo(f.name[:0]), s
	}
	if m.Fields != nil {
		f.filtered(s, m.Fields, true)
		return nil
	}
	return f.named(s, m)
}

// named answers a section by the name that is in f.name.
func (f *FetchWriter) named(s *imap.BodySection, m *FetchMessage) error {
	at, ok := locate(m, s)
	switch {
	case s.Item == imap.ItemBinary || s.Item == imap.ItemBinarySize:
		return f.binary(s, m, at, ok)
	case !ok:
		f.w.Bytes(f.name)
		f.w.Raw(" NIL")
		return nil
	case len(s.Fields) > 0:
		return f.fields(s, m, at)
	}
	win := window(s.Partial, at.end-at.start)
	f.w.Bytes(f.name)
	f.w.SP()
	size := win.end - win.start
	return f.w.Literal(f.contentAt(m, at.start+win.start, size), size)
}

// contentAt returns a reader of n bytes of the message. It is reused.
func (f *FetchWriter) contentAt(m *FetchMessage, off, n int64) io.Reader {
	f.content = contentReader{r: m.Content, off: off, left: n}
	return &f.content
}

// A contentReader is an io.SectionReader that can be reused, and that takes
// content which ends too early for an error.
type contentReader struct {
	r    io.ReaderAt
	off  int64
	left int64
}

func (c *contentReader) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n, err := c.r.ReadAt(p[:min(int64(len(p)), c.left)], c.off)
	c.off += int64(n)
	c.left -= int64(n)
	switch {
	case n > 0 && (c.left > 0 || err == io.EOF):
		return n, nil
	case err == io.EOF:
		return n, io.ErrUnexpectedEOF
	}
	return n, err
}

// binary answers BINARY and BINARY.SIZE: the part with its transfer encoding
// undone (RFC 9051 §6.4.5). The size is only known by decoding twice.
func (f *FetchWriter) binary(s *imap.BodySection, m *FetchMessage, at span, ok bool) error {
	encoding := "binary"
	if ok && len(s.Path) > 0 {
		encoding = m.Structure.Find(s.Path).Encoding
	}
	switch {
	case !message.KnownEncoding(encoding):
		f.failed = imap.No(imap.CodeUnknownCTE, "Content-Transfer-Encoding is not known")
		f.w.Bytes(f.name)
		f.w.Raw(nilOrZero(s))
		return nil
	case !ok:
		f.w.Bytes(f.name)
		f.w.Raw(nilOrZero(s))
		return nil
	}
	decode := func() io.Reader {
		return message.TransferDecoder(encoding, f.contentAt(m, at.start, at.end-at.start))
	}
	var probe binaryProbe
	if _, err := io.Copy(&probe, decode()); err != nil {
		return err
	}
	if s.Item == imap.ItemBinarySize {
		f.w.Bytes(f.name)
		f.w.SP()
		f.w.Number(uint64(probe.size))
		return nil
	}
	f.w.Bytes(f.name)
	f.w.SP()
	if probe.nul {
		f.w.Byte('~')
	}
	return f.windowed(decode(), window(s.Partial, probe.size))
}

// nilOrZero is the answer for content that cannot be had.
func nilOrZero(s *imap.BodySection) string {
	if s.Item == imap.ItemBinarySize {
		return " 0"
	}
	return " NIL"
}
