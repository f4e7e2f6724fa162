package imapserver

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// noop runs NOOP and CHECK (RFC 9051 §6.1.2, RFC 3501 §6.4.1): the poll that
// follows is all they are for.
func (c *conn) noop(_ context.Context, req *request) error { return c.end(req) }

// logout runs LOGOUT (RFC 9051 §6.1.3).
func (c *conn) logout(_ context.Context, req *request) error {
	if err := c.end(req); err != nil {
		return err
	}
	c.status("*", imap.StatusBye, "", "Logging out")
	c.state = logout
	return nil
}

// Bounds of the parameters of ID (RFC 2971 §3.3).
const (
	maxIDFields = 30
	maxIDName   = 30
	maxIDValue  = 1024
)

// id runs ID (RFC 2971). What the client says of itself goes to the log.
func (c *conn) id(_ context.Context, req *request) error {
	fields, err := c.idParams()
	if err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	c.log.Info("imap: client identified itself", "id", fields)
	c.clientID = fields
	c.applySwitches()
	c.w.Raw("* ID ")
	c.writeID()
	c.w.CRLF()
	return nil
}

// idParams takes NIL or a list of names and values.
func (c *conn) idParams() ([]string, error) {
	if err := c.r.SP(); err != nil {
		return nil, err
	}
	if c.r.AcceptWord("NIL") {
		return nil, nil
	}
	var fields []string
	err := c.r.List(func() error {
		name, err := c.r.String()
		if err != nil {
			return err
		}
		if err := c.r.SP(); err != nil {
			return err
		}
		value, _, err := c.r.NString()
		if len(name) > maxIDName || len(value) > maxIDValue || len(fields) == 2*maxIDFields {
			return imapwire.Syntax("ID is too long")
		}
		fields = append(fields, name, value)
		return err
	})
	return fields, err
}

func (c *conn) writeID() {
	if len(c.opts.ServerID) == 0 {
		c.w.Nil()
		return
	}
	sep := byte('(')
	for _, s := range c.opts.ServerID {
		c.w.Byte(sep)
		c.w.String(s)
		sep = ' '
	}
	c.w.Byte(')')
}
