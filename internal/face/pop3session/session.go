package pop3session

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/internal/flow/login"
	"github.com/mailstead/mailstead/internal/flow/retrieval"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/pop3/pop3server"
	"github.com/mailstead/mailstead/sasl"
)

// Options are what sessions are made of; all must be set.
type Options struct {
	Login     *login.Service
	Retrieval *retrieval.Service
}

// A Backend makes the sessions of a POP3 server.
type Backend struct{ Options }

// New returns a Backend.
func New(o Options) *Backend { return &Backend{o} }

// NewSession begins the session of a connection.
func (b *Backend) NewSession(_ context.Context, conn pop3server.ConnInfo) (pop3server.Session, error) {
	return &session{backend: b, exchange: b.Login.Begin(conn.RemoteAddr, conn.TLS, conn.Logger)}, nil
}

type session struct {
	backend  *Backend
	exchange *login.Exchange
	policy   *directory.POP3 // of the user, once the maildrop is open
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

// Policy returns what CAPA announces.
func (s *session) Policy(ctx context.Context) (pop3server.Policy, error) {
	if s.policy != nil {
		return pop3server.Policy{Expire: expire(s.policy.LeaveDays), LoginDelay: max(s.policy.LoginDelay, 0)}, nil
	}
	r, err := s.backend.Retrieval.Bounds(ctx)
	return pop3server.Policy{
		Expire: expire(r.LeaveDays), ExpireVaries: r.LeaveVaries,
		LoginDelay: r.LoginDelay, LoginDelayVaries: r.LoginDelayVaries,
	}, err
}

func expire(leaveDays int) int {
	switch leaveDays {
	case directory.LeaveForever:
		return pop3server.ExpireNever
	case directory.LeaveNothing:
		return 0
	}
	return leaveDays
}

// OpenMaildrop opens and locks the maildrop of the user.
func (s *session) OpenMaildrop(ctx context.Context) (pop3server.Maildrop, error) {
	account, ok := s.exchange.Account()
	if !ok {
		return nil, errors.New("pop3session: maildrop opened before authentication")
	}
	drop, err := s.backend.Retrieval.Open(ctx, account.ID)
	if err != nil {
		return nil, translate(err)
	}
	s.policy = &drop.Policy
	return &maildrop{drop: drop, reader: drop.Account.Reader()}, nil
}

// Close ends the session.
func (s *session) Close() error { return nil }
