package pop3server

import (
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/mailstead/mailstead/pop3"
)

// retrCommand sends a message (RFC 1939 §5).
func (c *conn) retrCommand(ctx context.Context, cmd command) error {
	numbers, err := cmd.numbers(1, 1)
	if err != nil {
		return err
	}
	n := numbers[0]
	if err := c.drop.check(n); err != nil {
		return err
	}
	content, err := c.drop.Open(ctx, n, c.form())
	if err != nil {
		return err
	}
	defer content.Close()
	if checker, ok := content.(Checker); ok {
		if err := checker.Check(); err != nil {
			return err
		}
	}
	c.line("+OK ", strconv.FormatInt(c.drop.Size(n), 10), " ", c.text("octets"))
	body := pop3.NewDotWriter(c.out)
	sent, err := c.send(ctx, body, content)
	if err != nil {
		return err
	}
	if c.utf8 && sent != c.drop.Size(n) {
		c.log.ErrorContext(ctx, "a message has not the size it was listed with",
			"number", n, "listed", c.drop.Size(n), "sent", sent)
	}
	c.drop.retrieved.set(n)
	return c.finish(body)
}

// form returns how messages are to be shown.
func (c *conn) form() Form {
	if c.utf8 {
		return AsIs
	}
	return ASCIIHeader
}

// topCommand sends the header of a message and some lines (RFC 1939 §7).
func (c *conn) topCommand(ctx context.Context, cmd command) error {
	numbers, err := cmd.numbers(2, 2)
	if err != nil {
		return err
	}
	n, lines := numbers[0], numbers[1]
	if err := c.drop.check(n); err != nil {
		return err
	}
	content, err := c.drop.Open(ctx, n, c.form())
	if err != nil {
		return err
	}
	defer content.Close()
	c.ok("top of message follows")
	body := pop3.NewDotWriter(c.out)
	if _, err := c.send(ctx, &topWriter{w: body, lines: lines}, content); err != nil {
		return err
	}
	return c.finish(body)
}

// send copies a message. An error in the midst of it can no longer be told to
// the client: the response is left without its end, and the connection closed.
func (c *conn) send(ctx context.Context, to io.Writer, content io.Reader) (int64, error) {
	buffer := c.server.chunks.Get().(*chunk)
	defer c.server.chunks.Put(buffer)
	n, err := io.CopyBuffer(to, content, buffer[:])
	if err == nil || errors.Is(err, errTopSent) {
		return n, nil
	}
	if c.out.Flush() == nil { // so the client is still there
		c.log.ErrorContext(ctx, "cannot read a message", "sent", n, "error", err)
	}
	return n, &ended{err}
}

func (c *conn) finish(body *pop3.DotWriter) error {
	if err := body.Close(); err != nil {
		return &ended{err}
	}
	return nil
}
