package imapserver

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// finish writes the tagged response of a command.
func (c *conn) finish(req *request, err error) {
	if req.answered || c.state == logout && req.name != "LOGOUT" {
		return
	}
	if err == nil {
		c.bad = 0
		c.status(req.tag, imap.StatusOK, req.code, req.okText())
		return
	}
	e := c.toError(err)
	if e.Type == imap.StatusBye {
		c.bye(e)
		return
	}
	c.status(req.tag, e.Type, e.Code, e.Text)
	if e.Type != imap.StatusBad {
		c.bad = 0
		return
	}
	if c.bad++; c.bad >= c.opts.MaxBad {
		c.linger = true
		c.byeText("", "Too many bad commands")
	}
}

// toError makes any error of a command one that can be told: what nobody
// foresaw is logged in full and told in general.
func (c *conn) toError(err error) *imap.Error {
	var e *imap.Error
	var syntax *imapwire.SyntaxError
	switch {
	case errors.As(err, &e):
		if e.Err != nil {
			c.log.Warn("imap: command failed", "command", c.running, "err", e)
		}
		return e
	case errors.As(err, &syntax):
		return imap.Bad(syntaxText + syntax.Text)
	case errors.Is(err, imapwire.ErrLiteralTooBig):
		return imap.No(imap.CodeLimit, "Literal is too big")
	case errors.Is(err, imapwire.ErrNonSync):
		return &imap.Error{Type: imap.StatusBad, Code: imap.CodeTooBig, Text: "A literal of that size must wait for permission"}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return imap.No(imap.CodeUnavailable, "Interrupted, try again")
	}
	c.log.Error("imap: command failed", "command", c.running, "err", err)
	return imap.No(imap.CodeServerBug, "Internal error, try again later")
}

// fatal ends the connection because its bytes can no longer be understood.
func (c *conn) fatal(err error) {
	c.linger = true
	switch {
	case c.broken != nil:
		c.sayTooSlow()
	case errors.Is(err, imapwire.ErrLineTooLong):
		c.byeText(imap.CodeLimit, "Line is too long")
	case errors.Is(err, imapwire.ErrSkip):
		c.byeText(imap.CodeTooBig, "Literal is too big")
	default:
		c.bye(err)
	}
}

// status writes a status response, tagged or with "*".
func (c *conn) status(tag string, t imap.StatusType, code imap.Code, text string) {
	w := c.w
	w.Raw(tag)
	w.SP()
	w.Raw(string(t))
	w.SP()
	if code != "" {
		w.Byte('[')
		w.Raw(string(code))
		w.Raw("] ")
	}
	w.Raw(c.translate(text))
	w.CRLF()
}

// endCode ends a status response whose code has been written up to its bracket.
func (c *conn) endCode(text string) {
	c.w.Raw("] ")
	c.w.Raw(c.translate(text))
	c.w.CRLF()
}

// bye says BYE because of err and ends the connection.
func (c *conn) bye(err error) {
	e := c.toError(err)
	c.byeText(e.Code, e.Text)
}

func (c *conn) byeText(code imap.Code, text string) {
	c.status("*", imap.StatusBye, code, text)
	c.w.Flush()
	c.state = logout
}
