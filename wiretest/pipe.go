package wiretest

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipeBuffer is how many bytes may be under way in one direction before a
// write waits for the reader, as in a TCP socket.
const pipeBuffer = 1 << 20

// A Conn is one end of a buffered connection in memory. It behaves as a
// *net.TCPConn does: what was written before a Close still reaches the peer,
// and each direction can be closed alone.
type Conn struct {
	in, out       *stream
	local, remote net.Addr
}

// Pipe returns the two ends of a new connection. The addresses are of the
// documentation block of RFC 5737 and always the same.
func Pipe() (client, server *Conn) {
	up, down := newStream(), newStream()
	ca := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 50000}
	sa := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 1}
	return &Conn{in: down, out: up, local: ca, remote: sa},
		&Conn{in: up, out: down, local: sa, remote: ca}
}

// Read waits for at least one byte. It returns io.EOF when the peer has
// closed its sending half and all was read.
func (c *Conn) Read(p []byte) (int, error) { return c.in.read(p) }

// Write returns when all of p is buffered.
func (c *Conn) Write(p []byte) (int, error) { return c.out.write(p) }

// CloseWrite tells the peer that nothing more will come.
func (c *Conn) CloseWrite() error {
	c.out.closeWriter()
	return nil
}

// Close ends both directions. A second Close does nothing.
func (c *Conn) Close() error {
	c.out.closeWriter()
	c.in.closeReader()
	return nil
}

// LocalAddr returns this end's address.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the other end's address.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines. The zero time means none.
func (c *Conn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

// SetReadDeadline makes reads fail with os.ErrDeadlineExceeded from t on.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.readBy, t)
	return nil
}

// SetWriteDeadline makes writes fail with os.ErrDeadlineExceeded from t on.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.writeBy, t)
	return nil
}

// peerIdle says that the other end waits in Read and has nothing left to
// read, or that it reads no more.
func (c *Conn) peerIdle() bool {
	s := c.out
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readerGone || len(s.buf) == 0 && s.waiting > 0
}

// drained waits until the other end has read everything or reads no more.
func (c *Conn) drained(limit time.Duration) bool {
	s := c.out
	timer := time.AfterFunc(limit, s.wake)
	defer timer.Stop()
	end := time.Now().Add(limit)
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.buf) > 0 && !s.readerGone {
		if !time.Now().Before(end) {
			return false
		}
		s.cond.Wait()
	}
	return true
}

// A stream is one direction of a connection.
type stream struct {
	mu         sync.Mutex
	cond       *sync.Cond // anything below has changed
	buf        []byte
	waiting    int // readers that wait for bytes
	readerGone bool
	writerGone bool
	readBy     deadline
	writeBy    deadline
}

type deadline struct {
	timer  *time.Timer
	passed bool
}

func newStream() *stream {
	s := &stream{}
	s.cond = sync.NewCond(&s.mu)
	return s
}

func (s *stream) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cond.Broadcast()
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.readerGone:
			return 0, net.ErrClosed
		case s.readBy.passed:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case len(s.buf) > 0:
			n := copy(p, s.buf)
			s.buf = s.buf[n:]
			s.cond.Broadcast()
			return n, nil
		case s.writerGone:
			return 0, io.EOF
		}
		s.waiting++
		s.cond.Wait()
		s.waiting--
	}
}

func (s *stream) write(p []byte) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.writerGone:
			return n, net.ErrClosed
		case s.readerGone:
			return n, io.ErrClosedPipe
		case s.writeBy.passed:
			return n, os.ErrDeadlineExceeded
		}
		part := p[:min(len(p), pipeBuffer-len(s.buf))]
		s.buf = append(s.buf, part...)
		n, p = n+len(part), p[len(part):]
		s.cond.Broadcast()
		if len(p) == 0 {
			return n, nil
		}
		s.cond.Wait()
	}
}

func (s *stream) closeWriter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writerGone = true
	s.writeBy.stop()
	s.cond.Broadcast()
}

func (s *stream) closeReader() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readerGone = true
	s.buf = nil
	s.readBy.stop()
	s.cond.Broadcast()
}

// setDeadline replaces d, which is one of the two of s.
func (s *stream) setDeadline(d *deadline, t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.stop()
	d.passed = !t.IsZero() && !t.After(time.Now())
	if !t.IsZero() && !d.passed {
		d.timer = s.deadlineTimer(d, time.Until(t))
	}
	s.cond.Broadcast()
}

func (s *stream) deadlineTimer(d *deadline, after time.Duration) *time.Timer {
	var timer *time.Timer
	timer = time.AfterFunc(after, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if d.timer == timer { // not replaced meanwhile
			d.passed = true
			s.cond.Broadcast()
		}
	})
	return timer
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
