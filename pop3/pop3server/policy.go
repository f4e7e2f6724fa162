package pop3server

import (
	"context"
	"strconv"
	"time"
)

// ExpireNever as Policy.Expire says that nothing is removed unless the client
// deletes it.
const ExpireNever = -1

// A Policy is the rules of a site, as CAPA announces them: those of the user
// once the maildrop is open, and before that the bounds over all users.
type Policy struct {
	// Expire is how many days messages stay on the server at least
	// (RFC 2449 §6.7): zero if what was retrieved goes with QUIT,
	// ExpireNever if all stays.
	Expire int
	// LoginDelay is the least time between two logins (RFC 2449 §6.5). It
	// is announced in whole seconds, rounded up.
	LoginDelay time.Duration
	// ExpireVaries and LoginDelayVaries say that users differ. They matter
	// before the maildrop is open.
	ExpireVaries, LoginDelayVaries bool
}

// policies returns the capabilities that announce the policy. An error of the
// Session fails CAPA: what is promised must be true.
func (c *conn) policies(ctx context.Context) ([]string, error) {
	p, err := c.session.Policy(ctx)
	if err != nil {
		return nil, err
	}
	expire := "NEVER"
	if p.Expire >= 0 {
		expire = strconv.Itoa(p.Expire)
	}
	delay := strconv.FormatInt(int64((p.LoginDelay+time.Second-1)/time.Second), 10)
	open := c.drop != nil
	return []string{
		"LOGIN-DELAY " + delay + perUser(p.LoginDelayVaries && !open),
		"EXPIRE " + expire + perUser(p.ExpireVaries && !open),
	}, nil
}

// perUser is the token that makes a client ask again after authentication.
func perUser(varies bool) string {
	if varies {
		return " USER"
	}
	return ""
}
