package pop3server

import (
	"bytes"
	"errors"
	"io"
)

// errTopSent is what a topWriter returns when it wants no more.
var errTopSent = errors.New("pop3server: top of message sent")

// A topWriter passes on the header of a message, the empty line behind it and
// a number of lines of the body, and then fails with errTopSent.
type topWriter struct {
	w      io.Writer
	lines  int // of the body that are still wanted
	inBody bool
	length int  // of the current line, so far
	first  byte // of the current line
}

func (t *topWriter) Write(p []byte) (int, error) {
	wanted, more := t.scan(p)
	n, err := t.w.Write(p[:wanted])
	if err == nil && !more {
		err = errTopSent
	}
	return n, err
}

// scan returns how much of p is wanted, and whether what follows p may be.
func (t *topWriter) scan(p []byte) (wanted int, more bool) {
	for wanted < len(p) {
		i := bytes.IndexByte(p[wanted:], '\n')
		if i < 0 {
			t.extend(p[wanted:])
			return len(p), true
		}
		t.extend(p[wanted : wanted+i])
		wanted += i + 1
		if t.endLine() {
			return wanted, false
		}
	}
	return wanted, true
}

func (t *topWriter) extend(part []byte) {
	if t.length == 0 && len(part) > 0 {
		t.first = part[0]
	}
	t.length += len(part)
}

// endLine reports whether the line that ends is the last wanted.
func (t *topWriter) endLine() bool {
	empty := t.length == 0 || t.length == 1 && t.first == '\r'
	t.length = 0
	switch {
	case t.inBody:
		t.lines--
	case empty:
		t.inBody = true
	default:
		return false
	}
	return t.lines == 0
}
