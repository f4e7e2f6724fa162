package crashtest

import (
	"fmt"
	"strings"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpclient"
)

// perSession is what a client does before it takes a new connection.
const perSession = 10

// deliver brings mail to one account or to several, as another server does.
func (c *client) deliver() error {
	return c.withSMTP("smtp", "", func(s *smtpclient.Client) error {
		return c.send(s, "sender@elsewhere.test", c.accounts(3))
	})
}

// deliverLMTP does so by LMTP, where each account has an answer of its own.
func (c *client) deliverLMTP() error {
	return c.withSMTP("lmtp", "", func(s *smtpclient.Client) error {
		return c.send(s, "sender@elsewhere.test", c.accounts(3))
	})
}

// submit sends mail to the next hop, and perhaps to accounts as well.
func (c *client) submit() error {
	user := c.account()
	return c.withSMTP("submission", user, func(s *smtpclient.Client) error {
		to := []string{HopDomain}
		if c.random.IntN(3) == 0 {
			to = append(to, c.accounts(2)...)
		}
		return c.send(s, user, to)
	})
}

// withSMTP does something over a connection some times.
func (c *client) withSMTP(service, user string, turn func(*smtpclient.Client) error) error {
	conn, err := c.dial(service)
	if err != nil {
		return err
	}
	s := smtpclient.New(conn, smtpclient.Options{Name: "client.test", LMTP: service == "lmtp", AllowInsecureAuth: true})
	defer s.Close()
	if err := s.Hello(c.ctx); err != nil {
		return err
	}
	if user != "" {
		if err := s.Auth(c.ctx, sasl.NewPlainClient("", user, c.Target.Password)); err != nil {
			return err
		}
	}
	for range perSession {
		if err := turn(s); err != nil {
			return err
		}
	}
	return s.Quit(c.ctx)
}

// send sends a letter to accounts, and to the next hop where its domain stands.
func (c *client) send(s *smtpclient.Client, from string, to []string) error {
	letter, text := c.Ledger.newLetter(from, c.random)
	m := smtpclient.Message{Body: strings.NewReader(text), Size: int64(len(text))}
	places := make([]place, len(to))
	for i, one := range to {
		places[i].box = c.Ledger.away
		if one == HopDomain {
			one = letter.Token + "@" + HopDomain
		} else {
			places[i].box = c.Ledger.inbox(one)
		}
		addr, err := address.Parse(one)
		if err != nil {
			return err
		}
		m.To = append(m.To, smtpclient.Recipient{To: smtp.ForwardPath{Address: addr}})
	}
	addr, err := address.Parse(from)
	if err != nil {
		return err
	}
	m.From = smtp.ReversePath{Address: addr}
	op := c.Ledger.arrive("sending", []*Letter{letter}, places...)
	outcomes, err := s.Send(c.ctx, m)
	if outcomes == nil {
		return c.conclude(op, err)
	}
	return c.heard(op, outcomes)
}

// heard ends an operation with what was said of each recipient.
func (c *client) heard(op *Op, outcomes []smtpclient.Outcome) error {
	var failed error
	for i, o := range outcomes {
		if o.Err != nil {
			failed = fmt.Errorf("sending to recipient %d of %d: %w", i+1, len(outcomes), o.Err)
		}
	}
	for _, part := range c.Ledger.split(op, func(i int) error { return outcomes[i].Err }) {
		c.conclude(part.op, part.err)
	}
	return failed
}
