package smtpclient

import (
	"context"

	"github.com/mailstead/mailstead/smtp"
)

// Hello waits for the greeting, if it has not come yet, and says EHLO, or LHLO
// in LMTP. If the server does not know EHLO, HELO is said (RFC 5321 §3.2).
func (c *Client) Hello(ctx context.Context) error {
	defer c.wire.within(ctx)()
	if err := c.greeting(); err != nil {
		return err
	}
	return c.hello()
}

func (c *Client) greeting() error {
	if c.greeted {
		return nil
	}
	c.wire.command = "greeting"
	r, err := c.reply(c.opts.Timeouts.Greeting)
	if err != nil {
		return err
	}
	if r.Code != 220 {
		return &ReplyError{Command: "greeting", Reply: r}
	}
	c.greeted = true
	return nil
}

func (c *Client) hello() error {
	c.helloed, c.extensions, c.mails = false, nil, 0
	verb := "EHLO"
	if c.opts.LMTP {
		verb = "LHLO"
	}
	r, err := c.expect(verb, verb+" "+c.opts.Name, c.opts.Timeouts.Command, 250)
	if isReply(err) && !c.opts.LMTP && unknownCommand(r) {
		_, err = c.expect("HELO", "HELO "+c.opts.Name, c.opts.Timeouts.Command, 250)
		r = smtp.Reply{}
	}
	if err != nil {
		return err
	}
	c.helloed, c.dirty = true, false
	if len(r.Lines) > 1 {
		c.extensions = smtp.ParseExtensions(r.Lines[1:])
	}
	return nil
}

// unknownCommand tells whether a server does not know what it was asked, as
// opposed to not wanting it.
func unknownCommand(r smtp.Reply) bool {
	return r.Code >= 500 && r.Code <= 504
}
