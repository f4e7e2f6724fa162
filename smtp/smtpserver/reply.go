package smtpserver

import (
	"time"

	"github.com/mailstead/mailstead/smtp"
)

// maxPending is how many octets of replies are held back for one write.
const maxPending = 4 << 10

// Enhanced codes that several commands use (RFC 3463).
var (
	none           = smtp.EnhancedCode{}
	codeOK         = smtp.EnhancedCode{2, 0, 0}
	codeBadSystem  = smtp.EnhancedCode{4, 3, 0}
	codeShutdown   = smtp.EnhancedCode{4, 3, 2}
	codeTimeout    = smtp.EnhancedCode{4, 4, 2}
	codePolicyTemp = smtp.EnhancedCode{4, 7, 0}
	codeSequence   = smtp.EnhancedCode{5, 5, 1}
	codeSyntax     = smtp.EnhancedCode{5, 5, 2}
	codeArguments  = smtp.EnhancedCode{5, 5, 4}
	codePolicy     = smtp.EnhancedCode{5, 7, 0}
)

// say replies with one line.
func (c *conn) say(code int, enhanced smtp.EnhancedCode, text string) {
	c.reply(smtp.Reply{Code: code, Enhanced: enhanced, Lines: []string{text}})
}

// reply adds a reply to those that go out before the connection is read again:
// the replies to a group of pipelined commands make one write (RFC 2920 §3.2).
func (c *conn) reply(r smtp.Reply) {
	c.out = r.Append(c.out)
	c.server.metrics.Replied(c.verb, r.Code)
	c.countBad(r.Code)
	if r.Code == 421 { // RFC 5321 §3.8
		c.done = true
	}
	if len(c.out) > maxPending {
		_ = c.flush() // reading fails as well and ends the connection
	}
}

// countBad counts the commands that could not be understood or stood out of
// sequence. A recipient refused is no such command.
func (c *conn) countBad(code int) {
	if code >= 500 && code <= 504 || code == 530 || code == 538 || code == 555 {
		c.bad++
	}
}

// refuse replies to a failure and logs it: the client sees the reply of an
// *smtp.Error and nothing of any other.
func (c *conn) refuse(what string, err error) {
	r := smtp.ReplyTo(err)
	c.log.Info(what+" refused", "code", r.Code, "err", err)
	c.reply(r)
}

// farewell ends the connection with a reply.
func (c *conn) farewell(code int, enhanced smtp.EnhancedCode, text string) {
	c.verb = ""
	c.say(code, enhanced, c.server.opts.Hostname+" "+text)
	c.done = true
}

// limited counts that a limit was reached.
func (c *conn) limited(name string) {
	c.server.metrics.Limited(name)
	c.log.Info("limit reached", "limit", name)
}

// flush writes the pending replies. Once that has failed nothing is written
// any more.
func (c *conn) flush() error {
	if len(c.out) == 0 || c.writeErr != nil {
		return c.writeErr
	}
	_ = c.net.SetWriteDeadline(time.Now().Add(c.server.opts.Timeouts.Write))
	_, err := c.net.Write(c.out)
	c.out = c.out[:0]
	if isTimeout(err) {
		c.limited("Write")
	}
	c.writeErr = err
	return err
}
