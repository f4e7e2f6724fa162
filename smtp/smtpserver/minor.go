package smtpserver

import (
	"context"

	"github.com/mailstead/mailstead/smtp"
)

// minor carries out the commands that say little and change nothing but the
// transaction.
func (c *conn) minor(ctx context.Context, cmd command) {
	c.idle++
	if cmd.refusal != nil {
		c.reply(cmd.refusal.Reply)
		return
	}
	switch cmd.verb {
	case "NOOP": // RFC 5321 §4.1.1.9: an argument is ignored
		c.say(250, codeOK, "OK")
	case "RSET":
		if c.needNoArgs(cmd.args) {
			c.reset()
			c.say(250, codeOK, "OK")
		}
	case "VRFY":
		c.verify(ctx, cmd.args)
	case "EXPN":
		c.expand(ctx, cmd.args)
	case "HELP":
		c.help()
	default:
		c.say(500, codeSequence, "Command not recognized")
	}
}

func (c *conn) help() {
	hello := "EHLO HELO"
	if c.server.opts.Mode == LMTP {
		hello = "LHLO"
	}
	commands := hello + " MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT"
	if c.mayStartTLS() {
		commands += " STARTTLS"
	}
	if len(c.mechanisms) > 0 {
		commands += " AUTH"
	}
	if c.offers.EXPN {
		commands += " EXPN"
	}
	if c.offers.ETRN {
		commands += " ETRN"
	}
	if c.offers.BURL {
		commands += " BURL"
	}
	c.reply(smtp.Reply{Code: 214, Enhanced: codeOK, Lines: []string{"Commands:", commands}})
}

func (c *conn) quit(args string) {
	if !c.needNoArgs(args) {
		return
	}
	c.reset()
	c.say(221, codeOK, c.server.opts.Hostname+" closing connection")
	c.done = true
}
