package pop3server

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/pop3"
)

// quitCommand ends the session, from the TRANSACTION state through the UPDATE
// state (RFC 1939 §6). The maildrop is released before the response, so that
// a client that comes back at once does not find it in use.
func (c *conn) quitCommand(ctx context.Context, cmd command) error {
	if err := cmd.none(); err != nil {
		return err
	}
	err := c.update(ctx)
	if closeErr := c.closeDrop(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = c.refuse(ctx, err)
		return &ended{}
	}
	c.ok("goodbye")
	return &ended{}
}

// update removes what is marked.
func (c *conn) update(ctx context.Context) error {
	if c.drop == nil {
		return nil
	}
	changes := c.drop.changes()
	if len(changes.Deleted)+len(changes.Retrieved) == 0 {
		return nil
	}
	err := c.drop.Commit(ctx, changes)
	var told *pop3.Error
	if err == nil || errors.As(err, &told) {
		return err
	}
	return &pop3.Error{
		Code: pop3.CodeTemporary,
		Text: "some deleted messages not removed",
		Err:  err,
	}
}
