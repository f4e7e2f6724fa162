package imapserver

import (
	"bufio"
	"bytes"
	"io"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// fields answers HEADER.FIELDS and HEADER.FIELDS.NOT. The size must be known
// before the first byte: the header is filtered twice, and never held.
func (f *FetchWriter) fields(s *imap.BodySection, m *FetchMessage, at span) error {
	filter := fieldFilter{fields: s.Fields, not: s.Text == imap.SectionHeaderFieldsNot}
	var size countWriter
	if err := filter.copy(&size, f.lines(m, at)); err != nil {
		return err
	}
	win := window(s.Partial, int64(size))
	f.w.Bytes(f.name)
	f.w.SP()
	f.w.LiteralHead(win.end - win.start)
	out := &windowWriter{w: f.w, skip: win.start, left: win.end - win.start}
	if err := filter.copy(out, f.lines(m, at)); err != nil {
		return err
	}
	if out.left > 0 {
		return errContent
	}
	return nil
}

// lines returns a buffered reader of a header.
func (f *FetchWriter) lines(m *FetchMessage, at span) *bufio.Reader {
	r := f.contentAt(m, at.start, at.end-at.start)
	if f.header == nil {
		f.header = bufio.NewReaderSize(r, 8<<10)
	} else {
		f.header.Reset(r)
	}
	return f.header
}

// A fieldFilter keeps some fields of a header, and the blank line at its end
// (RFC 9051 §6.4.5.1).
type fieldFilter struct {
	fields []string
	not    bool
}

// copy writes the fields that are kept, byte for byte. A header that ends
// without its blank line gets one: the delimiting line is always there.
func (f *fieldFilter) copy(w io.Writer, r *bufio.Reader) error {
	keep, lineStart := false, true
	for {
		chunk, err := r.ReadSlice('\n')
		if lineStart && isBlank(chunk) {
			break
		}
		if lineStart && len(chunk) > 0 && chunk[0] != ' ' && chunk[0] != '\t' {
			keep = f.matches(chunk) != f.not
		}
		if keep {
			if _, err := w.Write(chunk); err != nil {
				return err
			}
		}
		lineStart = err == nil
		if err == io.EOF {
			if keep && len(chunk) > 0 {
				io.WriteString(w, "\r\n")
			}
			break
		}
		if err != nil && err != bufio.ErrBufferFull {
			return err
		}
	}
	_, err := io.WriteString(w, "\r\n")
	return err
}

func isBlank(line []byte) bool { return string(line) == "\r\n" || string(line) == "\n" }

// matches reports whether line begins one of the fields.
func (f *fieldFilter) matches(line []byte) bool {
	i := bytes.IndexByte(line, ':')
	if i < 0 {
		return false
	}
	name := bytes.TrimRight(line[:i], " \t")
	for _, field := range f.fields {
		if len(field) == len(name) && strings.EqualFold(field, string(name)) {
			return true
		}
	}
	return false
}

// A countWriter counts what is written to it.
type countWriter int64

func (c *countWriter) Write(p []byte) (int, error) {
	*c += countWriter(len(p))
	return len(p), nil
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

// A windowWriter passes on a window of what is written to it.
type windowWriter struct {
	w          *imapwire.Writer
	skip, left int64
}

func (w *windowWriter) Write(p []byte) (int, error) {
	n := len(p)
	cut := min(w.skip, int64(len(p)))
	w.skip -= cut
	p = p[cut:]
	p = p[:min(w.left, int64(len(p)))]
	w.left -= int64(len(p))
	w.w.Bytes(p)
	return n, nil
}
