package smtpserver

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

const (
	smallBuffer = 4 << 10  // between messages
	bigBuffer   = 64 << 10 // while a message or a long line comes in
)

var (
	errLineTooLong = errors.New("line too long")
	errLineEnding  = errors.New("line not ended by CRLF")
)

// An input is the buffered reading side of a connection. It hands out windows
// onto its buffer, so that neither commands nor messages are copied to be
// looked at.
type input struct {
	src     io.Reader
	before  func() error // called before src may block
	buf     []byte       // buf[r:w] is read and not taken
	r, w    int
	small   [smallBuffer]byte
	big     *[]byte // borrowed from buffers, nil if not
	buffers *sync.Pool
}

// window returns the octets that are read and not taken.
func (in *input) window() []byte { return in.buf[in.r:in.w] }

// take drops the first n octets of the window.
func (in *input) take(n int) { in.r += n }

// fill reads more octets behind the window. The buffer must not be full.
func (in *input) fill() error {
	if in.r == in.w {
		in.r, in.w = 0, 0
	} else if in.w == len(in.buf) {
		in.w = copy(in.buf, in.buf[in.r:in.w])
		in.r = 0
	}
	if err := in.before(); err != nil {
		return err
	}
	n, err := in.src.Read(in.buf[in.w:])
	in.w += n
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// grow borrows the big buffer.
func (in *input) grow() {
	if in.big != nil {
		return
	}
	in.big = in.buffers.Get().(*[]byte)
	in.w = copy(*in.big, in.window())
	in.r = 0
	in.buf = *in.big
}

// shrink gives the big buffer back, if what it holds fits the small one. It
// ends the validity of windows and lines.
func (in *input) shrink() {
	if in.big == nil || in.w-in.r > smallBuffer {
		return
	}
	in.release()
}

// release gives the big buffer back. What does not fit is lost.
func (in *input) release() {
	in.w = copy(in.small[:], in.window())
	in.r = 0
	in.buf = in.small[:]
	if in.big != nil {
		in.buffers.Put(in.big)
		in.big = nil
	}
}

// drop forgets what is read and not taken, and tells how much it was.
func (in *input) drop() int {
	n := in.w - in.r
	in.r, in.w = 0, 0
	return n
}

// line takes the next line and returns it without its CRLF. It is valid until
// the next call of fill or shrink. limit is asked how many octets the line may
// have, given its beginning. A longer line is taken to its end and gives
// errLineTooLong; if that is not within the big buffer's size,
// io.ErrUnexpectedEOF says that the connection is of no more use.
func (in *input) line(limit func([]byte) int) ([]byte, error) {
	for seen := 0; ; {
		win := in.window()
		if i := bytes.IndexByte(win[seen:], '\n'); i >= 0 {
			line := win[:seen+i+1]
			in.take(len(line))
			if len(line) > limit(line) {
				return nil, errLineTooLong
			}
			return cutCRLF(line)
		}
		seen = len(win)
		if seen >= limit(win) {
			return nil, in.skipLine()
		}
		if seen == len(in.buf) {
			in.grow()
		}
		if err := in.fill(); err != nil {
			return nil, err
		}
	}
}

// cutCRLF takes the line ending off and refuses any other than CRLF, and CR
// elsewhere (RFC 5321 §2.3.8).
func cutCRLF(line []byte) ([]byte, error) {
	text, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok || bytes.IndexByte(text, '\r') >= 0 {
		return nil, errLineEnding
	}
	return text, nil
}

// skipLine takes the rest of a line that is too long.
func (in *input) skipLine() error {
	for skipped := 0; skipped < bigBuffer; {
		if i := bytes.IndexByte(in.window(), '\n'); i >= 0 {
			in.take(i + 1)
			return errLineTooLong
		}
		skipped += in.drop()
		if err := in.fill(); err != nil {
			return err
		}
	}
	return io.ErrUnexpectedEOF
}
