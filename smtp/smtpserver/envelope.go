package smtpserver

import (
	"context"
	"strings"

	"github.com/mailstead/mailstead/smtp"
)

// mail carries out MAIL (RFC 5321 §4.1.1.2).
func (c *conn) mail(ctx context.Context, args string) {
	c.idle++
	if !c.mayMail() {
		return
	}
	text, ok := cutKeyword(args, "FROM:")
	if !ok {
		c.say(501, codeArguments, "Syntax: MAIL FROM:<address>")
		return
	}
	from, rest, err := smtp.ParseReversePath(text)
	if err != nil {
		c.refuse("sender", err)
		return
	}
	opts, err := smtp.ParseMailOptions(rest, c.offered)
	if err == nil {
		err = c.checkMail(text[:len(text)-len(rest)], opts)
	}
	if err == nil {
		err = c.session.Mail(ctx, from, opts)
	}
	if err != nil {
		c.refuse("sender "+from.String(), err)
		return
	}
	c.mails++
	c.tx = transaction{active: true, utf8: opts.SMTPUTF8, binary: opts.Body == smtp.BodyBinaryMIME}
	c.say(250, smtp.EnhancedCode{2, 1, 0}, "Sender OK")
}

// mayMail holds MAIL against the state of the connection.
func (c *conn) mayMail() bool {
	switch {
	case c.hello.Verb == "":
		c.say(503, codeSequence, "Say hello first")
	case c.mustLogIn():
		c.say(530, codePolicy, "Authentication required")
	case c.tx.active:
		c.say(503, codeSequence, "Sender already given")
	case c.server.opts.Limits.Messages > 0 && c.mails >= c.server.opts.Limits.Messages:
		c.limited("Messages")
		c.farewell(421, smtp.EnhancedCode{4, 5, 3}, "Too many messages in one session, please connect again")
	default:
		return true
	}
	return false
}

// checkMail holds the parameters against the limits and against each other.
func (c *conn) checkMail(path string, opts smtp.MailOptions) error {
	if opts.Size > c.server.opts.Limits.MessageSize {
		c.limited("MessageSize")
		return errTooBig
	}
	if !opts.SMTPUTF8 && !isASCII(path) {
		return errSenderUTF8
	}
	return c.offers.checkTimes(&opts)
}

// Refusals of an address beyond ASCII in a transaction that is not
// internationalized (RFC 6531 §3.5).
var (
	errSenderUTF8    = smtp.NewError(550, smtp.EnhancedCode{5, 6, 7}, "Address beyond ASCII needs SMTPUTF8")
	errRecipientUTF8 = smtp.NewError(553, smtp.EnhancedCode{5, 6, 7}, "Address beyond ASCII needs SMTPUTF8")
)

func isASCII(path string) bool {
	for i := 0; i < len(path); i++ {
		if path[i] >= 0x80 {
			return false
		}
	}
	return true
}

// rcpt carries out RCPT (RFC 5321 §4.1.1.3).
func (c *conn) rcpt(ctx context.Context, args string) {
	if !c.tx.active {
		c.say(503, codeSequence, "Need MAIL first")
		return
	}
	text, ok := cutKeyword(args, "TO:")
	if !ok {
		c.say(501, codeArguments, "Syntax: RCPT TO:<address>")
		return
	}
	if c.tx.attempts >= c.server.opts.Limits.Recipients {
		c.limited("Recipients")
		c.say(452, smtp.EnhancedCode{4, 5, 3}, "Too many recipients")
		return
	}
	c.tx.attempts++
	to, rest, err := smtp.ParseForwardPath(text)
	if err != nil {
		c.refuse("recipient", err)
		return
	}
	opts, err := smtp.ParseRcptOptions(rest, c.offered)
	if err == nil && !c.tx.utf8 && !isASCII(text[:len(text)-len(rest)]) {
		err = errRecipientUTF8
	}
	if err == nil {
		err = c.session.Rcpt(ctx, to, opts)
	}
	if err != nil {
		c.refuse("recipient "+to.String(), err)
		return
	}
	c.tx.accepted++
	c.say(250, smtp.EnhancedCode{2, 1, 5}, "Recipient OK")
}

// cutKeyword takes the keyword, in any case, from the front of args.
//
// QUIRK: a space after the colon is no part of the grammar, but scripts and
// appliances of many makers send one.
func cutKeyword(args, keyword string) (rest string, ok bool) {
	if len(args) < len(keyword) || !strings.EqualFold(args[:len(keyword)], keyword) {
		return "", false
	}
	return strings.TrimLeft(args[len(keyword):], " "), true
}
