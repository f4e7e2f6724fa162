package imapclient

import (
	"strconv"

	"github.com/mailstead/mailstead/imap/imapwire"
	"github.com/mailstead/mailstead/message"
)

func imapNumber(n int64) string { return strconv.FormatInt(n, 10) }

// envelope takes an ENVELOPE (RFC 9051 §7.5.2).
func (c *Client) envelope() (*message.Envelope, error) {
	e := new(message.Envelope)
	if err := c.r.Expect('('); err != nil {
		return nil, err
	}
	for _, s := range []*string{&e.Date, &e.Subject} {
		if err := c.nstringSP(s); err != nil {
			return nil, err
		}
	}
	for _, list := range []*[]message.Address{&e.From, &e.Sender, &e.ReplyTo, &e.To, &e.Cc, &e.Bcc} {
		var err error
		if *list, err = c.addresses(); err != nil {
			return nil, err
		}
		if err := c.r.SP(); err != nil {
			return nil, err
		}
	}
	if err := c.nstringSP(&e.InReplyTo); err != nil {
		return nil, err
	}
	var err error
	if e.MessageID, _, err = c.r.NString(); err != nil {
		return nil, err
	}
	return e, c.r.Expect(')')
}

// nstringSP takes an nstring and a space.
func (c *Client) nstringSP(s *string) (err error) {
	if *s, _, err = c.r.NString(); err != nil {
		return err
	}
	return c.r.SP()
}

// addresses takes a list of addresses, or NIL.
func (c *Client) addresses() ([]message.Address, error) {
	if c.r.AcceptWord("NIL") {
		return nil, nil
	}
	if err := c.r.Expect('('); err != nil {
		return nil, err
	}
	var list []message.Address
	for !c.r.Accept(')') {
		var a message.Address
		if err := c.r.Expect('('); err != nil {
			return nil, err
		}
		for _, s := range []*string{&a.Name, &a.Route, &a.Mailbox} {
			if err := c.nstringSP(s); err != nil {
				return nil, err
			}
		}
		var err error
		if a.Host, _, err = c.r.NString(); err != nil {
			return nil, err
		}
		if err := c.r.Expect(')'); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	if len(list) == 0 {
		return nil, imapwire.Syntax("empty address list")
	}
	return list, nil
}

// maxNesting is how deep a part tree may be.
const maxNesting = 120

// body takes a BODY or BODYSTRUCTURE.
func (c *Client) body(depth int) (*message.Part, error) {
	if depth > maxNesting {
		return nil, imapwire.Syntax("parts are nested too deep")
	}
	if err := c.r.Expect('('); err != nil {
		return nil, err
	}
	p := new(message.Part)
	parse := c.singlePart
	if c.r.Peek('(') {
		parse = c.multipart
	}
	if err := parse(p, depth); err != nil {
		return nil, err
	}
	return p, c.r.Expect(')')
}

// multipart takes parts, a subtype and extension data.
func (c *Client) multipart(p *message.Part, depth int) (err error) {
	p.Type = "multipart"
	for c.r.Peek('(') {
		child, err := c.body(depth + 1)
		if err != nil {
			return err
		}
		p.Children = append(p.Children, child)
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	if p.Subtype, err = c.r.String(); err != nil || !c.r.Accept(' ') {
		return err
	}
	if p.Params, err = c.params(); err != nil {
		return err
	}
	return c.extension(p)
}

// singlePart takes a part that is not a multipart.
func (c *Client) singlePart(p *message.Part, depth int) (err error) {
	if p.Type, err = c.r.String(); err != nil {
		return err
	}
	if err = c.r.SP(); err != nil {
		return err
	}
	if p.Subtype, err = c.r.String(); err != nil {
		return err
	}
	if err = c.r.SP(); err != nil {
		return err
	}
	if p.Params, err = c.params(); err != nil {
		return err
	}
	if err = c.r.SP(); err != nil {
		return err
	}
	if err = c.nstringSP(&p.ID); err != nil {
		return err
	}
	if err = c.nstringSP(&p.Description); err != nil {
		return err
	}
	if p.Encoding, err = c.r.String(); err != nil {
		return err
	}
	if err = c.r.SP(); err != nil {
		return err
	}
	if p.End, err = c.r.Number64(); err != nil {
		return err
	}
	if err = c.kind(p, depth); err != nil || !c.r.Accept(' ') {
		return err
	}
	if p.MD5, _, err = c.r.NString(); err != nil {
		return err
	}
	return c.extension(p)
}

// kind takes what only messages and texts have.
func (c *Client) kind(p *message.Part, depth int) (err error) {
	if p.IsMessage() {
		if err = c.r.SP(); err != nil {
			return err
		}
		if p.Envelope, err = c.envelope(); err != nil {
			return err
		}
		if err = c.r.SP(); err != nil {
			return err
		}
		child, err := c.body(depth + 1)
		if err != nil {
			return err
		}
		p.Children = []*message.Part{child}
	} else if !p.IsText() {
		return nil
	}
	if err = c.r.SP(); err != nil {
		return err
	}
	p.Lines, err = c.r.Number64()
	return err
}

// extension takes disposition, language and location, as far as they are
// there.
func (c *Client) extension(p *message.Part) (err error) {
	if !c.r.Accept(' ') {
		return nil
	}
	if err = c.disposition(p); err != nil || !c.r.Accept(' ') {
		return err
	}
	if c.r.Peek('(') {
		err = c.r.List(func() error {
			tag, err := c.r.String()
			p.Language = append(p.Language, tag)
			return err
		})
	} else if tag, ok, e := c.r.NString(); ok || e != nil {
		p.Language, err = []string{tag}, e
	}
	if err != nil || !c.r.Accept(' ') {
		return err
	}
	p.Location, _, err = c.r.NString()
	return err
}

func (c *Client) disposition(p *message.Part) (err error) {
	if c.r.AcceptWord("NIL") {
		return nil
	}
	if err = c.r.Expect('('); err != nil {
		return err
	}
	if p.Disposition, err = c.r.String(); err != nil {
		return err
	}
	if err = c.r.SP(); err != nil {
		return err
	}
	if p.DispositionParams, err = c.params(); err != nil {
		return err
	}
	return c.r.Expect(')')
}

// params takes a list of names and values, or NIL.
func (c *Client) params() (list []message.Param, err error) {
	if c.r.AcceptWord("NIL") {
		return nil, nil
	}
	err = c.r.List(func() error {
		name, err := c.r.String()
		if err != nil {
			return err
		}
		if err := c.r.SP(); err != nil {
			return err
		}
		value, err := c.r.String()
		list = append(list, message.Param{Name: name, Value: value})
		return err
	})
	if err == nil && len(list) == 0 {
		err = imapwire.Syntax("empty parameter list")
	}
	return list, err
}
