package pop3client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/mailstead/mailstead/pop3"
)

// Retrieve returns a message as the server sends it, its lines ended by CRLF.
// It must be closed before the next command; ctx holds until then.
func (c *Client) Retrieve(ctx context.Context, n int) (io.ReadCloser, error) {
	return c.open(ctx, "RETR "+strconv.Itoa(n))
}

// Top returns the header of a message, the empty line behind it and some lines
// of the body. It must be closed before the next command; ctx holds until then.
func (c *Client) Top(ctx context.Context, n, lines int) (io.ReadCloser, error) {
	return c.open(ctx, fmt.Sprintf("TOP %d %d", n, lines))
}

func (c *Client) open(ctx context.Context, command string) (io.ReadCloser, error) {
	release, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := c.command(command); err != nil {
		release()
		return nil, c.check(ctx, err)
	}
	return &message{client: c, ctx: ctx, release: release, body: pop3.NewDotReader(c.in)}, nil
}

// A message is one that is being retrieved.
type message struct {
	client  *Client
	ctx     context.Context // of the command, which ends with Close
	release func()          // nil when closed
	body    *pop3.DotReader
}

func (m *message) Read(p []byte) (int, error) {
	if m.release == nil {
		return 0, ErrClosed
	}
	n, err := m.body.Read(p)
	if err != nil && err != io.EOF {
		err = m.client.check(m.ctx, err)
	}
	return n, err
}

// Close reads what is left of the message, so that the next response can be
// found.
func (m *message) Close() error {
	if m.release == nil {
		return nil
	}
	_, err := io.Copy(io.Discard, m)
	m.release()
	m.release = nil
	return err
}

// window is how many commands may be under way. Together they are far smaller
// than any transport's window (RFC 2449 §6.6).
const window = 32

func (c *Client) window() int {
	if c.caps.Has("PIPELINING") {
		return window
	}
	return 1
}

// RetrieveAll retrieves messages in the order of their numbers given and hands
// each to deliver, which reads as much of it as it wants. It ends with the
// first error of deliver and the first refusal by the server.
func (c *Client) RetrieveAll(ctx context.Context, numbers []int, deliver func(n int, message io.Reader) error) error {
	var first error
	err := c.pipeline(ctx, "RETR ", numbers, func(n int, refused error) (more bool, err error) {
		if refused != nil {
			first = errors.Join(first, refused)
			return false, nil
		}
		body := pop3.NewDotReader(c.in)
		if first == nil {
			first = deliver(n, body)
		}
		_, err = io.Copy(io.Discard, body)
		return first == nil, err
	})
	return errors.Join(err, first)
}

// Delete marks messages as deleted. It tries all and returns the refusals.
func (c *Client) Delete(ctx context.Context, numbers ...int) error {
	var refusals error
	err := c.pipeline(ctx, "DELE ", numbers, func(_ int, refused error) (bool, error) {
		refusals = errors.Join(refusals, refused)
		return true, nil
	})
	return errors.Join(err, refusals)
}

// pipeline sends a command for each number and calls answered for each
// response in turn. When that wants no more, no more commands are sent, but
// the responses to those that were are still read.
func (c *Client) pipeline(ctx context.Context, command string, numbers []int,
	answered func(n int, refused error) (more bool, err error)) error {
	return c.do(ctx, func() error {
		limit := c.window()
		more := true
		for sent, done := 0, 0; done < sent || more && done < len(numbers); done++ {
			for ; more && sent < len(numbers) && sent < done+limit; sent++ {
				if err := c.send(command + strconv.Itoa(numbers[sent])); err != nil {
					return err
				}
			}
			_, err := c.readOK()
			var refused *pop3.Error
			if err != nil && !errors.As(err, &refused) {
				return err
			}
			wanted, err := answered(numbers[done], err)
			if err != nil {
				return err
			}
			more = more && wanted
		}
		return nil
	})
}
