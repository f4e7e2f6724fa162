package imapdeflate

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/klauspost/compress/flate"
)

// dictSize is how much of what was sent is remembered for the next piece.
const dictSize = 8 << 10

// Buffers are what connections need while they move bytes. Its zero value is
// ready; one serves all connections of a server.
type Buffers struct {
	in  sync.Pool // of *[inSize]byte
	out sync.Pool // of *bytes.Buffer
}

const (
	inSize    = 4 << 10
	smallSize = 64 // what a waiting connection reads into
)

// A Conn compresses what is written to it and decompresses what is read. A Read
// that was cut short by a deadline can be repeated. Reading and writing may go
// on at the same time, each from one goroutine.
type Conn struct {
	net.Conn
	buffers *Buffers

	z     Inflater
	src   []byte        // compressed and not yet taken
	big   *[inSize]byte // where src is, or nil
	small [smallSize]byte
	more  bool // the last read filled its buffer

	dict []byte // the last bytes that were written
}

// NewConn returns a Conn on nc. ahead are compressed bytes that have been read
// from nc already.
func NewConn(nc net.Conn, buffers *Buffers, ahead []byte) *Conn {
	return &Conn{Conn: nc, buffers: buffers, src: bytes.Clone(ahead)}
}

// Read decompresses what has come, and waits only if that gives nothing.
func (c *Conn) Read(p []byte) (int, error) {
	for {
		n, used, err := c.z.Inflate(p, c.src)
		if c.src = c.src[used:]; len(c.src) == 0 {
			c.release()
		}
		if n > 0 || len(p) == 0 {
			return n, nil
		}
		if err != nil {
			return 0, err
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
}

// fill reads more: a waiting connection into a few bytes, one that is busy into
// a buffer.
func (c *Conn) fill() error {
	c.release()
	buf := c.small[:]
	if c.more {
		c.big, _ = c.buffers.in.Get().(*[inSize]byte)
		if c.big == nil {
			c.big = new([inSize]byte)
		}
		buf = c.big[:]
	}
	n, err := c.Conn.Read(buf)
	c.src, c.more = buf[:n], n == len(buf)
	if n == 0 {
		c.release()
		if err == nil {
			err = io.ErrNoProgress
		}
		return err
	}
	return nil
}

// release gives the buffer back.
func (c *Conn) release() {
	if c.big != nil {
		c.buffers.in.Put(c.big)
		c.big, c.src = nil, nil
	}
}

// Write compresses p and sends it, up to the last byte: the peer can read all
// of it at once.
func (c *Conn) Write(p []byte) (int, error) {
	out, _ := c.buffers.out.Get().(*bytes.Buffer)
	if out == nil {
		out = new(bytes.Buffer)
	}
	defer c.buffers.out.Put(out)
	out.Reset()
	if err := flate.StatelessDeflate(out, p, false, c.dict); err != nil {
		return 0, err
	}
	if _, err := c.Conn.Write(out.Bytes()); err != nil {
		return 0, err
	}
	c.remember(p)
	return len(p), nil
}

// remember keeps the end of what was sent.
func (c *Conn) remember(p []byte) {
	if len(p) >= dictSize {
		c.dict = append(c.dict[:0], p[len(p)-dictSize:]...)
		return
	}
	if drop := len(c.dict) + len(p) - dictSize; drop > 0 {
		c.dict = c.dict[:copy(c.dict, c.dict[drop:])]
	}
	c.dict = append(c.dict, p...)
}

// ErrUnended says that the peer has sent compressed data behind its end.
var ErrUnended = errors.New("imapdeflate: more data behind the last command")

// End ends the layer: the peer has flushed its last compressed byte, and plain
// ones may follow. It waits for that flush if need be, and returns what was read
// beyond it.
func (c *Conn) End() (ahead []byte, err error) {
	defer c.release()
	var more [1]byte
	for !c.z.AtFlush() {
		n, used, err := c.z.InflateToFlush(more[:], c.src)
		c.src = c.src[used:]
		switch {
		case n > 0:
			return nil, ErrUnended
		case c.z.AtFlush():
		case err != nil:
			return nil, err
		default:
			if err := c.fill(); err != nil {
				return nil, err
			}
		}
	}
	return append(c.z.Rest(), c.src...), nil
}

// CloseWrite closes the sending half of the connection, if it can.
func (c *Conn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}
