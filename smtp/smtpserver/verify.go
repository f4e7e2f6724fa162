package smtpserver

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/smtp"
)

var errNoName = smtp.NewError(501, codeArguments, "Syntax: VRFY or EXPN, and a name")

// verify carries out VRFY. Where it is not offered, it is answered without
// telling who exists (RFC 5321 §3.5.3, §7.3).
func (c *conn) verify(ctx context.Context, name string) {
	if name == "" {
		c.refuse("VRFY", errNoName)
		return
	}
	v, ok := c.session.(Verifier)
	if !ok || !c.offers.VRFY {
		c.say(252, smtp.EnhancedCode{2, 5, 0}, "Cannot verify, but will try to deliver")
		return
	}
	mailbox, err := v.Verify(ctx, name)
	if err != nil {
		c.refuse("VRFY", err)
		return
	}
	c.say(250, smtp.EnhancedCode{2, 1, 5}, mailbox)
}

// maxMembers is how many members of a list EXPN tells of: what the replies to
// one command may take of memory is bounded.
const maxMembers = 1000

// expand carries out EXPN, which may be left out (RFC 5321 §3.5.2).
func (c *conn) expand(ctx context.Context, name string) {
	v, ok := c.session.(Verifier)
	if !ok || !c.offers.EXPN {
		c.say(502, codeSequence, "Command not implemented")
		return
	}
	if name == "" {
		c.refuse("EXPN", errNoName)
		return
	}
	members, err := v.Expand(ctx, name)
	if err == nil && len(members) == 0 {
		err = errors.New("session expanded a list to nobody")
	}
	if err != nil {
		c.refuse("EXPN", err)
		return
	}
	members = members[:min(len(members), maxMembers)]
	c.reply(smtp.Reply{Code: 250, Enhanced: smtp.EnhancedCode{2, 1, 5}, Lines: members})
}
