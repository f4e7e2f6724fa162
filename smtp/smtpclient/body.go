package smtpclient

import (
	"bytes"
	"io"
	"strconv"

	"github.com/mailstead/mailstead/smtp"
)

const (
	copyBuffer = 32 << 10
	chunkSize  = 256 << 10 // of a message whose size is not known
)

// data sends the message with DATA (RFC 5321 §4.1.1.4).
func (t *transfer) data() error {
	c := t.c
	if t.dataCode == 0 {
		if _, err := c.expect("DATA", "DATA", c.opts.Timeouts.DataInit, 354); err != nil {
			return err
		}
	}
	c.wire.command = "message"
	s := stuffer{out: c.wire.out, lineStart: true}
	if err := t.copyBody(s.write); err != nil {
		return err
	}
	// From here on the server may have the whole message.
	c.inBody = true
	err := s.end()
	if err == nil {
		err = c.wire.out.Flush()
	}
	if err != nil {
		return t.writeFailed(err)
	}
	return t.finish()
}

// bdat sends the message with BDAT (RFC 3030 §2): in one chunk if its size is
// known, else in chunks of chunkSize.
func (t *transfer) bdat() error {
	if t.m.Size > 0 {
		return t.bdatWhole()
	}
	body := &checkedReader{src: t.m.Body, lines: t.lines()}
	buf := make([]byte, chunkSize)
	for {
		n, err := io.ReadFull(body, buf)
		last := err == io.EOF || err == io.ErrUnexpectedEOF && body.ended
		if err != nil && !last {
			return t.bodyFailed(err)
		}
		if err := t.chunk(buf[:n], last); err != nil {
			return err
		}
		if last {
			return t.finish()
		}
		if _, err := t.expectChunk(); err != nil {
			return err
		}
	}
}

func (t *transfer) expectChunk() (code int, err error) {
	r, err := t.c.reply(t.c.opts.Timeouts.DataEnd)
	if err == nil && r.Code != 250 {
		err = &ReplyError{Command: "BDAT", Reply: r}
	}
	return r.Code, err
}

// bdatWhole sends the message in one chunk, without holding it.
func (t *transfer) bdatWhole() error {
	c := t.c
	if err := c.wire.put("BDAT", "BDAT "+strconv.FormatInt(t.m.Size, 10)+" LAST"); err != nil {
		return c.fail(err)
	}
	left := t.m.Size
	err := t.copyBody(func(p []byte) error {
		// With the last octets the server has the whole message.
		left -= int64(len(p))
		c.inBody = left == 0
		_, err := c.wire.out.Write(p)
		return err
	})
	if err != nil {
		return err
	}
	if err := c.wire.out.Flush(); err != nil {
		return t.writeFailed(err)
	}
	return t.finish()
}

func (t *transfer) chunk(p []byte, last bool) error {
	c := t.c
	line := "BDAT " + strconv.Itoa(len(p))
	if last {
		line += " LAST"
		c.inBody = true
	}
	err := c.wire.put("BDAT", line)
	if err == nil {
		_, err = c.wire.out.Write(p)
	}
	if err == nil {
		err = c.wire.out.Flush()
	}
	if err != nil {
		return t.writeFailed(err)
	}
	return nil
}

// copyBody reads the message and hands it on, piece by piece.
func (t *transfer) copyBody(write func([]byte) error) error {
	body := &checkedReader{src: t.m.Body, size: t.m.Size, lines: t.lines()}
	if t.c.scratch == nil {
		t.c.scratch = make([]byte, copyBuffer)
	}
	buf := t.c.scratch
	for {
		n, readErr := body.Read(buf)
		if readErr != nil && readErr != io.EOF {
			return t.bodyFailed(readErr)
		}
		if n > 0 {
			if err := write(buf[:n]); err != nil {
				return t.writeFailed(err)
			}
		}
		if readErr == io.EOF {
			return nil
		}
	}
}

// bodyFailed gives the connection up: there is no way to tell the server that
// a message it has a part of will not come.
func (t *transfer) bodyFailed(err error) error {
	_ = t.c.fail(err)
	return &BodyError{Err: err}
}

// A checkedReader holds a message against its size and its line endings. It
// never gives the last octets of a message of known size before it knows that
// they are the last and that all is well, for with them a chunk is complete.
type checkedReader struct {
	src   io.Reader
	size  int64 // 0 if not known
	read  int64
	lines lineChecker
	ended bool
}

func (r *checkedReader) Read(p []byte) (int, error) {
	if r.ended {
		return 0, io.EOF
	}
	n, err := r.src.Read(p)
	r.read += int64(n)
	if err == nil && r.size > 0 && r.read >= r.size {
		err = r.probe()
	}
	if lineErr := r.lines.check(p[:n]); lineErr != nil {
		return 0, lineErr
	}
	if err != io.EOF {
		return n, err
	}
	r.ended = true
	if r.size > 0 && r.read != r.size {
		return 0, ErrSize
	}
	return n, r.lines.end()
}

// probe looks for more when the size is reached.
func (r *checkedReader) probe() error {
	var one [1]byte
	n, err := io.ReadFull(r.src, one[:])
	r.read += int64(n)
	if n > 0 {
		return ErrSize
	}
	return err
}

// lines returns the rule for line endings. A BINARYMIME message has none.
func (t *transfer) lines() lineChecker {
	return lineChecker{off: t.m.Options.Body == smtp.BodyBinaryMIME}
}

// A lineChecker refuses CR and LF outside of CRLF.
type lineChecker struct {
	off bool
	cr  bool // the last octet was CR
}

// check looks at the next octets. Every CR and every LF must be one of a pair.
func (l *lineChecker) check(p []byte) error {
	if len(p) == 0 || l.off {
		return nil
	}
	pairs := bytes.Count(p, []byte("\r\n"))
	lfs := bytes.Count(p, []byte{'\n'})
	crs := bytes.Count(p, []byte{'\r'})
	if l.cr {
		if p[0] != '\n' {
			return ErrLineEnding
		}
		lfs--
	}
	l.cr = p[len(p)-1] == '\r'
	if l.cr {
		crs--
	}
	if lfs != pairs || crs != pairs {
		return ErrLineEnding
	}
	return nil
}

// end returns io.EOF if the message does not end in a CR.
func (l *lineChecker) end() error {
	if l.cr {
		return ErrLineEnding
	}
	return io.EOF
}

// A stuffer doubles the dots at the beginning of lines (RFC 5321 §4.5.2). What
// it gets has CRLF line endings only.
type stuffer struct {
	out       io.Writer
	lineStart bool
}

var lineDot = []byte("\n.")

func (s *stuffer) write(p []byte) error {
	if s.lineStart && p[0] == '.' {
		if _, err := s.out.Write(lineDot[1:]); err != nil {
			return err
		}
	}
	s.lineStart = p[len(p)-1] == '\n'
	for {
		i := bytes.Index(p, lineDot)
		if i < 0 {
			_, err := s.out.Write(p)
			return err
		}
		if _, err := s.out.Write(p[:i+2]); err != nil {
			return err
		}
		p = p[i+1:]
	}
}

// end ends the last line, if it is not, and the message.
func (s *stuffer) end() error {
	end := ".\r\n"
	if !s.lineStart {
		end = "\r\n.\r\n"
	}
	_, err := io.WriteString(s.out, end)
	return err
}
