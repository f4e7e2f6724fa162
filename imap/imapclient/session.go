package imapclient

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
	"github.com/mailstead/mailstead/sasl"
)

// Capability asks for the capabilities, which Has then knows.
func (c *Client) Capability(ctx context.Context) error {
	_, err := c.run(ctx, new(pending), "CAPABILITY", nil)
	return err
}

// Noop does nothing, so that the server can tell what is new.
func (c *Client) Noop(ctx context.Context) error {
	_, err := c.run(ctx, new(pending), "NOOP", nil)
	return err
}

// Logout says goodbye and ends the connection.
func (c *Client) Logout(ctx context.Context) error {
	_, err := c.run(ctx, new(pending), "LOGOUT", nil)
	// The server may have been quicker: that it is closed is all we want.
	_ = c.conn.Close()
	return err
}

// Login authenticates by a password (RFC 9051 §6.2.3).
func (c *Client) Login(ctx context.Context, username, password string) error {
	_, err := c.run(ctx, new(pending), "LOGIN", func(w *imapwire.Writer) {
		w.SP()
		w.String(username)
		w.SP()
		w.String(password)
	})
	return err
}

// Authenticate runs a SASL exchange (RFC 9051 §6.2.2).
func (c *Client) Authenticate(ctx context.Context, mechanism sasl.Client) error {
	name, initial, err := mechanism.Start()
	if err != nil {
		return err
	}
	inline := initial != nil && c.Has("SASL-IR")
	x := &exchange{c: c, mechanism: mechanism}
	if !inline {
		x.initial = initial
	}
	_, err = c.run(ctx, &pending{answer: x.answer}, "AUTHENTICATE", func(w *imapwire.Writer) {
		w.SP()
		w.Raw(name)
		if inline {
			w.SP()
			w.Raw(encodeInitial(initial))
		}
	})
	if err != nil {
		return errors.Join(err, x.err)
	}
	return sasl.Finish(mechanism)
}

// An exchange answers challenges.
type exchange struct {
	c         *Client
	mechanism sasl.Client
	initial   []byte // still to be sent
	err       error  // of the mechanism
}

// answer answers a challenge; "*" gives up.
func (x *exchange) answer(challenge []byte) error {
	decoded, err := base64.StdEncoding.DecodeString(string(challenge))
	if err != nil {
		return imapwire.Syntax("challenge is not base64")
	}
	response := x.initial
	if x.initial == nil {
		response, x.err = x.mechanism.Next(decoded)
	}
	x.initial = nil
	if x.err != nil {
		x.c.w.Byte('*')
	} else {
		x.c.w.Raw(base64.StdEncoding.EncodeToString(response))
	}
	x.c.w.CRLF()
	return x.c.w.Flush()
}

// encodeInitial encodes an initial response (RFC 4959 §3).
func encodeInitial(b []byte) string {
	if len(b) == 0 {
		return "="
	}
	return base64.StdEncoding.EncodeToString(b)
}

// Enable switches extensions on and returns those that now are
// (RFC 9051 §6.3.1).
func (c *Client) Enable(ctx context.Context, names ...string) ([]string, error) {
	p := new(pending)
	_, err := c.run(ctx, p, "ENABLE", func(w *imapwire.Writer) {
		w.SP()
		w.Raw(strings.Join(names, " "))
	})
	for _, name := range p.enabled {
		switch strings.ToUpper(name) {
		case "IMAP4REV2":
			c.rev2, c.utf8 = true, true
		case "UTF8=ACCEPT":
			c.utf8 = true
		case "QRESYNC":
			c.qresync = true
		}
	}
	c.r.UTF8, c.w.UTF8 = c.utf8, c.utf8
	return p.enabled, err
}

// ID tells the server who we are, names and values in turn, and returns what it
// says of itself (RFC 2971).
func (c *Client) ID(ctx context.Context, fields ...string) ([]string, error) {
	p := new(pending)
	_, err := c.run(ctx, p, "ID", func(w *imapwire.Writer) {
		w.SP()
		if len(fields) == 0 {
			w.Nil()
			return
		}
		for i, f := range fields {
			if i == 0 {
				w.Byte('(')
			} else {
				w.SP()
			}
			w.String(f)
		}
		w.Byte(')')
	})
	return p.id, err
}

// idData takes an ID response.
func (c *Client) idData() error {
	if err := c.r.SP(); err != nil {
		return err
	}
	if c.r.AcceptWord("NIL") {
		return c.r.End()
	}
	err := c.r.List(func() error {
		s, _, err := c.r.NString()
		c.current.id = append(c.current.id, s)
		return err
	})
	if err != nil {
		return err
	}
	return c.r.End()
}

// Idle waits for updates, told to Options.Update, until ctx is done, and
// returns nil then (RFC 9051 §6.3.13).
func (c *Client) Idle(ctx context.Context) error {
	stop := func() bool { return true }
	stopped := make(chan struct{})
	p := new(pending)
	p.answer = func([]byte) error {
		p.answer = nil
		c.conn.SetDeadline(time.Time{})
		stop = context.AfterFunc(ctx, func() {
			defer close(stopped)
			c.conn.SetDeadline(time.Now().Add(c.opts.Timeout))
			// Past the writer, which belongs to the other goroutine. If it
			// fails, so does reading the answer.
			_, _ = io.WriteString(c.conn, "DONE\r\n")
		})
		return nil
	}
	_, err := c.run(context.WithoutCancel(ctx), p, "IDLE", nil)
	if !stop() {
		<-stopped
	}
	return err
}

// Namespace asks for the name spaces (RFC 9051 §6.3.10).
func (c *Client) Namespace(ctx context.Context) (*imap.NamespaceData, error) {
	p := new(pending)
	_, err := c.run(ctx, p, "NAMESPACE", nil)
	return p.space, err
}

// namespace takes a NAMESPACE response.
func (c *Client) namespace() error {
	d := new(imap.NamespaceData)
	for _, list := range []*[]imap.Namespace{&d.Personal, &d.Other, &d.Shared} {
		if err := c.r.SP(); err != nil {
			return err
		}
		if c.r.AcceptWord("NIL") {
			continue
		}
		if err := c.r.Expect('('); err != nil {
			return err
		}
		for !c.r.Accept(')') {
			space, err := c.oneNamespace()
			if err != nil {
				return err
			}
			*list = append(*list, space)
		}
	}
	c.current.space = d
	return c.r.End()
}

func (c *Client) oneNamespace() (space imap.Namespace, err error) {
	if err = c.r.Expect('('); err != nil {
		return space, err
	}
	if space.Prefix, err = c.r.String(); err != nil {
		return space, err
	}
	if err = c.r.SP(); err != nil {
		return space, err
	}
	if space.Delim, err = c.delimiter(); err != nil {
		return space, err
	}
	for c.r.Accept(' ') {
		if err := c.namespaceExtension(); err != nil {
			return space, err
		}
	}
	return space, c.r.Expect(')')
}

// namespaceExtension passes over what is added to a name space, such as a
// translation (RFC 2342 §6, RFC 5255 §3.4).
func (c *Client) namespaceExtension() error {
	if _, err := c.r.String(); err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	return c.r.List(func() error {
		_, err := c.r.String()
		return err
	})
}

// delimiter takes a quoted character, or NIL.
func (c *Client) delimiter() (rune, error) {
	if c.r.AcceptWord("NIL") {
		return 0, nil
	}
	s, err := c.r.Quoted()
	if err != nil {
		return 0, err
	}
	runes := []rune(s)
	if len(runes) != 1 {
		return 0, imapwire.Syntax("delimiter expected")
	}
	return runes[0], nil
}

// hasCode returns the first of codes with that name.
func hasCode(codes []imap.Code, name imap.Code) (imap.Code, bool) {
	i := slices.IndexFunc(codes, func(c imap.Code) bool { return c.Name() == string(name) })
	if i < 0 {
		return "", false
	}
	return codes[i], true
}
