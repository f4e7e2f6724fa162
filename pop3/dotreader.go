package pop3

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// ErrLineEnd says that a multi-line response has a line end that is not CRLF
// where it could be mistaken for the end of the response.
var ErrLineEnd = errors.New("pop3: bare LF before a dot")

// A DotReader reads a multi-line response: it undoes the stuffing of dots and
// returns io.EOF at the line with the single dot, having read that. Lines may
// be of any length.
type DotReader struct {
	r     *bufio.Reader
	state dotState
	err   error // once set, for good
}

type dotState int

const (
	lineStart dotState = iota // a CRLF was before
	inLine
	afterCR
	afterLF // of a bare LF
)

// NewDotReader returns a DotReader for the response whose first line has been
// read from r. r must buffer at least 16 octets, as a bufio.Reader does.
func NewDotReader(r *bufio.Reader) *DotReader {
	return &DotReader{r: r}
}

// Read fails with io.ErrUnexpectedEOF if the stream ends before the response.
func (d *DotReader) Read(p []byte) (int, error) {
	for d.err == nil {
		if len(p) == 0 {
			return 0, nil
		}
		if d.state == lineStart || d.state == afterLF {
			if d.err = d.startLine(); d.err != nil {
				break
			}
		}
		if n := d.copyLines(p); n > 0 {
			return n, nil
		}
	}
	return 0, d.err
}

// startLine takes the dot off a stuffed line, or ends the response.
func (d *DotReader) startLine() error {
	head, err := d.r.Peek(1)
	if err != nil {
		return unexpected(err)
	}
	if head[0] != '.' {
		return nil
	}
	head, err = d.r.Peek(3)
	if len(head) < 2 {
		return unexpected(err)
	}
	end := bytes.Equal(head, []byte(".\r\n"))
	switch {
	case end && d.state == lineStart:
		_, _ = d.r.Discard(3)
		return io.EOF
	case end, head[1] == '\n':
		return ErrLineEnd
	}
	_, _ = d.r.Discard(1)
	d.state = inLine
	return nil
}

// copyLines copies what is buffered, up to where a line begins with a dot.
func (d *DotReader) copyLines(p []byte) int {
	if _, err := d.r.Peek(1); err != nil {
		d.err = unexpected(err)
		return 0
	}
	data, _ := d.r.Peek(min(len(p), d.r.Buffered()))
	if i := bytes.Index(data, []byte("\n.")); i >= 0 {
		data = data[:i+1]
	}
	n := copy(p, data)
	d.follow(data)
	_, _ = d.r.Discard(n)
	return n
}

// follow notes where in a line the end of data is.
func (d *DotReader) follow(data []byte) {
	last := data[len(data)-1]
	cr := d.state == afterCR
	if len(data) > 1 {
		cr = data[len(data)-2] == '\r'
	}
	switch {
	case last == '\r':
		d.state = afterCR
	case last == '\n' && cr:
		d.state = lineStart
	case last == '\n':
		d.state = afterLF
	default:
		d.state = inLine
	}
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
