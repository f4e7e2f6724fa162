package smtpserver

import (
	"context"
	"crypto/tls"
	"time"

	"github.com/mailstead/mailstead/smtp"
)

func (c *conn) mayStartTLS() bool {
	return c.server.opts.TLSConfig != nil && c.info.TLS == nil
}

// startTLS carries out STARTTLS (RFC 3207 §4).
func (c *conn) startTLS(ctx context.Context, args string) {
	switch {
	case !c.needNoArgs(args):
		return
	case c.server.opts.TLSConfig == nil:
		c.say(502, codeSequence, "TLS is not available")
		return
	case c.info.TLS != nil:
		c.say(503, codeSequence, "TLS is already active")
		return
	case c.tx.active:
		c.say(503, codeSequence, "Not within a transaction")
		return
	}
	c.say(220, codeOK, "Ready to start TLS")
	if err := c.flush(); err != nil {
		c.done = true
		return
	}
	c.upgrade(ctx)
}

// upgrade makes the handshake. What the client sent behind STARTTLS in the
// clear could come from anyone and is forgotten, never executed.
func (c *conn) upgrade(ctx context.Context) {
	if n := c.in.drop(); n > 0 {
		c.log.Warn("dropped what was sent in the clear behind STARTTLS", "octets", n)
	}
	nc := tls.Server(c.net, c.server.opts.TLSConfig)
	if err := c.handshake(ctx, nc.HandshakeContext); err != nil {
		c.done = true
		return
	}
	c.net = nc
	c.afterTLS(ctx, nc.ConnectionState())
}

// afterTLS begins anew: RFC 3207 §4.2 wants all that the client said before
// to be forgotten.
func (c *conn) afterTLS(ctx context.Context, state tls.ConnectionState) {
	c.forget()
	c.authed = false
	c.info.TLS = &state
	c.openSession(ctx)
}

// forget ends the session and what it was told.
func (c *conn) forget() {
	c.session.Close()
	c.session = nil
	c.hello = Hello{}
	c.offered, c.mechanisms = nil, nil
	c.offers, c.forwarded = Services{}, smtp.ClientAttributes{}
}

// handshake runs f within the time for it.
func (c *conn) handshake(ctx context.Context, f func(context.Context) error) error {
	limit := c.server.opts.Timeouts.Handshake
	_ = c.net.SetDeadline(time.Now().Add(limit))
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := f(ctx); err != nil {
		c.log.Info("TLS handshake failed", "err", err)
		return err
	}
	_ = c.net.SetDeadline(time.Time{})
	return nil
}
