package message

import (
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"strings"
)

// MultipartWriter writes the body of a multipart (RFC 2046 §5.1).
type MultipartWriter struct {
	w        io.Writer
	boundary string
	begun    bool
}

// NewMultipartWriter returns a writer of a body with this boundary, such as
// [NewBoundary] makes. The header, with the boundary in its Content-Type, is
// the caller's to write.
func NewMultipartWriter(w io.Writer, boundary string) *MultipartWriter {
	return &MultipartWriter{w: w, boundary: boundary}
}

// Part begins a part with the given header. What the caller then writes to the
// underlying writer is its body.
func (m *MultipartWriter) Part(header *HeaderBuilder) error {
	if err := m.delimiter(""); err != nil {
		return err
	}
	_, err := m.w.Write(append(header.Bytes(), "\r\n"...))
	return err
}

// Close ends the last part and the multipart.
func (m *MultipartWriter) Close() error { return m.delimiter("--") }

// delimiter writes a boundary line. The line end before it belongs to it.
func (m *MultipartWriter) delimiter(suffix string) error {
	line := "--" + m.boundary + suffix + "\r\n"
	if m.begun {
		line = "\r\n" + line
	}
	m.begun = true
	_, err := io.WriteString(m.w, line)
	return err
}

// TransferEncoder returns a writer that encodes what is written to it and
// writes that to w: base64 in lines of 76 octets, or quoted-printable of text
// (RFC 2045 §6). Any other encoding leaves the octets as they are. Close ends
// the data; it does not close w.
func TransferEncoder(encoding string, w io.Writer) io.WriteCloser {
	switch {
	case strings.EqualFold(encoding, "base64"):
		return base64.NewEncoder(base64.StdEncoding, &lineWriter{w: w})
	case strings.EqualFold(encoding, "quoted-printable"):
		return quotedprintable.NewWriter(w)
	}
	return identityWriter{w}
}

// identityWriter encodes nothing.
type identityWriter struct{ io.Writer }

// Close implements [io.Closer].
func (identityWriter) Close() error { return nil }

// base64Line is the length of a line of base64 (RFC 2045 §6.8).
const base64Line = 76

// lineWriter puts a line end after each 76 octets.
type lineWriter struct {
	w      io.Writer
	column int
	buf    []byte
}

// Write implements [io.Writer].
func (l *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	l.buf = l.buf[:0]
	for len(p) > 0 {
		if l.column == base64Line {
			l.buf = append(l.buf, "\r\n"...)
			l.column = 0
		}
		size := min(len(p), base64Line-l.column)
		l.buf = append(l.buf, p[:size]...)
		l.column += size
		p = p[size:]
	}
	if _, err := l.w.Write(l.buf); err != nil {
		return 0, err
	}
	return n, nil
}
