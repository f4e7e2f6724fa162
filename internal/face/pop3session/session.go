package pop3session

import (
	"context"
	"errors"
	"sync"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/flow/login"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/pop3"
	"github.com/mailstead/mailstead/pop3/pop3server"
	"github.com/mailstead/mailstead/sasl"
)

// Options are what sessions are made of; all must be set.
type Options struct {
	Mail  *mailstore.Store
	Login *login.Service
}

// A Backend makes the sessions of a POP3 server.
type Backend struct {
	Options

	mu     sync.Mutex
	locked map[mailstore.AccountID]bool // accounts whose maildrop is open
}

// New returns a Backend.
func New(o Options) *Backend {
	return &Backend{Options: o, locked: make(map[mailstore.AccountID]bool)}
}

// NewSession begins the session of a connection.
func (b *Backend) NewSession(_ context.Context, conn pop3server.ConnInfo) (pop3server.Session, error) {
	return &session{backend: b, exchange: b.Login.Begin(conn.RemoteAddr, conn.TLS, conn.Logger)}, nil
}

// lock takes the maildrop of an account, if nobody has it.
func (b *Backend) lock(id mailstore.AccountID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.locked[id] {
		return false
	}
	b.locked[id] = true
	return true
}

func (b *Backend) unlock(id mailstore.AccountID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.locked, id)
}

type session struct {
	backend  *Backend
	exchange *login.Exchange
}

// AuthMechanisms returns the mechanisms of the login flow.
func (s *session) AuthMechanisms() []string { return s.exchange.Mechanisms() }

// Authenticate begins an exchange.
func (s *session) Authenticate(_ context.Context, mechanism string) (sasl.Server, error) {
	return s.exchange.Server(mechanism)
}

// Login checks what USER and PASS bring.
func (s *session) Login(ctx context.Context, user, password string) error {
	return s.exchange.Password(ctx, user, password)
}

// OpenMaildrop opens and locks the INBOX of the user.
func (s *session) OpenMaildrop(ctx context.Context) (pop3server.Maildrop, error) {
	account, ok := s.exchange.Account()
	if !ok {
		return nil, errors.New("pop3session: maildrop opened before authentication")
	}
	id := mailstore.AccountID(account.ID)
	if !s.backend.lock(id) {
		return nil, &pop3.Error{Code: pop3.CodeInUse, Text: "Maildrop is open in another session"}
	}
	drop, err := s.open(ctx, id)
	if err != nil {
		s.backend.unlock(id)
		return nil, translate(err)
	}
	return drop, nil
}

func (s *session) open(ctx context.Context, id mailstore.AccountID) (*maildrop, error) {
	account, err := s.backend.Mail.Account(ctx, id)
	if err != nil {
		return nil, err
	}
	tree, err := account.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	inbox, ok := tree.Find(imap.Inbox)
	if !ok {
		return nil, mailstore.ErrNoMailbox
	}
	version, err := account.Open(ctx, inbox.ID)
	if err != nil {
		return nil, err
	}
	return &maildrop{backend: s.backend, account: account, version: version, reader: account.Reader()}, nil
}

// Close ends the session.
func (s *session) Close() error { return nil }

// translate turns an error of the store into what the client is told. Others
// stay as they are: the engine answers [SYS/TEMP].
func translate(err error) error {
	switch {
	case errors.Is(err, mailstore.ErrNoMessage):
		return &pop3.Error{Text: "Message has been removed by another session"}
	case errors.Is(err, storage.ErrFull):
		return &pop3.Error{Code: pop3.CodeTemporary, Text: "No space left", Err: err}
	case errors.Is(err, mailstore.ErrNoAccount):
		return &pop3.Error{Code: pop3.CodePermanent, Text: "Account has been removed"}
	case errors.Is(err, mailstore.ErrCorrupt), errors.Is(err, storage.ErrCorrupt):
		return &pop3.Error{Code: pop3.CodePermanent, Text: "Stored data is damaged", Err: err}
	}
	return err
}
