package mailtest

import (
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Weather is what a bad network does to connections. It takes the place of a
// network with loss and delay, which a test cannot have everywhere: bytes come
// late and in pieces, and connections end in the middle.
type Weather struct {
	// Cut is the chance that a connection is cut, from 0 to 1, and Within the
	// number of its first bytes, both ways, somewhere in which that happens.
	Cut    float64
	Within int
	// Piece is how many bytes come through at a time, and Delay how long each
	// piece takes, at most.
	Piece int
	Delay time.Duration

	clear atomic.Bool
	cuts  atomic.Int64
}

// ErrCut is what the side of the test sees of a cut. The other side sees a
// connection that was reset, or that ended.
var ErrCut = errors.New("mailtest: the connection was cut")

// Clear ends the bad weather for connections to come.
func (w *Weather) Clear() { w.clear.Store(true) }

// Cuts returns how many connections have been cut.
func (w *Weather) Cuts() int { return int(w.cuts.Load()) }

// Over returns a connection that has to go through the weather.
func (w *Weather) Over(conn net.Conn) net.Conn {
	if w.clear.Load() {
		return conn
	}
	c := &weatherConn{Conn: conn, weather: w, left: -1}
	if rand.Float64() < w.Cut {
		c.left = rand.IntN(w.Within)
	}
	return c
}

type weatherConn struct {
	net.Conn
	weather *Weather

	once sync.Once // of the end
	mu   sync.Mutex
	left int // bytes until the cut; negative if there is none
}

// Read implements net.Conn.
func (c *weatherConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), c.weather.Piece)])
	passed, alive := c.pass(n)
	if !alive {
		c.reset()
		return passed, ErrCut
	}
	return n, err
}

// Write implements net.Conn.
func (c *weatherConn) Write(p []byte) (int, error) {
	for done := 0; ; {
		piece := min(len(p)-done, 1+rand.IntN(c.weather.Piece))
		passed, alive := c.pass(piece)
		n, err := c.Conn.Write(p[done : done+passed])
		done += n
		if !alive {
			c.reset()
			return done, ErrCut
		}
		if err != nil || done == len(p) {
			return done, err
		}
	}
}

// pass takes the time of a piece. It returns how much of it comes through, and
// whether the connection lives on.
func (c *weatherConn) pass(n int) (passed int, alive bool) {
	if c.weather.Delay > 0 {
		time.Sleep(rand.N(c.weather.Delay))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.left < 0:
		return n, true
	case n <= c.left:
		c.left -= n
		return n, true
	}
	passed, c.left = c.left, 0
	return passed, false
}

// reset ends the connection without a goodbye.
func (c *weatherConn) reset() {
	c.once.Do(func() {
		c.weather.cuts.Add(1)
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		c.Conn.Close()
	})
}
