package pop3client

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// A Listing is a scan listing: a message's number and its size in octets.
type Listing struct {
	Number int
	Size   int64
}

// A UniqueID is a unique-id listing: a message's number and its unique-id.
type UniqueID struct {
	Number int
	UID    string
}

// Stat returns the number of messages and their size in octets, without those
// that are marked as deleted.
func (c *Client) Stat(ctx context.Context) (count int, octets int64, err error) {
	err = c.do(ctx, func() error {
		text, err := c.command("STAT")
		if err != nil {
			return err
		}
		l, err := parseListing(text)
		count, octets = l.Number, l.Size
		return err
	})
	return count, octets, err
}

// List returns the scan listings of all messages.
func (c *Client) List(ctx context.Context) ([]Listing, error) {
	return list(ctx, c, "LIST", parseListing)
}

// ListMessage returns the scan listing of one message.
func (c *Client) ListMessage(ctx context.Context, n int) (Listing, error) {
	return one(ctx, c, "LIST", n, parseListing)
}

// UIDL returns the unique-id listings of all messages.
func (c *Client) UIDL(ctx context.Context) ([]UniqueID, error) {
	return list(ctx, c, "UIDL", parseUniqueID)
}

// UIDLMessage returns the unique-id listing of one message.
func (c *Client) UIDLMessage(ctx context.Context, n int) (UniqueID, error) {
	return one(ctx, c, "UIDL", n, parseUniqueID)
}

func list[T any](ctx context.Context, c *Client, command string, parse func(string) (T, error)) ([]T, error) {
	var all []T
	err := c.do(ctx, func() error {
		return c.lines(command, c.options.MaxMessages, func(line string) error {
			item, err := parse(line)
			all = append(all, item)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func one[T any](ctx context.Context, c *Client, command string, n int, parse func(string) (T, error)) (item T, err error) {
	err = c.do(ctx, func() error {
		text, err := c.command(command + " " + strconv.Itoa(n))
		if err != nil {
			return err
		}
		item, err = parse(text)
		return err
	})
	return item, err
}

// parseListing reads two numbers. What follows them is ignored, as RFC 1939 §5
// allows servers to add to it.
func parseListing(text string) (Listing, error) {
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return Listing{}, fmt.Errorf("%w: listing %.40q", ErrProtocol, text)
	}
	n, err := parseNumber(fields[0])
	if err != nil {
		return Listing{}, err
	}
	size, err := strconv.ParseUint(fields[1], 10, 63)
	if err != nil {
		return Listing{}, fmt.Errorf("%w: size %.40q", ErrProtocol, fields[1])
	}
	return Listing{n, int64(size)}, nil
}

func parseUniqueID(text string) (UniqueID, error) {
	fields := strings.Fields(text)
	if len(fields) != 2 {
		return UniqueID{}, fmt.Errorf("%w: listing %.40q", ErrProtocol, text)
	}
	n, err := parseNumber(fields[0])
	return UniqueID{n, fields[1]}, err
}

func parseNumber(field string) (int, error) {
	n, err := strconv.ParseUint(field, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%w: number %.40q", ErrProtocol, field)
	}
	return int(n), nil
}
