package imapsession

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/mailstead/mailstead/collation"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/imap/imapthread"
	"github.com/mailstead/mailstead/internal/flow/imapurl"
	"github.com/mailstead/mailstead/internal/flow/login"
	"github.com/mailstead/mailstead/internal/model/columns"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/notify"
	"github.com/mailstead/mailstead/sasl"
)

// Options are what sessions are made of; all but Server and Now must be set.
type Options struct {
	Mail      *mailstore.Store
	Directory *directory.Directory
	Login     *login.Service
	// Hub tells when an account has changed.
	Hub *notify.Hub
	// MessageSize is the largest message that APPEND takes.
	MessageSize int64
	// Server is what clients are told of the server; it may be empty.
	Server ServerMetadata
	// URLs opens and signs URLs.
	URLs *imapurl.Service
	// SearchMemory is how many octets of columns are kept for searches, of
	// all sessions together; none if it is negative. Default 32 MB.
	SearchMemory int64
	// Now is the clock of OLDER and YOUNGER; time.Now if nil.
	Now func() time.Time
}

// A Backend makes the sessions of an IMAP server.
type Backend struct {
	Options
	columns *columns.Cache
	threads imapthread.Hash // of what columns have for THREAD

	fetchers sync.Pool // of *fetcher
}

// New returns a Backend.
func New(o Options) *Backend {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SearchMemory == 0 {
		o.SearchMemory = defaultSearchMemory
	}
	return &Backend{Options: o, columns: columns.New(o.SearchMemory), threads: imapthread.NewHash()}
}

// defaultSearchMemory is enough for the header fields, sort keys and threads of
// some hundred thousand messages.
const defaultSearchMemory = 32 << 20

// Columns returns figures of what is kept in memory for searches.
func (b *Backend) Columns() columns.Stats { return b.columns.Stats() }

// Features are the abilities of these sessions that not every store has.
const Features = messageFeatures |
	resultFeatures |
	sortFeatures |
	imapserver.FeatureQResync |
	imapserver.FeatureObjectID |
	imapserver.FeatureSaveDate |
	imapserver.FeatureMetadata |
	imapserver.FeatureACL |
	imapserver.FeatureQuota |
	imapserver.FeatureNotify

// NewSession begins the session of a connection.
func (b *Backend) NewSession(_ context.Context, info *imapserver.ConnInfo) (imapserver.Session, error) {
	return &session{
		Backend:  b,
		log:      info.Logger,
		exchange: b.Login.Begin(info.Remote, info.TLS, info.Logger),
	}, nil
}

// A session is one client's view of an account.
type session struct {
	*Backend
	log      *slog.Logger
	exchange *login.Exchange

	comparator collation.Order // what strings are compared by

	account *mailstore.Account // once authenticated
	view    *view              // while a mailbox is selected

	wake     func() // while the session is watched
	news     []*notify.Subscription
	listener *listener        // what NOTIFY has asked for; nil is nothing
	origin   mailstore.Origin // what this client has changed
}

// User returns the address of who has logged in.
func (s *session) User() string {
	account, ok := s.exchange.Account()
	if !ok {
		return ""
	}
	return account.Address.String()
}

// AuthMechanisms returns the mechanisms of the login flow.
func (s *session) AuthMechanisms() []string { return s.exchange.Mechanisms() }

// Authenticate begins an exchange.
func (s *session) Authenticate(_ context.Context, mechanism string) (sasl.Server, error) {
	server, err := s.exchange.Server(mechanism)
	if err != nil {
		return nil, err
	}
	return &opening{Server: server, session: s}, nil
}

// opening opens the account when the exchange is done.
type opening struct {
	sasl.Server
	session *session
}

func (o *opening) Next(ctx context.Context, response []byte) (challenge []byte, done bool, err error) {
	challenge, done, err = o.Server.Next(ctx, response)
	if done && err == nil {
		err = o.session.begin(ctx)
	}
	return challenge, done, err
}

// Login authenticates by a password.
func (s *session) Login(ctx context.Context, username, password string) error {
	if err := s.exchange.Password(ctx, username, password); err != nil {
		return err
	}
	return s.begin(ctx)
}

func (s *session) begin(ctx context.Context) error {
	account, _ := s.exchange.Account()
	var err error
	s.account, err = s.Mail.Account(ctx, mailstore.AccountID(account.ID))
	return err
}

// Watch has wake called when something has changed that there is to tell of.
func (s *session) Watch(wake func()) {
	s.wake = wake
	s.rewatch()
}

// rewatch subscribes to the news of the own account, of the one that the
// selected mailbox belongs to, and of those that NOTIFY is about.
func (s *session) rewatch() {
	defer func(old []*notify.Subscription) {
		for _, n := range old { // only now, so that no news are missed
			n.Close()
		}
	}(s.news)
	s.news = nil
	if s.wake == nil {
		return
	}
	wake := s.wake
	watched := map[mailstore.AccountID]bool{s.account.ID(): true}
	if s.view != nil {
		watched[s.view.at.account.ID()] = true
	}
	if s.listener != nil {
		for _, o := range s.listener.watched {
			watched[o.account.ID()] = true
		}
	}
	for id := range watched {
		s.news = append(s.news, s.Hub.Subscribe(uint64(id), func(uint64) { wake() }))
	}
}

// Close ends the session.
func (s *session) Close() error {
	s.view = nil
	s.Watch(nil)
	return nil
}
