package listener

import (
	"net"
	"sync"
	"testing"
	"testing/synctest"
)

// TestWorkers wants workers to serve again, no more than some of them to wait,
// and all to end.
func TestWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all sync.WaitGroup
		over := make(chan struct{})
		w := newWorkers(func(net.Conn) { <-over }, &all)
		give := func() {
			conn, peer := net.Pipe()
			t.Cleanup(func() { conn.Close(); peer.Close() })
			w.give(conn)
			synctest.Wait()
		}
		for range maxIdle + 5 {
			give()
		}
		for range maxIdle + 5 {
			over <- struct{}{}
		}
		synctest.Wait()
		if len(w.idle) != maxIdle {
			t.Errorf("%d workers wait, want %d", len(w.idle), maxIdle)
		}
		give()
		if len(w.idle) != maxIdle-1 {
			t.Errorf("%d workers wait besides the one that serves, want %d", len(w.idle), maxIdle-1)
		}
		w.stop()
		over <- struct{}{}
		all.Wait()
	})
}
