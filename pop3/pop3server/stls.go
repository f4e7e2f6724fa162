package pop3server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"

	"github.com/mailstead/mailstead/pop3"
)

// A tlsConn is a *tls.Conn or what wraps one.
type tlsConn interface {
	HandshakeContext(ctx context.Context) error
	ConnectionState() tls.ConnectionState
}

// stlsAvailable says whether STLS may be used now.
func (c *conn) stlsAvailable() bool {
	return c.tls == nil && c.server.options.TLSConfig != nil
}

// stlsCommand begins TLS (RFC 2595 §4). What the client sent behind the
// command is dropped with the buffer it is in: anyone could have put it there.
func (c *conn) stlsCommand(ctx context.Context, cmd command) error {
	if err := cmd.none(); err != nil {
		return err
	}
	if c.tls != nil {
		return &pop3.Error{Text: "TLS is active already"}
	}
	if !c.stlsAvailable() {
		return errUnknown
	}
	if c.utf8 { // RFC 6856 §2.1
		return &pop3.Error{Text: "STLS must come before UTF8"}
	}
	c.ok("begin TLS")
	if err := c.out.Flush(); err != nil {
		return &ended{err}
	}
	if err := c.startTLS(ctx); err != nil {
		return &ended{fmt.Errorf("STLS: %w", err)}
	}
	return nil
}

func (c *conn) startTLS(ctx context.Context) error {
	secure := tls.Server(c.raw, c.server.options.TLSConfig)
	if err := c.handshake(ctx, secure); err != nil {
		return err
	}
	c.use(secure)
	c.language = c.server.languages[0]
	if err := c.closeSession(); err != nil {
		return err
	}
	if err := c.newSession(ctx); err != nil {
		return errors.Join(err, c.refuse(ctx, err))
	}
	return nil
}

// handshake finishes the handshake of n if it is a TLS connection.
func (c *conn) handshake(ctx context.Context, n net.Conn) error {
	secure, ok := n.(tlsConn)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithDeadline(ctx, c.loginBy)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		return err
	}
	state := secure.ConnectionState()
	c.tls = &state
	return nil
}
