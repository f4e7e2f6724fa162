package pop3server

import "strings"

// capaCommand lists the capabilities (RFC 2449 §5). Those of the
// AUTHORIZATION state are listed in both.
func (c *conn) capaCommand(cmd command) error {
	if err := cmd.none(); err != nil {
		return err
	}
	c.ok("capabilities follow")
	for _, capability := range c.capabilities() {
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
	add(options.Expire != "", "EXPIRE "+options.Expire)
	add(options.Implementation != "", "IMPLEMENTATION "+options.Implementation)
	return list
}
