package listener

import (
	"net"
	"sync"
)

// Bounds of a listener whose connections others serve, such as net/http.
type Bounds struct {
	// Connections is how many may be open at a time.
	Connections int
	// Reserved is as in [Options].
	Reserved int
}

// A bounded listener closes connections that are too many.
type bounded struct {
	net.Listener
	bounds Bounds

	mu   sync.Mutex
	open int
}

// Bound returns a listener whose Accept closes, without a word, what is beyond
// the bounds, and goes on to the next.
func Bound(accepter net.Listener, b Bounds) net.Listener {
	return &bounded{Listener: accepter, bounds: b}
}

// Accept implements [net.Listener].
func (b *bounded) Accept() (net.Conn, error) {
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if !crowded(conn, b.bounds.Reserved) && b.acquire() {
			return &counted{Conn: conn, release: sync.OnceFunc(b.release)}, nil
		}
		conn.Close()
	}
}

func (b *bounded) acquire() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.open >= b.bounds.Connections {
		return false
	}
	b.open++
	return true
}

func (b *bounded) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open--
}

// A counted connection is counted off when it is closed.
type counted struct {
	net.Conn
	release func()
}

// Close implements [net.Conn].
func (c *counted) Close() error {
	defer c.release()
	return c.Conn.Close()
}
