package pop3server

// utf8Command enters UTF-8 mode (RFC 6856 §2.1): from here on messages are
// sent as they are. Without it the Maildrop shows a form whose header is ASCII.
func (c *conn) utf8Command(cmd command) error {
	if err := cmd.none(); err != nil {
		return err
	}
	c.utf8 = true
	c.ok("UTF-8 mode")
	return nil
}
