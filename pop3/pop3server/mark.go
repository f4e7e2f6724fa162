package pop3server

// deleCommand marks a message as deleted (RFC 1939 §5).
func (c *conn) deleCommand(cmd command) error {
	numbers, err := cmd.numbers(1, 1)
	if err != nil {
		return err
	}
	if err := c.drop.check(numbers[0]); err != nil {
		return err
	}
	c.drop.mark(numbers[0])
	c.ok("message marked as deleted")
	return nil
}

// rsetCommand takes all marks away (RFC 1939 §5).
func (c *conn) rsetCommand(cmd command) error {
	if err := cmd.none(); err != nil {
		return err
	}
	c.drop.reset()
	c.line("+OK ", c.text("maildrop has"), " ", c.summary())
	return nil
}

// noopCommand does nothing (RFC 1939 §5).
func (c *conn) noopCommand(cmd command) error {
	if err := cmd.none(); err != nil {
		return err
	}
	c.ok("nothing done")
	return nil
}
