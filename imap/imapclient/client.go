package imapclient

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// Options configure a Client. Zero values mean the default that stands at each
// field.
type Options struct {
	// Update is told what the server says of the selected mailbox unasked;
	// nil ignores it.
	Update func(Update)
	// Timeout is how long one command may take; 1 min.
	Timeout time.Duration
	// MaxLine is the length of a response without its literals; 1 MB.
	MaxLine int
	// MaxLiteral is how much of a response's literals is held in memory;
	// 64 MB.
	MaxLiteral int
}

// A Client is a connection to a server.
type Client struct {
	opts    Options
	conn    net.Conn
	r       *imapwire.Reader
	w       *imapwire.Writer
	in, out []byte
	tags    int
	caps    []string
	preauth bool
	rev2    bool
	utf8    bool
	qresync bool
	view    view
	current *pending
	failed  error
}

// view is what the client knows of the selected mailbox.
type view struct {
	selected bool
	count    uint32
}

// New takes the greeting from conn, which it will close, and returns a client.
// A server that says BYE makes an *imap.Error.
func New(ctx context.Context, conn net.Conn, opts Options) (*Client, error) {
	opts.Timeout = cmp.Or(opts.Timeout, time.Minute)
	opts.MaxLine = cmp.Or(opts.MaxLine, 1<<20)
	opts.MaxLiteral = cmp.Or(opts.MaxLiteral, 64<<20)
	c := &Client{opts: opts, conn: conn, in: make([]byte, 16<<10), out: make([]byte, 16<<10)}
	c.r = imapwire.NewReader(conn, imapwire.Limits{Line: opts.MaxLine, Literals: opts.MaxLiteral})
	c.r.Attach(c.in, nil)
	c.newWriter()
	defer c.arm(ctx)()
	if err := c.greeting(); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

func (c *Client) newWriter() {
	c.w = imapwire.NewWriter(c.conn)
	c.w.Attach(c.out)
	c.w.Continue = c.awaitContinue
	c.w.UTF8 = c.utf8
	c.w.NonSync = c.Has("LITERAL+")
}

// greeting reads the first response.
func (c *Client) greeting() error {
	c.current = new(pending)
	s, err := c.readStatus()
	if err != nil {
		return err
	}
	switch s.Type {
	case imap.StatusOK:
	case imap.StatusPreauth:
		c.preauth = true
	default:
		return s.err()
	}
	return nil
}

// readStatus reads the greeting, which is an untagged status.
func (c *Client) readStatus() (*Status, error) {
	if err := c.r.Next(); err != nil {
		return nil, err
	}
	if err := c.untaggedHead(); err != nil {
		return nil, err
	}
	word, err := c.r.Keyword()
	if err != nil {
		return nil, err
	}
	return c.status(string(word))
}

// untaggedHead takes "* ".
func (c *Client) untaggedHead() error {
	if err := c.r.Expect('*'); err != nil {
		return err
	}
	return c.r.SP()
}

// Has reports whether the server has announced a capability, in upper case.
func (c *Client) Has(capability string) bool { return slices.Contains(c.caps, capability) }

// Preauth reports whether the greeting said that no authentication is needed.
func (c *Client) Preauth() bool { return c.preauth }

// Count returns the number of messages in the selected mailbox, as far as the
// server has told.
func (c *Client) Count() uint32 { return c.view.count }

// Close ends the connection without a word; see Logout.
func (c *Client) Close() error { return c.conn.Close() }

// arm bounds a command in time; the returned function undoes that.
func (c *Client) arm(ctx context.Context) (disarm func()) {
	c.conn.SetDeadline(time.Now().Add(c.opts.Timeout))
	stop := context.AfterFunc(ctx, func() { c.conn.SetDeadline(time.Unix(1, 0)) })
	return func() { stop() }
}

// A Status is a status response.
type Status struct {
	Type imap.StatusType
	Code imap.Code
	Text string
}

// err returns s as an error, nil if it is OK.
func (s *Status) err() error {
	if s.Type == imap.StatusOK {
		return nil
	}
	return &imap.Error{Type: s.Type, Code: s.Code, Text: s.Text}
}

// run sends a command, whose arguments args writes, and reads responses until
// the tagged one, which it returns if it is OK.
func (c *Client) run(ctx context.Context, p *pending, name string, args func(w *imapwire.Writer)) (*Status, error) {
	if c.failed != nil {
		return nil, c.failed
	}
	defer c.arm(ctx)()
	c.tags++
	p.name, p.tag = name, "T"+strconv.Itoa(c.tags)
	c.current = p
	p.continued = true // nothing to continue yet
	c.w.Raw(p.tag)
	c.w.SP()
	c.w.Raw(name)
	if args != nil {
		args(c.w)
	}
	c.w.CRLF()
	err := c.w.Flush()
	if errors.Is(err, errRefused) {
		c.newWriter()
		err = nil
	}
	for err == nil && p.done == nil {
		err = c.response()
	}
	if err != nil {
		c.failed = fmt.Errorf("imapclient: %s: %w", name, err)
		return nil, c.failed
	}
	return p.done, p.done.err()
}

// errRefused says that the server has answered a command instead of asking for
// its literal.
var errRefused = errors.New("imapclient: literal refused")

// awaitContinue reads responses until the server asks for a literal.
func (c *Client) awaitContinue() error {
	p := c.current
	p.continued = false
	for !p.continued {
		if err := c.response(); err != nil {
			return err
		}
		if p.done != nil {
			return errRefused
		}
	}
	return nil
}

// StartTLS runs STARTTLS and the handshake (RFC 9051 §6.2.1).
func (c *Client) StartTLS(ctx context.Context, config *tls.Config) error {
	if _, err := c.run(ctx, new(pending), "STARTTLS", nil); err != nil {
		return err
	}
	if c.r.Buffered() > 0 {
		return errors.New("imapclient: server sent data in the clear behind STARTTLS")
	}
	defer c.arm(ctx)()
	conn := tls.Client(c.conn, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	c.conn = conn
	c.r.Reset(conn)
	c.caps = nil
	c.newWriter()
	return nil
}
