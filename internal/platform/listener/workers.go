package listener

import (
	"net"
	"sync"
)

// maxIdle bounds the goroutines that wait for a next connection.
const maxIdle = 16

// workers are goroutines that serve connections one after the other. One that
// has served before has a stack of the size that it takes: where each message
// comes over a connection of its own, growing new stacks was a twelfth of the
// CPU time.
type workers struct {
	serve func(net.Conn)
	all   *sync.WaitGroup
	next  chan net.Conn
	idle  chan struct{} // has room for as many as may wait
}

func newWorkers(serve func(net.Conn), all *sync.WaitGroup) *workers {
	return &workers{
		serve: serve,
		all:   all,
		next:  make(chan net.Conn),
		idle:  make(chan struct{}, maxIdle),
	}
}

// give has a connection served: by a worker that waits, or by a new one.
func (w *workers) give(conn net.Conn) {
	select {
	case w.next <- conn:
	default:
		w.all.Go(func() { w.work(conn) })
	}
}

// stop ends the workers that wait, and the others when they have served.
func (w *workers) stop() { close(w.next) }

func (w *workers) work(conn net.Conn) {
	for conn != nil {
		w.serve(conn)
		conn = w.wait()
	}
}

// wait returns the next connection, nil if there are no more or enough wait
// already.
func (w *workers) wait() net.Conn {
	select {
	case w.idle <- struct{}{}:
		defer func() { <-w.idle }()
		return <-w.next
	default:
		return nil
	}
}
