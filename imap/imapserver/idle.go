package imapserver

import (
	"context"
	"sync"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// idle runs IDLE (RFC 9051 §6.3.13).
func (c *conn) idle(ctx context.Context, req *request) error {
	if err := c.end(req); err != nil {
		return err
	}
	c.w.Raw("+ idling\r\n")
	if c.state != selected {
		return c.idleLoop(ctx, req, nil)
	}
	if err := c.poll(ctx, PollOptions{}); err != nil {
		return err
	}
	wctx, cancel := context.WithCancel(ctx)
	w := &watcher{session: c.session, wake: c.wake, polled: make(chan struct{}, 1)}
	var wg sync.WaitGroup
	wg.Go(func() { w.run(wctx) })
	defer wg.Wait()
	defer cancel()
	return c.idleLoop(ctx, req, w)
}

// idleLoop waits for DONE and tells what changes meanwhile.
func (c *conn) idleLoop(ctx context.Context, req *request, w *watcher) error {
	end := time.Now().Add(c.opts.IdleTimeout)
	for {
		event := awaitInput
		if c.r.Buffered() == 0 {
			event = c.await(time.Until(end))
		}
		switch event {
		case awaitInput:
			return c.done(req)
		case awaitFailed:
			return c.broken
		case awaitTimeout:
			return &imap.Error{Type: imap.StatusBye, Text: "Idle for too long"}
		}
		if c.isStopping() {
			return &imap.Error{Type: imap.StatusBye, Code: imap.CodeUnavailable, Text: "Server is shutting down"}
		}
		if w == nil {
			continue
		}
		if err := c.poll(ctx, PollOptions{}); err != nil {
			return err
		}
		w.resume()
	}
}

// done reads the line that ends IDLE.
func (c *conn) done(req *request) error {
	req.complete = false
	c.armRead(0)
	if err := c.r.Next(); err != nil {
		return err
	}
	if !c.r.AcceptWord("DONE") {
		return imapwire.Syntax("DONE expected")
	}
	return c.end(req)
}

// A watcher waits for news in a goroutine of its own while the connection
// waits for the client. It waits again when the connection has polled.
type watcher struct {
	session Session
	wake    func()
	polled  chan struct{}
}

func (w *watcher) run(ctx context.Context) {
	for w.session.Wait(ctx) == nil {
		w.wake()
		select {
		case <-w.polled:
		case <-ctx.Done():
			return
		}
	}
}

func (w *watcher) resume() {
	select {
	case w.polled <- struct{}{}:
	default:
	}
}
