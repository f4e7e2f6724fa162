package imapserver

import (
	"context"
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
	if c.state != selected && !c.listening {
		return c.idleLoop(ctx, req)
	}
	c.session.Watch(c.wake)
	defer c.unwatch()
	if err := c.poll(ctx, PollOptions{}); err != nil {
		return err
	}
	return c.idleLoop(ctx, req)
}

// idleLoop waits for DONE and tells what changes meanwhile.
func (c *conn) idleLoop(ctx context.Context, req *request) error {
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
		if err := c.poll(ctx, PollOptions{}); err != nil {
			return err
		}
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
