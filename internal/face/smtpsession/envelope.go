package smtpsession

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/internal/flow/inbound"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/journal"
	"github.com/mailstead/mailstead/smtp"
)

// A transaction is the envelope of one message.
type transaction struct {
	from smtp.ReversePath
	opts smtp.MailOptions
	rcpt []recipient
	// lowered says that the message has not the priority that it asked for.
	lowered bool
	// refused are the recipients that were not accepted, as far as they are
	// noted, and more the number of the others.
	refused []journal.Recipient
	more    int
}

// A recipient is one accepted RCPT, and what it came to.
type recipient struct {
	path  smtp.ForwardPath
	found directory.Recipient
	opts  smtp.RcptOptions
	held  error // why the message is held up for it alone, in LMTP
}

// Mail begins a transaction. A user must own the sender's address, and must not
// have sent too much.
func (s *session) Mail(ctx context.Context, from smtp.ReversePath, opts smtp.MailOptions) error {
	s.transaction = transaction{from: from, opts: opts}
	if err := s.begin(ctx); err != nil {
		s.traceProbe(err.Error())
		s.transaction = transaction{}
		return err
	}
	s.lowerPriority(s.mayHurry())
	return nil
}

// begin decides whether a client may send.
func (s *session) begin(ctx context.Context) error {
	if account, ok := s.account(); ok {
		if err := s.stillEnabled(ctx, account.ID); err != nil {
			return err
		}
		if !s.from.IsNull() {
			if err := s.Clerk.CheckSender(ctx, account.ID, s.from.Address); err != nil {
				return replyTo(err)
			}
		}
		if err := s.Senders.Message(account.ID); err != nil {
			return replyTo(err)
		}
	}
	return nil
}

// stillEnabled refuses a user whose account was switched off, or removed, after
// the login.
func (s *session) stillEnabled(ctx context.Context, id directory.AccountID) error {
	account, err := s.Directory.Account(ctx, id)
	switch {
	case errors.Is(err, directory.ErrNotFound), err == nil && account.Disabled:
		return errDisabled
	}
	return err
}

// mayHurry tells whether the client's word counts in MT-PRIORITY: a user's,
// and a trusted server's (RFC 6710 §5).
func (s *session) mayHurry() bool {
	_, user := s.account()
	return user || contains(s.Policy.Priority, ipOf(s.conn.Remote))
}

// lowerPriority takes away the haste of those whose word does not count.
func (t *transaction) lowerPriority(trusted bool) {
	if t.opts.Priority > 0 && !trusted {
		t.opts.Priority, t.lowered = 0, true
	}
}

// Rcpt adds a recipient.
func (s *session) Rcpt(ctx context.Context, to smtp.ForwardPath, opts smtp.RcptOptions) error {
	err := s.add(ctx, to, opts)
	if err != nil {
		s.noteRefused(to.Address, err)
	}
	return err
}

// add adds a recipient if it is accepted.
func (s *session) add(ctx context.Context, to smtp.ForwardPath, opts smtp.RcptOptions) error {
	account, user := s.account()
	if unwanted := s.opts.Solicit.Common(s.Policy.Unwanted); unwanted != "" && !user {
		return errSolicitation(unwanted)
	}
	found, verdict, err := s.Doorkeeper.Recipient(ctx, to.Address, inbound.Asked{Size: s.opts.Size, ValidSince: opts.ValidSince.Time})
	if err != nil {
		return err
	}
	if verdict == inbound.RefuseRelay && user {
		found.Foreign, verdict = append(found.Foreign, to.Address), inbound.Accept
	}
	if reply := refusal(verdict); reply != nil {
		return reply
	}
	if user {
		if err := s.Senders.Recipient(account.ID); err != nil {
			return replyTo(err)
		}
	}
	s.rcpt = append(s.rcpt, recipient{path: to, found: found, opts: opts})
	return nil
}

// Reset gives up the transaction.
func (s *session) Reset() {
	s.traceProbe("")
	s.transaction = transaction{}
	s.forwarded = smtp.ClientAttributes{}
}
