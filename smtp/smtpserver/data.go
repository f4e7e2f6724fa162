package smtpserver

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/mailstead/mailstead/smtp"
)

// data carries out DATA (RFC 5321 §4.1.1.4).
func (c *conn) data(ctx context.Context, args string) {
	if !c.needNoArgs(args) || !c.mayData() {
		return
	}
	if c.tx.binary { // RFC 3030 §3
		c.say(503, codeSequence, "A BINARYMIME message must be sent by BDAT")
		return
	}
	c.say(354, none, "End data with <CR><LF>.<CR><LF>")
	b := c.newBody(dots{})
	b.scan.dots = true
	begin := time.Now()
	result, err := c.session.Data(ctx, &Message{Reader: b, With: c.with()})
	err = b.checkRead(err)
	drainErr := b.discard(c.server.opts.Limits.DiscardedBytes, never)
	c.wait.endMessage()
	if drainErr != nil {
		c.discardFailed(b)
		return
	}
	if !c.streamFailed(b) {
		c.settle(b, result, err, begin)
	}
}

func never() bool { return false }

// mayData refuses a message without recipients. RFC 2033 §4.2 wants 503 for
// it, RFC 5321 §3.3 allows it.
func (c *conn) mayData() bool {
	if c.tx.accepted == 0 {
		c.say(503, codeSequence, "Need RCPT first, and one that is accepted")
	}
	return c.tx.accepted > 0
}

// newBody begins the stream of a message.
func (c *conn) newBody(s source) *body {
	c.in.grow()
	c.wait.mayStop = false
	c.wait.beginMessage()
	limits := c.server.opts.Limits
	return &body{
		in:          &c.in,
		scan:        scanner{lineStart: true},
		source:      s,
		max:         limits.MessageSize,
		maxReceived: limits.Received,
		acceptNUL:   c.server.opts.AcceptNUL || c.tx.binary,
		binary:      c.tx.binary,
	}
}

// discardFailed ends the connection of a client that goes on with a message
// that is refused.
func (c *conn) discardFailed(b *body) {
	c.limited("DiscardedBytes")
	c.linger = true
	c.endTransaction()
	if b.refusal != nil {
		c.reply(b.refusal.Reply)
		c.done = true
		return
	}
	c.farewell(421, codeBadSystem, "Message refused, closing connection")
}

// streamFailed ends the connection if it broke within the message.
func (c *conn) streamFailed(b *body) bool {
	if b.end == nil || b.end == io.EOF {
		return false
	}
	c.endTransaction()
	if errors.Is(b.end, errStopping) {
		c.limited("Drain")
		c.farewell(421, codeShutdown, "Service shutting down")
		return true
	}
	if isTimeout(b.end) {
		c.limited("DataBlock")
		c.farewell(421, codeTimeout, "Timeout, closing connection")
		return true
	}
	c.log.Info("connection broken in a message", "err", b.end, "size", b.size)
	c.done = true
	return true
}

// settle ends the transaction with the reply, or with one per recipient.
func (c *conn) settle(b *body, result Result, err error, begin time.Time) {
	recipients := c.tx.accepted
	c.endTransaction()
	switch {
	case b.refusal != nil:
		err = b.refusal
		c.countRefusal(b.refusal)
	case err == nil && result.Recipients != nil && len(result.Recipients) != recipients:
		err = errors.New("session returned results for other recipients than it had")
	}
	facts := []any{"size", b.size, "recipients", recipients, "duration", time.Since(begin)}
	if c.server.opts.Mode == LMTP {
		for i := range recipients {
			c.answer(recipientErr(result, err, i), result, facts)
		}
		return
	}
	c.answer(combine(result, err), result, facts)
}

// answer is the last word on a message; facts go to the log.
func (c *conn) answer(err error, result Result, facts []any) {
	if err != nil {
		r := smtp.ReplyTo(err)
		c.log.Info("message refused", append(facts, "code", r.Code, "err", err)...)
		c.reply(r)
		return
	}
	c.log.Debug("message accepted", append(facts, "text", result.Text)...)
	c.bad, c.idle = 0, 0
	c.expectNext()
	text, code := "OK", codeOK
	if result.Text != "" {
		text += " " + result.Text
	}
	if !result.Enhanced.IsZero() {
		code = result.Enhanced
	}
	c.say(250, code, text)
}

func (c *conn) countRefusal(err *smtp.Error) {
	switch err {
	case errTooBig:
		c.limited("MessageSize")
	case errLoop:
		c.limited("Received")
	}
}

// recipientErr returns the fate of recipient i.
func recipientErr(result Result, err error, i int) error {
	if err != nil || result.Recipients == nil {
		return err
	}
	return result.Recipients[i]
}

// combine makes one fate of all: it is good only if each is, and temporary if
// any is, for then the client must try again.
func combine(result Result, err error) error {
	if err != nil {
		return err
	}
	var permanent error
	for _, err := range result.Recipients {
		if err == nil {
			continue
		}
		if r := smtp.ReplyTo(err); r.Temporary() {
			return err
		}
		if permanent == nil {
			permanent = err
		}
	}
	return permanent
}
