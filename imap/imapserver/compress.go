package imapserver

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapdeflate"
)

// lookupConnection returns the commands of extensions about the connection.
func lookupConnection(name string) (command, bool) {
	switch name {
	case "COMPRESS":
		return command{loggedIn, pollNever, (*conn).compress}, true
	case "UNAUTHENTICATE":
		return command{loggedIn, pollNever, (*conn).unauthenticate}, true
	}
	return command{}, false
}

// errCompressed says that all is compressed already (RFC 4978 §3).
var errCompressed = &imap.Error{Type: imap.StatusBad, Code: "COMPRESSIONACTIVE", Text: "DEFLATE is active already"}

// compress runs COMPRESS (RFC 4978). What the client has sent behind the command,
// without waiting for the answer, is taken for compressed.
func (c *conn) compress(_ context.Context, req *request) error {
	if err := c.r.SP(); err != nil {
		return err
	}
	mechanism, err := c.r.Atom()
	if err != nil {
		return err
	}
	name := upperASCII(mechanism)
	if err := c.end(req); err != nil {
		return err
	}
	switch {
	case c.deflate != nil:
		return errCompressed
	case name != "DEFLATE":
		return imap.Bad("Unknown mechanism of compression")
	}
	c.status(req.tag, imap.StatusOK, "", "DEFLATE active")
	req.answered = true
	if err := c.w.Flush(); err != nil {
		return err
	}
	c.deflate = imapdeflate.NewConn(c.net, &c.server.deflate, c.r.TakeAhead())
	c.net = c.deflate
	return nil
}

// unauthenticate runs UNAUTHENTICATE (RFC 8437): the connection is as it was
// before authentication, but for TLS and what the client has said by ID. The
// compression ends in either direction where the command and the answer do.
// Guessing does not begin anew.
func (c *conn) unauthenticate(ctx context.Context, req *request) error {
	if err := c.end(req); err != nil {
		return err
	}
	ahead, err := c.endCompressed()
	if err != nil {
		c.log.Debug("imap: compressed input did not end", "err", err)
		return &imap.Error{Type: imap.StatusBye, Text: "Compressed input does not end with the command"}
	}
	c.status(req.tag, imap.StatusOK, "", "UNAUTHENTICATE completed")
	req.answered = true
	if err := c.w.Flush(); err != nil {
		return err
	}
	if c.deflate != nil {
		c.net, c.deflate = c.deflate.Conn, nil
		c.r.Attach(c.bufs.in[:], ahead)
	}
	c.forget()
	if err := c.newSession(ctx); err != nil {
		c.bye(err)
	}
	return nil
}

// endCompressed ends the compression of what the client sends, if there is any.
// It returns what has been read beyond it.
func (c *conn) endCompressed() ([]byte, error) {
	if c.deflate == nil {
		return nil, nil
	}
	if c.r.Buffered() > 0 {
		return nil, imapdeflate.ErrUnended
	}
	c.armRead(0)
	return c.deflate.End()
}

// forget makes the connection as it was before authentication (RFC 8437 §4.1).
func (c *conn) forget() {
	c.closeSession()
	c.unauthenticated()
	c.enabled = enabled{}
	c.language = nil
	c.saved = nil
	c.readOnly, c.noModSeq = false, false
	c.listening, c.notifying = false, nil
	c.writeMode()
	c.applySwitches()
}
