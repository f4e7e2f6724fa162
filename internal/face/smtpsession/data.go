package smtpsession

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/flow/delivery"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/message"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpserver"
)

// maxHeader is how much of a header a submission may have: it must be looked
// at as a whole.
const maxHeader = 1 << 20

// errHeader says that a header is longer: another author could stand in it.
var errHeader = smtp.NewError(554, smtp.EnhancedCode{5, 6, 0}, "Header of the message is too long")

// Data takes the message and delivers it.
func (s *session) Data(ctx context.Context, m *smtpserver.Message) (smtpserver.Result, error) {
	defer s.Reset()
	a := arrival{id: newID(), with: m.With}
	result, err := s.take(ctx, m, &a)
	s.traceArrival(&a, err)
	return result, err
}

func (s *session) take(ctx context.Context, m *smtpserver.Message, a *arrival) (smtpserver.Result, error) {
	content, err := s.ingest(m)
	if err != nil {
		return smtpserver.Result{}, replyTo(err)
	}
	defer func() { content.Discard() }()
	if s.opts.Body == smtp.BodyBinaryMIME {
		if content, err = s.unbinary(content); err != nil {
			return smtpserver.Result{}, replyTo(err)
		}
	}
	a.at = s.Now()
	out := &delivery.Message{
		Content: content,
		From:    s.from,
		Options: s.opts,
		Trace:   s.received(a),
	}
	a.out = out
	if err := s.checkFields(ctx, content); err != nil {
		return smtpserver.Result{}, replyTo(err)
	}
	if until := s.opts.HeldUntil(a.at); until.After(a.at) {
		out.NotBefore = until
	}
	if account, ok := s.account(); ok {
		out.Account = account.Address
		if err := s.complete(ctx, account.ID, out); err != nil {
			return smtpserver.Result{}, replyTo(err)
		}
	}
	failures, err := s.deliver(ctx, a)
	if err != nil {
		return smtpserver.Result{}, replyTo(err)
	}
	a.results = s.results(failures)
	if s.Accepted != nil {
		s.Accepted(ctx, out, s.envelope())
	}
	s.logAccepted(ctx, a, len(failures))
	return s.result(a), nil
}

// logAccepted tells of a message in the log, and costs nothing where nobody
// listens.
func (s *session) logAccepted(ctx context.Context, a *arrival, failed int) {
	if !s.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	m := a.out
	s.log.With(s.forwardedFor()...).Info("message accepted", "id", a.id, "from", s.from.String(), "recipients", len(s.rcpt),
		"local", len(m.Recipients.Local), "foreign", len(m.Recipients.Foreign), "later", len(m.Recipients.Later),
		"size", m.Content.Size(), "message-id", m.Content.Structure().Envelope.MessageID, "failed", failed)
}

// result is the answer to the message. It tells if the priority is not the one
// that was asked for (RFC 6710 §4.1).
func (s *session) result(a *arrival) smtpserver.Result {
	r := smtpserver.Result{Recipients: a.results, Text: a.id}
	if s.lowered {
		r.Text += fmt.Sprintf("; %d is the new priority", s.opts.Priority)
		r.Enhanced = smtp.EnhancedCode{2, 3, 6}
	}
	return r
}

// envelope returns the addresses of the accepted recipients, as the client has
// given them.
func (s *session) envelope() []address.Address {
	all := make([]address.Address, len(s.rcpt))
	for i := range s.rcpt {
		all[i] = s.rcpt[i].path.Address
	}
	return all
}

// ingest reads the message.
func (s *session) ingest(r io.Reader) (*mailstore.Content, error) {
	in := s.Backend.Mail.NewIngest(s.MessageSize)
	defer in.Discard()
	if _, err := io.Copy(in, r); err != nil {
		return nil, err
	}
	return in.Finish()
}

// recipients returns all who get the message.
func (s *session) recipients() delivery.Recipients {
	var all delivery.Recipients
	for _, r := range s.rcpt {
		if r.held == nil {
			all.Add(r.found, r.opts)
		}
	}
	return all
}

// received returns the trace field of this hop.
func (s *session) received(a *arrival) []byte {
	r := delivery.Received{
		Helo: s.hello.Name, Remote: s.conn.Remote, By: s.Hostname, With: a.with, ID: a.id,
		TLS: s.conn.TLS, Time: a.at,
	}
	if len(s.rcpt) == 1 {
		r.For = s.rcpt[0].path.Address.String()
	}
	return r.Append(make([]byte, 0, 384))
}

// complete checks a user's message and adds what it lacks.
func (s *session) complete(ctx context.Context, id directory.AccountID, m *delivery.Message) error {
	if m.Content.Structure().Root.BodyStart > maxHeader {
		return errHeader
	}
	raw, err := m.Content.Header(maxHeader)
	if err != nil {
		return err
	}
	header := message.Header(raw)
	if err := s.Clerk.CheckHeader(ctx, id, header); err != nil {
		return err
	}
	m.Trace = append(m.Trace, s.Clerk.Complete(header)...)
	return nil
}

// deliver hands the message over. In SMTP one reply speaks for all: accounts
// that have no room get the message by the queue, so that the client need not
// send it again to the others.
func (s *session) deliver(ctx context.Context, a *arrival) ([]delivery.Failure, error) {
	m := a.out
	if s.conn.Mode == smtpserver.LMTP {
		return s.deliverEach(ctx, m)
	}
	m.Recipients = s.recipients()
	if err := s.Delivery.SetAside(ctx, m); err != nil {
		return nil, err
	}
	failures, err := s.Delivery.Deliver(ctx, m)
	if err != nil || len(failures) == 0 || m.Recipients.HasNobody(failures) {
		return failures, err
	}
	a.again, err = s.Delivery.Requeue(ctx, m, failures)
	if err != nil {
		s.log.Error("message not queued for those that failed", "err", err)
		return failures, nil
	}
	a.failed = failures
	return nil, nil
}

// deliverEach delivers where each recipient has a reply. It speaks for all
// accounts of an alias: one that has no room holds up the others, which would
// get the message again with each attempt of the client.
func (s *session) deliverEach(ctx context.Context, m *delivery.Message) ([]delivery.Failure, error) {
	if err := s.holdUp(ctx, *m); err != nil {
		return nil, err
	}
	m.Recipients = s.recipients()
	if len(m.Recipients.Local)+len(m.Recipients.Foreign) == 0 {
		return nil, nil
	}
	return s.Delivery.Deliver(ctx, m)
}

// holdUp marks the recipients of several accounts of which one has no room.
func (s *session) holdUp(ctx context.Context, m delivery.Message) error {
	for i := range s.rcpt {
		r := &s.rcpt[i]
		if len(r.found.Local)+len(r.found.Foreign) == 1 {
			continue
		}
		m.Recipients = delivery.Recipients{}
		m.Recipients.Add(r.found, r.opts)
		err := s.Delivery.CheckRoom(ctx, &m)
		if err != nil && !errors.Is(err, mailstore.ErrOverQuota) {
			return err
		}
		r.held = err
	}
	return nil
}

// results tells each recipient's fate: it failed if one of its accounts did.
func (s *session) results(failures []delivery.Failure) []error {
	failed := make(map[directory.AccountID]error, len(failures))
	for _, f := range failures {
		failed[f.Account] = f.Err
	}
	results := make([]error, len(s.rcpt))
	for i, r := range s.rcpt {
		results[i] = r.held
		for _, to := range r.found.Local {
			if err := failed[to.Account]; err != nil {
				results[i] = err
			}
		}
		if results[i] != nil {
			results[i] = replyTo(results[i])
		}
	}
	return results
}
