package pop3server

import "strconv"

// statCommand sends the drop listing (RFC 1939 §5).
func (c *conn) statCommand(cmd command) error {
	if err := cmd.none(); err != nil {
		return err
	}
	c.line("+OK ", strconv.Itoa(c.drop.count), " ", strconv.FormatInt(c.drop.octets, 10))
	return nil
}

// listCommand sends scan listings (RFC 1939 §5).
func (c *conn) listCommand(cmd command) error {
	return c.listings(cmd, c.summary(), func(line []byte, n int) []byte {
		return strconv.AppendInt(line, c.drop.Size(n), 10)
	})
}

// uidlCommand sends unique-id listings (RFC 1939 §7).
func (c *conn) uidlCommand(cmd command) error {
	return c.listings(cmd, c.text("unique-ids follow"), c.drop.AppendUID)
}

// listings sends a line for the message that is named, or one for each. The
// value behind the number is what appendValue adds to the line.
func (c *conn) listings(cmd command, head string, appendValue func([]byte, int) []byte) error {
	numbers, err := cmd.numbers(0, 1)
	if err != nil {
		return err
	}
	if len(numbers) == 0 {
		c.line("+OK ", head)
		for n := 1; n <= c.drop.Len(); n++ {
			if !c.drop.marked(n) {
				c.listing(n, appendValue)
			}
		}
		c.line(".")
		return nil
	}
	if err := c.drop.check(numbers[0]); err != nil {
		return err
	}
	_, _ = c.out.WriteString("+OK ")
	c.listing(numbers[0], appendValue)
	return nil
}

// listing composes the line in the output buffer's own free space.
func (c *conn) listing(n int, appendValue func([]byte, int) []byte) {
	line := strconv.AppendInt(c.out.AvailableBuffer(), int64(n), 10)
	line = appendValue(append(line, ' '), n)
	_, _ = c.out.Write(append(line, "\r\n"...))
}
