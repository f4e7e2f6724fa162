package pop3server

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"time"
)

// input is the connection as it is read. It flushes the output before it waits
// for the client. So responses to commands that have arrived together leave
// together (RFC 2449 §6.6).
type input conn

func (i *input) Read(p []byte) (int, error) {
	if err := i.out.Flush(); err != nil {
		return 0, err
	}
	n, err := i.net.Read(p)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && (*conn)(i).pause() {
		return i.net.Read(p)
	}
	return n, err
}

// pauseAfter is how long a client is waited for before its maildrop is told.
// Clients that fetch one message after the other are faster.
const pauseAfter = time.Second

// arm sets the deadline for the next line: that of the state, or before it that
// for a pause.
func (c *conn) arm() error {
	c.until, c.paused = c.deadline(), c.drop == nil
	if c.paused {
		return c.raw.SetReadDeadline(c.until)
	}
	return c.raw.SetReadDeadline(time.Now().Add(pauseAfter))
}

// pause has the maildrop give back memory while the client is silent, once for
// each line. It reports whether the line is to be waited for any longer.
func (c *conn) pause() bool {
	if c.paused || c.raw.SetReadDeadline(c.until) != nil || c.isStopped() {
		return false
	}
	c.paused = true
	c.drop.Pause()
	return true
}

// isStopped reports whether no further command is wanted. It is asked after a
// deadline has been set, which would undo interrupt's.
func (c *conn) isStopped() bool {
	select {
	case <-c.stopped:
		return true
	default:
		return false
	}
}

// maxSkipped is how much of a line that is too long is read to find its end.
const maxSkipped = 64 << 10

var (
	errLineTooLong = badCommand("line too long")
	errLineEnd     = badCommand("line not ended by CRLF")
	errStopped     = errors.New("the server stops")
)

// readLine returns the next line without its CRLF, which is valid until the
// next read. The client has until the deadline of the state for the whole
// line. It returns a badCommand for a line that cannot be a command, and
// otherwise an ended.
func (c *conn) readLine(limit int) ([]byte, error) {
	if !c.lineBuffered() {
		if err := c.arm(); err != nil {
			return nil, &ended{err}
		}
	}
	if c.isStopped() {
		return nil, &ended{errStopped}
	}
	line, err := c.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = c.readLong(line, limit)
	}
	switch {
	case err != nil:
		return nil, err2end(err)
	case len(line) > limit:
		return nil, errLineTooLong
	case !bytes.HasSuffix(line, []byte("\r\n")):
		return nil, errLineEnd
	}
	return line[:len(line)-2], nil
}

// lineBuffered says that nothing has to be waited for.
func (c *conn) lineBuffered() bool {
	waiting, _ := c.in.Peek(c.in.Buffered())
	return bytes.IndexByte(waiting, '\n') >= 0
}

// deadline is until when the client may be silent.
func (c *conn) deadline() time.Time {
	if c.drop == nil {
		return c.loginBy
	}
	return time.Now().Add(c.limits.Idle)
}

// readLong goes on reading a line that exceeds the buffer, and of one that
// exceeds limit looks for the end.
func (c *conn) readLong(head []byte, limit int) ([]byte, error) {
	line := bytes.Clone(head)
	for skipped := 0; skipped < maxSkipped; {
		part, err := c.in.ReadSlice('\n')
		if len(line) <= limit {
			line = append(line, part...)
		}
		if err == nil && len(line) > limit {
			return nil, errLineTooLong
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
		skipped += len(part)
	}
	c.line("-ERR ", c.text(string(errLineTooLong)))
	c.linger = true
	return nil, errors.New("endless line")
}

const (
	lingerTime  = time.Second
	lingerBytes = 1 << 20
)

// awaitClose lets a client that is still sending read why the connection ends:
// closing one with unread input may destroy what the client has not read yet.
func (c *conn) awaitClose() {
	half, ok := c.net.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.net.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, c.net, lingerBytes)
}

// err2end makes an error of the connection end it. A badCommand stays.
func err2end(err error) error {
	var bad badCommand
	if errors.As(err, &bad) {
		return err
	}
	return &ended{err}
}

// ok sends the line of a positive response with a fixed text. Write errors
// stay in c.out and end the connection when it is next read.
func (c *conn) ok(english string) {
	c.line("+OK ", c.text(english))
}

func (c *conn) line(status string, text ...string) {
	_, _ = c.out.WriteString(status)
	for _, t := range text {
		_, _ = c.out.WriteString(t)
	}
	_, _ = io.WriteString(c.out, "\r\n")
}
