package pop3server

import (
	"context"
	"strings"
)

// capaCommand lists the capabilities (RFC 2449 §5). Those of the
// AUTHORIZATION state are listed in both.
func (c *conn) capaCommand(ctx context.Context, cmd command) error {
	if err := cmd.none(); err != nil {
		return err
	}
	policies, err := c.policies(ctx)
	if err != nil {
		return err
	}
	c.ok("capabilities follow")
	for _, capability := range append(c.capabilities(), policies...) {
		c.line(capability)
	}
	c.line(".")
	return nil
}

func (c *conn) capabilities() []string {
	list := []string{
		"TOP",            // RFC 2449 §6.1
		"UIDL",           // RFC 2449 §6.8
		"PIPELINING",     // RFC 2449 §6.6
		"RESP-CODES",     // RFC 2449 §6.4
		"AUTH-RESP-CODE", // RFC 3206 §6
		"UTF8 USER",      // RFC 6856 §2
		"LANG",           // RFC 6856 §3
	}
	add := func(applies bool, capability string) {
		if applies {
			list = append(list, capability)
		}
	}
	options := &c.server.options
	add(c.passwordsAllowed(), "USER")
	add(len(c.mechanisms) > 0, "SASL "+strings.Join(c.mechanisms, " "))
	add(c.stlsAvailable(), "STLS")
	add(options.Implementation != "", "IMPLEMENTATION "+options.Implementation)
	return list
}
