package imapserver

import (
	"errors"
	"os"
	"time"
)

// How a connection waits: its one goroutine sits in a Read with no buffers but
// the few bytes of conn.small. Whoever has something for it (a shutdown, or
// news for IDLE) calls wake, which lets the Read time out at once. A waiting
// connection so costs one goroutine and one conn, in IDLE too. TLS bears it: a
// Read that timed out can be repeated.

// awaited is how a wait ended.
type awaited uint8

const (
	awaitInput   awaited = iota // the reader has bytes
	awaitWoken                  // by wake
	awaitTimeout                // the client was silent
	awaitFailed                 // the connection is broken or closed
)

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// await flushes what is written, gives the buffers back and waits for input.
func (c *conn) await(timeout time.Duration) awaited {
	if c.detach() != nil {
		return awaitFailed
	}
	if !c.beginWait(timeout) {
		c.attach(nil)
		return awaitWoken
	}
	n, err := c.net.Read(c.small[:])
	woken := c.endWait(n > 0)
	c.attach(c.small[:n])
	switch {
	case n > 0:
		return awaitInput
	case !errors.Is(err, os.ErrDeadlineExceeded):
		c.broken = err
		return awaitFailed
	case woken:
		return awaitWoken
	}
	return awaitTimeout
}

// beginWait sets the deadline, unless wake came first.
func (c *conn) beginWait(timeout time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.woken {
		c.woken = false
		return false
	}
	c.net.SetReadDeadline(c.until(timeout))
	c.waiting = true
	return true
}

// endWait reports whether wake was called. If keep, it will be reported again:
// input came first.
func (c *conn) endWait(keep bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = false
	woken := c.woken
	c.woken = woken && keep
	return woken
}

// wake ends the present wait, or the next. It may be called from any
// goroutine.
func (c *conn) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.woken = true
	if c.waiting {
		c.net.SetReadDeadline(past)
	}
}

// attach takes buffers, and gives the reader what has arrived.
func (c *conn) attach(ahead []byte) {
	c.bufs = c.server.buffers.Get().(*buffers)
	c.r.Attach(c.bufs.in[:], ahead)
	c.w.Attach(c.bufs.out[:])
}

// detach flushes and gives the buffers back.
func (c *conn) detach() error {
	if c.bufs == nil {
		return nil
	}
	_, err := c.w.Detach()
	c.r.Detach()
	c.server.buffers.Put(c.bufs)
	c.bufs = nil
	return err
}

// minRate is the pace, in bytes a second, below which a literal is given up.
const minRate = 4 << 10

// armRead sets the deadline for the next line, and for size bytes before it.
func (c *conn) armRead(size int64) {
	d := c.opts.IOTimeout + time.Duration(size/minRate)*time.Second
	c.net.SetReadDeadline(c.until(d))
}

// until returns the time after d, or when the client must have logged in, if that
// is earlier.
func (c *conn) until(d time.Duration) time.Time {
	end := time.Now().Add(d)
	if c.state == notAuthenticated && c.loginBy.Before(end) {
		return c.loginBy
	}
	return end
}

// whyTimeout returns the text for a client whose time is up: otherwise, or that
// it has not logged in.
func (c *conn) whyTimeout(otherwise string) string {
	if c.state == notAuthenticated && !time.Now().Before(c.loginBy) {
		return "Login takes too long"
	}
	return otherwise
}

// armWrite sets the deadline for one write.
func (c *conn) armWrite() { c.net.SetWriteDeadline(time.Now().Add(c.opts.IOTimeout)) }

// beforeLiteral sets the deadline for a literal, and asks for it if the client
// waits for that.
func (c *conn) beforeLiteral(size int64, sync bool) error {
	c.armRead(size)
	if !sync {
		return nil
	}
	c.w.Raw("+ Ready for literal data\r\n")
	return c.w.Flush()
}
