package smtpclient

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/mailstead/mailstead/smtp"
)

// StartTLS begins TLS (RFC 3207 §4) and says hello again, for what the server
// offered in the clear counts no more. If the server refuses, the connection
// can be used on; if the handshake fails, it cannot.
func (c *Client) StartTLS(ctx context.Context, config *tls.Config) error {
	defer c.wire.within(ctx)()
	if !c.helloed {
		return errHelloFirst
	}
	if !c.extensions.Has(smtp.StartTLS) {
		return ErrNoStartTLS
	}
	if _, err := c.expect("STARTTLS", "STARTTLS", c.opts.Timeouts.Command, 220); err != nil {
		return err
	}
	if c.wire.in.Buffered() > 0 {
		return c.fail(ErrInjected)
	}
	conn := tls.Client(c.wire.conn, config)
	if err := c.handshake(ctx, conn); err != nil {
		return c.fail(err)
	}
	c.wire.reset(conn)
	return c.hello()
}

func (c *Client) handshake(ctx context.Context, conn *tls.Conn) error {
	limit := c.opts.Timeouts.Handshake
	if err := c.wire.arm(c.wire.conn.SetDeadline, limit); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	return c.wire.arm(never(c.wire.conn), 0)
}

// never takes the deadlines away.
func never(conn net.Conn) func(time.Time) error {
	return func(time.Time) error { return conn.SetDeadline(time.Time{}) }
}
