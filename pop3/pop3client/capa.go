package pop3client

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
)

// Capabilities are what a server has announced: names in upper case, with
// their arguments (RFC 2449 §5).
type Capabilities map[string][]string

// Has says whether a capability has been announced.
func (c Capabilities) Has(name string) bool {
	_, ok := c[name]
	return ok
}

// HasMechanism says whether a SASL mechanism has been announced.
func (c Capabilities) HasMechanism(name string) bool {
	return slices.ContainsFunc(c["SASL"], func(m string) bool {
		return strings.EqualFold(m, name)
	})
}

// maxCapabilities bounds a list of capabilities.
const maxCapabilities = 1000

// Capabilities asks for the server's capabilities and remembers whether
// PIPELINING is among them. They may change by StartTLS and by authentication.
func (c *Client) Capabilities(ctx context.Context) (Capabilities, error) {
	caps := Capabilities{}
	err := c.do(ctx, func() error {
		return c.lines("CAPA", maxCapabilities, func(line string) error {
			if fields := strings.Fields(line); len(fields) > 0 {
				caps[strings.ToUpper(fields[0])] = fields[1:]
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	c.caps = caps
	return caps, nil
}

// lines sends a command and calls each for the lines of its response, of which
// there may be most.
func (c *Client) lines(command string, most int, each func(line string) error) error {
	if _, err := c.command(command); err != nil {
		return err
	}
	for range most + 1 {
		line, err := c.readLine()
		if err != nil || line == "." {
			return err
		}
		if err := each(strings.TrimPrefix(line, ".")); err != nil {
			return err
		}
	}
	return ErrTooMuch
}

// StartTLS makes the connection private by STLS (RFC 2595 §4). What the server
// has announced before is forgotten.
func (c *Client) StartTLS(ctx context.Context, config *tls.Config) error {
	return c.do(ctx, func() error {
		if _, err := c.command("STLS"); err != nil {
			return err
		}
		if n := c.in.Buffered(); n > 0 {
			return fmt.Errorf("%w: %d octets before the handshake", ErrProtocol, n)
		}
		secure := tls.Client(c.link.Conn, config)
		if err := c.handshake(ctx, secure); err != nil {
			return err
		}
		done := c.link.done
		c.use(secure)
		c.link.done = done
		c.secure = true
		c.caps = nil
		return nil
	})
}

func (c *Client) handshake(ctx context.Context, secure *tls.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	return secure.HandshakeContext(ctx)
}
