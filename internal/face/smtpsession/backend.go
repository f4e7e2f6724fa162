package smtpsession

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/flow/delivery"
	"github.com/mailstead/mailstead/internal/flow/imapurl"
	"github.com/mailstead/mailstead/internal/flow/inbound"
	"github.com/mailstead/mailstead/internal/flow/login"
	"github.com/mailstead/mailstead/internal/flow/submission"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/journal"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpserver"
)

// Options are what sessions are made of; all must be set that may not be nil.
type Options struct {
	Hostname   string
	Directory  *directory.Directory
	Mail       *mailstore.Store
	Login      *login.Service
	Doorkeeper *inbound.Doorkeeper
	Clerk      *submission.Clerk
	Delivery   *delivery.Deliverer
	// Senders counts what users send.
	Senders *submission.Senders
	Policy  Policy
	// Start starts the delivery of what waits for a domain, and for those
	// below it if that is asked for, and returns how much it is.
	Start func(ctx context.Context, domain address.Domain, subdomains bool) (int, error)
	// URLs opens the messages that BURL names.
	URLs *imapurl.Service
	// Accepted hears of each message that was accepted, before the reply,
	// with the recipients as the client has named them; nil if nobody needs
	// to.
	Accepted func(ctx context.Context, m *delivery.Message, rcpt []address.Address)
	// Trace notes what happened to a message. It must not wait. nil if
	// nobody wants to know.
	Trace func(journal.Event)
	// MessageSize is the largest message.
	MessageSize int64
	Now         func() time.Time
	Logger      *slog.Logger
}

// A Backend makes the sessions of SMTP servers of all modes.
type Backend struct {
	Options
	probeLimit probeLimit
}

// New returns a Backend.
func New(o Options) *Backend { return &Backend{o, newProbeLimit(o.Now)} }

// NewSession begins the session of a connection.
func (b *Backend) NewSession(ctx context.Context, conn smtpserver.ConnInfo) (smtpserver.Session, error) {
	log := b.Logger.With("conn", conn.ID)
	s := &session{Backend: b, conn: conn, log: log}
	if conn.Mode == smtpserver.Submission {
		s.exchange = b.Login.Begin(conn.Remote, conn.TLS, log)
	}
	if conn.Client.Login == "" {
		return s, nil
	}
	return s, s.become(ctx, conn.Client.Login)
}

// A session is one client's dealings with the server.
type session struct {
	*Backend
	conn  smtpserver.ConnInfo
	log   *slog.Logger
	hello smtpserver.Hello
	// exchange is how a user logs in; nil where nobody can.
	exchange *login.Exchange
	// vouched is the user for whom a trusted proxy speaks.
	vouched *directory.Account
	// forwarded is for whom the next message comes, as a proxy says.
	forwarded smtp.ClientAttributes
	probes    int // transactions without a message so far

	transaction
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
	if s.vouched != nil {
		return *s.vouched, true
	}
	if s.exchange == nil {
		return directory.Account{}, false
	}
	return s.exchange.Account()
}

// Close ends the session.
func (s *session) Close() { s.Reset() }

// newID returns a name for a message in logs and trace fields.
func newID() string { return rand.Text()[:13] }
