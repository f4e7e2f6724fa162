package imapserver

import (
	"context"
	"crypto/tls"

	"github.com/mailstead/mailstead/imap"
)

func (c *conn) canStartTLS() bool { return c.tls == nil && c.opts.TLS != nil }

// startTLS runs STARTTLS (RFC 9051 §6.2.1). What the client sent behind the
// command in the clear is dropped, and the session begins anew.
func (c *conn) startTLS(ctx context.Context, req *request) error {
	if err := c.end(req); err != nil {
		return err
	}
	if !c.canStartTLS() {
		return imap.Bad("STARTTLS is not available")
	}
	c.status(req.tag, imap.StatusOK, "", "Begin TLS negotiation now")
	if err := c.w.Flush(); err != nil {
		return err
	}
	t := tls.Server(c.net, c.opts.TLS)
	if err := c.handshake(ctx, t); err != nil {
		c.log.Debug("imap: TLS handshake failed", "err", err)
		c.state = logout // without a word: it would stand in the clear
		return err
	}
	c.net = t
	c.r.Reset((*connReader)(c))
	return c.restart(ctx, req)
}

// restart replaces the session. No tagged response follows: it went out before
// the handshake.
func (c *conn) restart(ctx context.Context, req *request) error {
	req.answered = true
	c.authFailures = 0
	c.closeSession()
	if err := c.newSession(ctx); err != nil {
		c.bye(err)
	}
	return nil
}
