package pop3server

import (
	"net"
	"sync"
	"time"
)

// An output collects what is sent. It has memory only while something waits to
// be sent, so that a connection that is idle needs none, and one that sends
// messages needs few writes.
type output struct {
	conn    net.Conn
	timeout time.Duration // of one write
	chunks  *sync.Pool
	chunk   *chunk // nil if nothing waits
	n       int    // octets that wait
	err     error  // of a write, once and for all
}

// Write takes p to be sent.
func (o *output) Write(p []byte) (int, error) {
	total := len(p)
	for o.err == nil && len(p) > 0 {
		if o.n == 0 && len(p) >= chunkSize {
			p = p[o.send(p[:chunkSize]):]
			continue
		}
		o.need()
		n := copy(o.chunk[o.n:], p)
		o.n += n
		p = p[n:]
		if o.n == chunkSize {
			_ = o.Flush()
		}
	}
	return total - len(p), o.err
}

// WriteString is Write for strings.
func (o *output) WriteString(s string) (int, error) {
	total := len(s)
	for o.err == nil && len(s) > 0 {
		o.need()
		n := copy(o.chunk[o.n:], s)
		o.n += n
		s = s[n:]
		if o.n == chunkSize {
			_ = o.Flush()
		}
	}
	return total - len(s), o.err
}

// lineSpace is what AvailableBuffer has room for at least.
const lineSpace = 256

// AvailableBuffer returns free space, in which a line can be made that is then
// written without another copy.
func (o *output) AvailableBuffer() []byte {
	if o.n > chunkSize-lineSpace {
		_ = o.Flush()
	}
	o.need()
	return o.chunk[o.n:o.n]
}

func (o *output) need() {
	if o.chunk == nil {
		o.chunk = o.chunks.Get().(*chunk)
	}
}

// Flush sends what waits and gives the memory back.
func (o *output) Flush() error {
	if o.chunk == nil {
		return o.err
	}
	if o.err == nil && o.n > 0 {
		o.send(o.chunk[:o.n])
	}
	o.chunks.Put(o.chunk)
	o.chunk, o.n = nil, 0
	return o.err
}

// send writes p, for which the client has a time, and returns how much it took.
func (o *output) send(p []byte) int {
	if o.err = o.conn.SetWriteDeadline(time.Now().Add(o.timeout)); o.err != nil {
		return 0
	}
	n, err := o.conn.Write(p)
	o.err = err
	return n
}
