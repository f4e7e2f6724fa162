package pop3server

import (
	"context"
	"errors"
	"time"

	"github.com/mailstead/mailstead/pop3"
	"github.com/mailstead/mailstead/sasl"
)

// passwordsAllowed says whether a password may be shown on this connection.
func (c *conn) passwordsAllowed() bool {
	return c.tls != nil || c.server.options.InsecureAuth
}

// userCommand notes the name for PASS (RFC 1939 §7). It never tells whether
// there is such a user.
func (c *conn) userCommand(cmd command) error {
	if !c.passwordsAllowed() {
		return &pop3.Error{Text: "passwords are taken under TLS only, use STLS"}
	}
	if cmd.rest == "" {
		return errArgument
	}
	c.user = sasl.Prepare(cmd.rest) // RFC 6856 §2.2
	c.ok("send PASS")
	return nil
}

// passCommand takes all behind the space as the password (RFC 1939 §7).
func (c *conn) passCommand(ctx context.Context, user string, cmd command) error {
	if user == "" {
		return badCommand("USER must come immediately before")
	}
	if cmd.rest == "" {
		return errArgument
	}
	if err := c.session.Login(ctx, user, sasl.Prepare(cmd.rest)); err != nil {
		return c.authFailed(ctx, err)
	}
	return c.openDrop(ctx)
}

// authFailed returns what to answer to a failed attempt, later each time, and
// after too many answers itself and ends the connection.
func (c *conn) authFailed(ctx context.Context, err error) error {
	if errors.Is(err, sasl.ErrMalformed) {
		return badCommand("malformed authentication exchange")
	}
	if !isAuthFailure(err) {
		return err
	}
	c.authFailures++
	c.log.InfoContext(ctx, "POP3 authentication failed", "error", err, "attempt", c.authFailures)
	timer := time.NewTimer(time.Duration(c.authFailures) * c.limits.AuthDelay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.stopped:
		return &ended{errStopped}
	}
	if c.authFailures >= c.limits.AuthFailures {
		_ = c.refuse(ctx, err)
		return &ended{sasl.ErrCredentials}
	}
	return err
}

// openDrop enters the TRANSACTION state.
func (c *conn) openDrop(ctx context.Context) error {
	m, err := c.session.OpenMaildrop(ctx)
	if err != nil {
		return err
	}
	c.drop = newDrop(m)
	c.line("+OK ", c.text("maildrop has"), " ", c.summary())
	return nil
}
