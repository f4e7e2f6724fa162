package crashtest

import (
	"errors"
	"fmt"
	"io"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/pop3"
	"github.com/mailstead/mailstead/pop3/pop3client"
)

// popMail downloads some of a maildrop and removes some of that.
func (c *client) popMail() error {
	account := c.account()
	seen := c.Ledger.view(c.Ledger.inbox(account))
	p, err := c.maildrop(account)
	if err != nil || p == nil {
		return err
	}
	defer p.Close()
	if err := c.retrieve(p, seen, 8); err != nil {
		return err
	}
	op, uids := c.Ledger.take("QUIT", seen, 3, func(was *Copy) []move {
		return []move{{copy: was, before: was.at}}
	})
	if op == nil {
		return p.Quit(c.ctx)
	}
	for n := range uids.All() {
		if err := p.Delete(c.ctx, int(n)); err != nil {
			return c.conclude(op, err)
		}
	}
	return c.conclude(op, p.Quit(c.ctx))
}

// maildrop returns a client that has logged in, or nil if the maildrop is still
// locked for a connection whose end the server has not noticed.
func (c *client) maildrop(account string) (*pop3client.Client, error) {
	conn, err := c.dial("pop3")
	if err != nil {
		return nil, err
	}
	p, err := pop3client.New(c.ctx, conn, pop3client.Options{InsecureAuth: true})
	if err != nil {
		return nil, err
	}
	err = p.Login(c.ctx, account, c.Target.Password)
	var refusal *pop3.Error
	if err == nil {
		return p, nil
	}
	p.Close()
	if errors.As(err, &refusal) && refusal.Code == pop3.CodeInUse {
		return nil, nil
	}
	return nil, err
}

// retrieve downloads up to n messages and notes their numbers.
func (c *client) retrieve(p *pop3client.Client, seen *view, n int) error {
	list, err := p.UIDL(c.ctx)
	if err != nil {
		return err
	}
	for _, u := range list[:min(n, len(list))] {
		text, err := c.retrieveOne(p, u.Number)
		if refused(err) {
			continue // removed by IMAP meanwhile
		}
		if err != nil {
			return err
		}
		token := tokenOf(text)
		c.Ledger.unique(seen.box.account, u.UID, token)
		if err := c.Ledger.verify(token, text); err != nil {
			return fmt.Errorf("RETR of %s: %w", seen.box.account, err)
		}
		seen.numbers[token] = imap.UID(u.Number)
	}
	return nil
}

func (c *client) retrieveOne(p *pop3client.Client, n int) ([]byte, error) {
	r, err := p.Retrieve(c.ctx, n)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
