package pop3client

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/mailstead/mailstead/pop3"
)

// Options describe a Client. The zero value is good.
type Options struct {
	// Timeout is how long the server may be silent within a command.
	// Default one minute.
	Timeout time.Duration
	// MaxMessages is the greatest number of lines of a LIST or UIDL that is
	// accepted. Default one million.
	MaxMessages int
	// InsecureAuth allows to show a password without TLS.
	InsecureAuth bool
}

// Errors that break the connection.
var (
	// ErrProtocol says that the server does not speak POP3.
	ErrProtocol = errors.New("pop3client: malformed response")
	// ErrTooMuch says that a list exceeds Options.MaxMessages.
	ErrTooMuch = errors.New("pop3client: list too long")
	// ErrClosed says that Close or Quit has been called.
	ErrClosed = errors.New("pop3client: connection closed")
)

// Errors of a call that was not made.
var (
	// ErrInsecure says that a password would have been shown without TLS.
	ErrInsecure = errors.New("pop3client: no password without TLS")
	// ErrArgument says that an argument cannot be sent.
	ErrArgument = errors.New("pop3client: invalid argument")
	// ErrBusy says that a message that was retrieved has not been closed,
	// or that RetrieveAll is not done yet.
	ErrBusy = errors.New("pop3client: a message is still open")
)

// maxLine is the greatest length of a line that a server may send. The longest
// that are known are challenges of SASL mechanisms.
const maxLine = 16 << 10

// A Client is a connection to a POP3 server.
type Client struct {
	options  Options
	link     *link
	in       *bufio.Reader
	out      *bufio.Writer
	greeting string
	caps     Capabilities // nil if not known
	secure   bool
	busy     bool  // within a command, or a message is open
	err      error // that broke the connection
}

// New reads the greeting of the server at the other end of conn, which may be
// a *tls.Conn. The Client owns conn then; on an error it is closed.
func New(ctx context.Context, conn net.Conn, options Options) (*Client, error) {
	if options.Timeout == 0 {
		options.Timeout = time.Minute
	}
	if options.MaxMessages == 0 {
		options.MaxMessages = 1_000_000
	}
	c := &Client{options: options}
	_, c.secure = conn.(interface{ ConnectionState() tls.ConnectionState })
	c.use(conn)
	err := c.do(ctx, func() (err error) {
		c.greeting, err = c.readOK()
		return err
	})
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Client) use(conn net.Conn) {
	c.link = &link{Conn: conn, timeout: c.options.Timeout}
	c.out = bufio.NewWriter(c.link)
	c.in = bufio.NewReaderSize(&input{c.link, c.out}, maxLine)
}

// Greeting returns the text of the server's greeting.
func (c *Client) Greeting() string { return c.greeting }

// Close closes the connection without QUIT. The server removes nothing.
func (c *Client) Close() error {
	if errors.Is(c.err, ErrClosed) {
		return nil
	}
	c.err = ErrClosed
	return c.link.Close()
}

// Quit ends the session: the server removes what was deleted. The connection
// is closed whatever the response.
func (c *Client) Quit(ctx context.Context) error {
	err := c.simple(ctx, "QUIT")
	return errors.Join(err, c.Close())
}

// Noop does nothing.
func (c *Client) Noop(ctx context.Context) error { return c.simple(ctx, "NOOP") }

// Reset takes the marks of deleted messages away.
func (c *Client) Reset(ctx context.Context) error { return c.simple(ctx, "RSET") }

func (c *Client) simple(ctx context.Context, command string) error {
	return c.do(ctx, func() error {
		_, err := c.command(command)
		return err
	})
}

// do runs an exchange with the server under ctx. An error that is no response
// breaks the connection.
func (c *Client) do(ctx context.Context, exchange func() error) error {
	release, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer release()
	return c.check(ctx, exchange())
}

// begin puts the connection under ctx until the returned function is called.
func (c *Client) begin(ctx context.Context) (release func(), err error) {
	switch {
	case c.err != nil:
		return nil, c.err
	case c.busy:
		return nil, ErrBusy
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case c.in.Buffered() > 0:
		c.err = fmt.Errorf("%w: nobody asked for it", ErrProtocol)
		return nil, c.err
	}
	c.busy = true
	unwatch := c.link.watch(ctx)
	return func() {
		unwatch()
		c.busy = false
	}, nil
}

// check notes an error that breaks the connection.
func (c *Client) check(ctx context.Context, err error) error {
	var refused *pop3.Error
	if err == nil || errors.As(err, &refused) {
		return err
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if c.err == nil {
		c.err = err
	}
	return err
}

// command sends a line and returns the text of a positive response.
func (c *Client) command(line string) (string, error) {
	if err := c.send(line); err != nil {
		return "", err
	}
	return c.readOK()
}

// send puts a line into the output buffer, which is flushed when the Client has
// to wait for the server.
func (c *Client) send(line string) error {
	_, err := c.out.WriteString(line + "\r\n")
	return err
}

// readOK reads a response. A negative one is a *pop3.Error.
func (c *Client) readOK() (string, error) {
	line, err := c.readLine()
	if err != nil {
		return "", err
	}
	return parseStatus(line)
}

func parseStatus(line string) (string, error) {
	status, text, _ := strings.Cut(line, " ")
	switch status {
	case "+OK":
		return text, nil
	case "-ERR":
		return "", refusal(text)
	}
	return "", fmt.Errorf("%w: %.40q", ErrProtocol, line)
}

func (c *Client) readLine() (string, error) {
	line, err := c.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", fmt.Errorf("%w: line too long", ErrProtocol)
	}
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// refusal takes the text of a negative response apart (RFC 2449 §8).
func refusal(text string) *pop3.Error {
	if rest, ok := strings.CutPrefix(text, "["); ok {
		if code, text, ok := strings.Cut(rest, "]"); ok {
			return &pop3.Error{
				Code: pop3.Code(strings.ToUpper(code)),
				Text: strings.TrimPrefix(text, " "),
			}
		}
	}
	return &pop3.Error{Text: text}
}
