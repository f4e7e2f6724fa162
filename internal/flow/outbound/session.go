package outbound

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mailstead/mailstead/dsn"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpclient"
)

// A clientSession is the session of a real connection.
type clientSession struct {
	*smtpclient.Client
	place    place
	security Security
	now      func() time.Time
}

// send implements session.
func (s *clientSession) send(ctx context.Context, p Parcel, recipients []int) sending {
	outcomes, err := s.Send(ctx, s.message(p, recipients))
	_, secure := s.TLS()
	sent := sending{
		results:   make([]Result, len(outcomes)),
		undecided: make([]bool, len(outcomes)),
		usable:    s.Usable(),
		stale:     err != nil && isConnection(err),
	}
	for i, o := range outcomes {
		r := s.result(o)
		r.Address, r.TLS, r.Security = s.place.addr.String(), secure, s.security
		if s.place.from.IsValid() {
			r.Source = s.place.from.String()
		}
		sent.results[i], sent.undecided[i] = r, isConnection(o.Err) || errors.Is(o.Err, smtpclient.ErrNoRequireTLS)
		sent.stale = sent.stale && o.Reply.IsZero()
	}
	return sent
}

// message puts a parcel into the client's words.
func (s *clientSession) message(p Parcel, recipients []int) smtpclient.Message {
	m := smtpclient.Message{From: p.Message.Sender, Options: p.Message.Options, Body: p.Content.Reader(), Size: p.Content.Size()}
	m.Options.By = m.Options.By.After(s.now().Sub(begin(&p.Message)))
	m.Options.Auth = "" // says who submitted the message to us, and is not for strangers
	if m.Options.Body == smtp.Body8BitMIME && !s.Extensions().Has(smtp.EightBitMIME) {
		// QUIRK: RFC 6152 §3 wants the message converted or returned. The
		// few servers that do not offer 8BITMIME pass eight bits on all
		// the same, and most messages marked so have only seven.
		m.Options.Body = ""
	}
	if p.Message.Sender.IsNull() && !s.Extensions().Has(smtp.RequireTLS) {
		// A notification is better sent in the clear than not at all: of a
		// message that demands TLS it has only the header (RFC 8689 §5).
		m.Options.RequireTLS = false
	}
	for _, i := range recipients {
		r := p.Recipients[i]
		m.To = append(m.To, smtpclient.Recipient{To: smtp.ForwardPath{Address: r.Address}, Options: r.Options})
	}
	return m
}

// quit implements session.
func (s *clientSession) quit() {
	if s.Usable() {
		// The server may answer or not: all messages are settled.
		_ = s.Quit(context.Background())
	}
	s.Close()
}

// isConnection reports whether an error speaks of the connection and not of
// the message, so that another host may take it at once. It does not if the
// server may have the message already.
func isConnection(err error) bool {
	var conn *smtpclient.ConnError
	if errors.As(err, &conn) {
		return !conn.MayBeAccepted
	}
	reply, ok := asReply(err)
	return ok && reply.Code == 421
}

// asReply returns the reply of the server that an error is about.
func asReply(err error) (smtp.Reply, bool) {
	var r *smtpclient.ReplyError
	if errors.As(err, &r) {
		return r.Reply, true
	}
	return smtp.Reply{}, false
}

// result turns what the client says about a recipient into a result.
func (s *clientSession) result(o smtpclient.Outcome) Result {
	var (
		refused *smtpclient.ReplyError
		lacking *smtp.Error
		broken  *smtpclient.ConnError
		body    *smtpclient.BodyError
	)
	switch {
	case o.Err == nil:
		r := fromReply(o.Reply)
		r.Remote, r.Command = s.place.name, "end of data"
		r.Reports = s.Extensions().Has(smtp.DSN)
		return r
	case errors.As(o.Err, &refused):
		return s.refusal(refused)
	case errors.As(o.Err, &lacking):
		e := lacking.Reply.Enhanced
		kind := Permanent
		if lacking.Temporary() {
			kind = Temporary
		}
		return failure(kind, dsn.Code{Class: e[0], Subject: e[1], Detail: e[2]}, lacking.Reply.Text()+".", o.Err)
	case errors.As(o.Err, &broken) && broken.MayBeAccepted:
		return failure(Temporary, codeBroken, fmt.Sprintf("The connection to %s broke before it was clear whether the message was taken.", s.place.name), o.Err)
	case errors.As(o.Err, &body) && !body.Temporary():
		return failure(Permanent, codeContent, "The message has line endings that mail must not have.", o.Err)
	case errors.As(o.Err, &body):
		return failure(Temporary, codeSystem, "The message could not be read from the store.", o.Err)
	}
	return failure(Temporary, codeBroken, fmt.Sprintf("The connection to %s broke.", s.place.name), o.Err)
}

// refusal turns a reply that says no into a result.
func (s *clientSession) refusal(e *smtpclient.ReplyError) Result {
	r := fromReply(e.Reply)
	r.Remote, r.Command = s.place.name, e.Command
	tooMany := e.Command == "RCPT" && e.Reply.Code == 552 &&
		(e.Reply.Enhanced.IsZero() || e.Reply.Enhanced == smtp.EnhancedCode{5, 5, 3})
	if r.Kind == Accepted || tooMany {
		// A yes where none was asked for makes no sense; and 552 is what
		// old servers say to one recipient too many (RFC 5321
		// §4.5.3.1.10).
		r.Kind, r.Code = Temporary, dsn.Code{Class: 4, Subject: 5}
	}
	return r
}
