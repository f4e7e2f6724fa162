package smtpclient

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"github.com/mailstead/mailstead/smtp"
)

// A Client speaks to one server.
type Client struct {
	opts       Options
	wire       wire
	greeted    bool
	helloed    bool
	extensions smtp.Extensions
	dirty      bool       // a transaction is open at the server
	farewell   smtp.Reply // 421, after which the server closes; zero if not
	broken     error      // why the connection is of no more use
	inBody     bool       // the end of the message has been written
	mails      int        // MAIL commands sent since the last hello
	scratch    []byte     // for the body, of copyBuffer octets once there was one
}

// New returns a Client on a connection to a server, with TLS already if conn
// is a *tls.Conn. It panics if Options has no Name.
func New(conn net.Conn, opts Options) *Client {
	if opts.Name == "" {
		panic("smtpclient: Options need a Name")
	}
	opts.Timeouts = opts.Timeouts.withDefaults()
	c := &Client{opts: opts}
	c.wire.writing = opts.Timeouts.DataBlock
	c.wire.reset(conn)
	return c
}

// Extensions returns what the server offered at the last Hello; nothing if it
// only knows HELO. The caller must not change it.
func (c *Client) Extensions() smtp.Extensions { return c.extensions }

// TLS returns the state of TLS; ok is false in the clear.
func (c *Client) TLS() (state tls.ConnectionState, ok bool) {
	conn, ok := c.wire.conn.(interface{ ConnectionState() tls.ConnectionState })
	if !ok {
		return tls.ConnectionState{}, false
	}
	return conn.ConnectionState(), true
}

// Usable tells whether another message can be sent.
func (c *Client) Usable() bool {
	limit := c.extensions.Limits().MailMax
	return c.broken == nil && c.farewell.IsZero() && c.helloed && (limit == 0 || c.mails < limit)
}

// Reset gives up what transaction there may be, and thereby shows that the
// server is still there.
func (c *Client) Reset(ctx context.Context) error {
	defer c.wire.within(ctx)()
	return c.reset()
}

func (c *Client) reset() error {
	if _, err := c.expect("RSET", "RSET", c.opts.Timeouts.Command, 250); err != nil {
		return err
	}
	c.dirty = false
	return nil
}

// Noop shows that the server is still there.
func (c *Client) Noop(ctx context.Context) error {
	defer c.wire.within(ctx)()
	_, err := c.expect("NOOP", "NOOP", c.opts.Timeouts.Command, 250)
	return err
}

// Quit says goodbye. Close must still be called.
func (c *Client) Quit(ctx context.Context) error {
	defer c.wire.within(ctx)()
	_, err := c.expect("QUIT", "QUIT", c.opts.Timeouts.Quit, 221)
	if c.broken == nil {
		c.broken = &ConnError{Command: "QUIT", Err: ErrClosed}
	}
	return err
}

// Close closes the connection.
func (c *Client) Close() error {
	if c.broken == nil {
		c.broken = &ConnError{Command: c.wire.command, Err: ErrClosed}
	}
	return c.wire.conn.Close()
}

// expect sends a command and wants the reply to have the code.
func (c *Client) expect(command, line string, d time.Duration, code int) (smtp.Reply, error) {
	r, err := c.ask(command, line, d)
	if err == nil && r.Code != code {
		err = &ReplyError{Command: command, Reply: r}
	}
	return r, err
}

// ask sends a command and returns the reply.
func (c *Client) ask(command, line string, d time.Duration) (smtp.Reply, error) {
	if err := c.send(command, line); err != nil {
		return smtp.Reply{}, err
	}
	return c.reply(d)
}

// send writes a command.
func (c *Client) send(command, line string) error {
	if c.broken != nil {
		return c.broken
	}
	err := c.wire.put(command, line)
	if err == nil {
		err = c.wire.out.Flush()
	}
	if err != nil {
		return c.fail(err)
	}
	return nil
}

// reply reads a reply. After 421 the server closes the connection, so that the
// failure to read another one says no more than the 421 did.
func (c *Client) reply(d time.Duration) (smtp.Reply, error) {
	if c.broken != nil {
		return smtp.Reply{}, c.broken
	}
	r, err := c.wire.reply(d)
	if err != nil {
		return smtp.Reply{}, c.fail(err)
	}
	if r.Code == 421 {
		c.farewell = r
	}
	return r, nil
}

// fail makes the connection unusable and returns the error that says so.
func (c *Client) fail(err error) error {
	if c.broken != nil {
		return c.broken
	}
	conn := &ConnError{Command: c.wire.command, Err: c.wire.cause(err), MayBeAccepted: c.inBody}
	c.broken = conn
	if !c.farewell.IsZero() && !c.inBody {
		return &ReplyError{Command: c.wire.command, Reply: c.farewell}
	}
	return conn
}

// isReply tells whether err is a reply of the server, after which it can be
// spoken to.
func isReply(err error) bool {
	var r *ReplyError
	return errors.As(err, &r)
}
