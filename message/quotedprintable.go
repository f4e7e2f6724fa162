package message

import "io"

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

// Read implements [io.Reader].
func (q *qpReader) Read(p []byte) (int, error) {
	for len(q.out) == 0 {
		if q.err != nil {
			return 0, q.err
		}
		var n int
		n, q.err = q.in.Read(q.buf[:])
		q.dst = q.dst[:0]
		for _, c := range q.buf[:n] {
			q.take(c)
		}
		if q.err != nil {
			q.finish()
		}
		q.out = q.dst
	}
	n := copy(p, q.out)
	q.out = q.out[n:]
	return n, nil
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
