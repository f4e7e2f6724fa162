package message

import (
	"bytes"
	"io"
)

// qpReader decodes quoted-printable (RFC 2045 §6.7). What is not by the rules,
// such as "=" before other than two hexadecimal digits, stays as it is.
type qpReader struct {
	in  io.Reader
	buf [4096]byte
	// hold is what cannot be decided yet: white space that may be at the end of
	// a line, or an escape that is not complete.
	hold []byte
	dst  []byte
	out  []byte // the part of dst not yet read
	err  error
}

// maxHold bounds the white space that is held back.
const maxHold = 1000

// reset makes the reader ready for other data; it keeps its buffers.
func (q *qpReader) reset(in io.Reader) {
	q.in, q.hold, q.out, q.err = in, q.hold[:0], nil, nil
}

// Read implements [io.Reader].
func (q *qpReader) Read(p []byte) (int, error) {
	for len(q.out) == 0 {
		if q.err != nil {
			return 0, q.err
		}
		var n int
		n, q.err = q.in.Read(q.buf[:])
		q.dst = q.dst[:0]
		q.decode(q.buf[:n])
		if q.err != nil {
			q.finish()
		}
		q.out = q.dst
	}
	n := copy(p, q.out)
	q.out = q.out[n:]
	return n, nil
}

// decode takes src, line by line.
func (q *qpReader) decode(src []byte) {
	for len(src) > 0 {
		line := src
		if i := bytes.IndexByte(src, '\n'); i >= 0 {
			line = src[:i+1]
		}
		src = src[len(line):]
		q.decodeLine(line)
	}
}

// decodeLine copies what stands for itself and undoes plain escapes; take
// decides about everything else.
func (q *qpReader) decodeLine(line []byte) {
	for len(line) > 0 {
		if len(q.hold) > 0 {
			q.take(line[0])
			line = line[1:]
			continue
		}
		n := literalPrefix(line)
		q.dst = append(q.dst, line[:n]...)
		line = line[n:]
		if v, size := escapedOctet(line); size > 0 {
			q.dst = append(q.dst, v)
			line = line[size:]
		} else if len(line) > 0 {
			q.take(line[0])
			line = line[1:]
		}
	}
}

// literalPrefix returns how many octets of line stand for themselves whatever
// comes after: those before "=", or before white space at the end.
func literalPrefix(line []byte) int {
	if i := bytes.IndexByte(line, '='); i >= 0 {
		return i
	}
	content, end := splitLineEnd(line)
	n := len(content)
	for n > 0 && (content[n-1] == ' ' || content[n-1] == '\t' || content[n-1] == '\r') {
		n--
	}
	if n == len(content) && len(end) > 0 {
		return len(line)
	}
	return n
}

// escapedOctet returns the octet that src starts with in the form =XX, and the
// length of that, or 0.
func escapedOctet(src []byte) (v byte, size int) {
	if len(src) < 3 || src[0] != '=' {
		return 0, 0
	}
	high, low := unhex(src[1]), unhex(src[2])
	if high < 0 || low < 0 {
		return 0, 0
	}
	return byte(high<<4 | low), 3
}

func (q *qpReader) take(c byte) {
	switch {
	case len(q.hold) == 0:
		q.takePlain(c)
	case q.hold[0] == '=':
		q.takeEscape(c)
	default:
		q.takeAfterSpace(c)
	}
}

// takePlain takes c where nothing is held back.
func (q *qpReader) takePlain(c byte) {
	if c == '=' || c == ' ' || c == '\t' || c == '\r' {
		q.hold = append(q.hold, c)
		return
	}
	q.dst = append(q.dst, c)
}

// takeAfterSpace takes c after white space, which goes away at the end of a
// line.
func (q *qpReader) takeAfterSpace(c byte) {
	switch {
	case c == '\n':
		if q.hold[len(q.hold)-1] == '\r' {
			q.dst = append(q.dst, '\r')
		}
		q.dst = append(q.dst, '\n')
		q.hold = q.hold[:0]
	case (c == ' ' || c == '\t' || c == '\r') && len(q.hold) < maxHold:
		q.hold = append(q.hold, c)
	default:
		q.release()
		q.takePlain(c)
	}
}

// takeEscape takes c after "=" and what was held since.
func (q *qpReader) takeEscape(c byte) {
	last := q.hold[len(q.hold)-1]
	switch {
	case c == '\n' && (len(q.hold) == 1 || unhex(last) < 0):
		q.hold = q.hold[:0] // a soft line break
	case len(q.hold) == 1 && unhex(c) >= 0:
		q.hold = append(q.hold, c)
	case len(q.hold) == 2 && unhex(last) >= 0 && unhex(c) >= 0:
		q.dst = append(q.dst, byte(unhex(last)<<4|unhex(c)))
		q.hold = q.hold[:0]
	case (c == ' ' || c == '\t' || c == '\r') && unhex(last) < 0 && len(q.hold) < maxHold:
		q.hold = append(q.hold, c)
	default:
		q.release()
		q.takePlain(c)
	}
}

// release gives out what was held back, as it is.
func (q *qpReader) release() {
	q.dst = append(q.dst, q.hold...)
	q.hold = q.hold[:0]
}

// finish decides about what is held back at the end of the data: a lone "=" is
// a soft line break.
func (q *qpReader) finish() {
	if len(q.hold) != 1 || q.hold[0] != '=' {
		q.release()
	}
}
