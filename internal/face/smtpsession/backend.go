package smtpsession

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"github.com/mailstead/mailstead/internal/flow/delivery"
	"github.com/mailstead/mailstead/internal/flow/inbound"
	"github.com/mailstead/mailstead/internal/flow/login"
	"github.com/mailstead/mailstead/internal/flow/submission"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpserver"
)

// Options are what sessions are made of; all must be set.
type Options struct {
	Hostname   string
	Directory  *directory.Directory
	Mail       *mailstore.Store
	Login      *login.Service
	Doorkeeper *inbound.Doorkeeper
	Clerk      *submission.Clerk
	Delivery   *delivery.Deliverer
	// MessageSize is the largest message.
	MessageSize int64
	Now         func() time.Time
	Logger      *slog.Logger
}

// A Backend makes the sessions of SMTP servers of all modes.
type Backend struct{ Options }

// New returns a Backend.
func New(o Options) *Backend { return &Backend{o} }

// NewSession begins the session of a connection.
func (b *Backend) NewSession(_ context.Context, conn smtpserver.ConnInfo) (smtpserver.Session, error) {
	log := b.Logger.With("conn", conn.ID)
	s := &session{Backend: b, conn: conn, log: log}
	if conn.Mode == smtpserver.Submission {
		s.exchange = b.Login.Begin(conn.Remote, conn.TLS, log)
	}
	return s, nil
}

// A session is one client's dealings with the server.
type session struct {
	*Backend
	conn  smtpserver.ConnInfo
	log   *slog.Logger
	hello smtpserver.Hello
	// exchange is how a user logs in; nil where nobody can.
	exchange *login.Exchange

	transaction
}

// A transaction is the envelope of one message.
type transaction struct {
	from smtp.ReversePath
	opts smtp.MailOptions
	rcpt []recipient
}

// A recipient is one accepted RCPT, and what it came to.
type recipient struct {
	path  smtp.ForwardPath
	found directory.Recipient
	opts  smtp.RcptOptions
	held  error // why the message is held up for it alone, in LMTP
}

// Hello takes the client's name.
func (s *session) Hello(_ context.Context, hello smtpserver.Hello) error {
	s.hello = hello
	return nil
}

// AuthMechanisms returns the mechanisms of the login flow, for users.
func (s *session) AuthMechanisms() []string {
	if s.exchange == nil {
		return nil
	}
	return s.exchange.Mechanisms()
}

// Authenticate begins an exchange.
func (s *session) Authenticate(_ context.Context, mechanism string) (sasl.Server, error) {
	return s.exchange.Server(mechanism)
}

// account returns the user's account; false for strangers.
func (s *session) account() (directory.Account, bool) {
	if s.exchange == nil {
		return directory.Account{}, false
	}
	return s.exchange.Account()
}

// Mail begins a transaction. A user must own the sender's address.
func (s *session) Mail(ctx context.Context, from smtp.ReversePath, opts smtp.MailOptions) error {
	if account, ok := s.account(); ok && !from.IsNull() {
		if err := s.Clerk.CheckSender(ctx, account.ID, from.Address); err != nil {
			return replyTo(err)
		}
	}
	s.transaction = transaction{from: from, opts: opts}
	return nil
}

// Rcpt adds a recipient.
func (s *session) Rcpt(ctx context.Context, to smtp.ForwardPath, opts smtp.RcptOptions) error {
	found, verdict, err := s.Doorkeeper.Recipient(ctx, to.Address, s.opts.Size)
	if err != nil {
		return err
	}
	_, user := s.account()
	if verdict == inbound.RefuseRelay && user {
		found.Foreign, verdict = append(found.Foreign, to.Address), inbound.Accept
	}
	if reply := refusal(verdict); reply != nil {
		return reply
	}
	s.rcpt = append(s.rcpt, recipient{path: to, found: found, opts: opts})
	return nil
}

// Reset gives up the transaction.
func (s *session) Reset() { s.transaction = transaction{} }

// Close ends the session.
func (s *session) Close() { s.Reset() }

// newID returns a name for a message in logs and trace fields.
func newID() string { return rand.Text()[:13] }
