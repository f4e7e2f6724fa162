package pop3

import (
	"bytes"
	"io"
)

// A DotWriter sends the lines of a multi-line response: it stuffs dots and, on
// Close, ends the response. It keeps nothing back between writes and copies
// nothing.
type DotWriter struct {
	w    io.Writer
	tail [2]byte // the last two octets written
}

// NewDotWriter returns a DotWriter that begins a new line of w.
func NewDotWriter(w io.Writer) *DotWriter {
	return &DotWriter{w: w, tail: [2]byte{'\r', '\n'}}
}

// Write sends p. The count that it returns has no stuffed dots in it.
func (d *DotWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := p
		if d.tail[1] == '\n' && p[0] == '.' {
			if _, err := io.WriteString(d.w, "."); err != nil {
				return n, err
			}
		}
		if i := bytes.Index(p, []byte("\n.")); i >= 0 {
			part = p[:i+1]
		}
		m, err := d.w.Write(part)
		n += m
		if err != nil {
			return n, err
		}
		d.remember(part)
		p = p[len(part):]
	}
	return n, nil
}

func (d *DotWriter) remember(part []byte) {
	if len(part) > 1 {
		d.tail[0] = part[len(part)-2]
	} else {
		d.tail[0] = d.tail[1]
	}
	d.tail[1] = part[len(part)-1]
}

// Close ends the response, after the last line if that lacks its CRLF. It does
// not close the underlying writer.
func (d *DotWriter) Close() error {
	end := "\r\n.\r\n"
	if d.tail == [2]byte{'\r', '\n'} {
		end = end[2:]
	}
	_, err := io.WriteString(d.w, end)
	return err
}
