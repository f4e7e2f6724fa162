package imapserver

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// How a command ends when its client is gone: while a search runs nobody reads
// the connection, so that nobody would notice. When it has run for a while a
// goroutine begins to read ahead, a few commands at most, until the search is
// done; what it has read goes back to the reader, in its order. A connection
// that breaks cancels the search. One that merely ends on the client's side
// does not: the client may have sent all it wanted to say, and wait.

// long runs a command that only looks, and may take long. Its context ends when
// the client is gone, and carries a Progress.
func (c *conn) long(ctx context.Context, req *request, run func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &Progress{c: c, tag: req.tag, cancel: cancel, next: time.Now().Add(c.opts.ProgressInterval)}
	l := &lookout{c: c, progress: p, done: make(chan struct{})}
	l.timer = time.AfterFunc(c.opts.WatchAfter, l.watch)
	defer l.stop()
	return run(context.WithValue(ctx, progressKey{}, p))
}

// maxAhead is how much is read of what a client sends during a long command.
const maxAhead = 4 << 10

// A lookout reads a connection during a long command.
type lookout struct {
	c        *conn
	progress *Progress
	timer    *time.Timer
	done     chan struct{} // closed when watch has returned

	// Of watch, until done.
	ahead []byte
	err   error // of the connection, if it is broken

	mu      sync.Mutex
	stopped bool
}

// watch reads until the command is done.
func (l *lookout) watch() {
	defer close(l.done)
	if !l.begin() {
		return
	}
	buf := make([]byte, min(maxAhead, l.c.r.Room()))
	for len(l.ahead) < len(buf) {
		n, err := l.c.net.Read(buf[len(l.ahead):])
		l.ahead = buf[:len(l.ahead)+n]
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			l.progress.silent.Store(true)
			return
		case errors.Is(err, os.ErrDeadlineExceeded):
			return
		default:
			l.err = err
			l.progress.cancel()
			return
		}
	}
}

// begin lets reads wait for as long as they must, unless the command is done.
func (l *lookout) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.stopped {
		_ = l.c.net.SetReadDeadline(time.Time{})
	}
	return !l.stopped
}

// stop ends the reading, if it has begun, and gives the reader what was read.
func (l *lookout) stop() {
	if l.timer.Stop() {
		return
	}
	l.interrupt()
	<-l.done
	l.c.r.Ahead(l.ahead)
	l.c.broken = errors.Join(l.c.broken, l.err)
}

func (l *lookout) interrupt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped = true
	_ = l.c.net.SetReadDeadline(past)
}
