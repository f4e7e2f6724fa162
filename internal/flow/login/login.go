package login

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"

	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/platform/limit"
	"github.com/mailstead/mailstead/sasl"
)

// Options configure a Service.
type Options struct {
	Directory *directory.Directory
	// Failures slows down guessing; nil does not.
	Failures *limit.Failures
	// Exempt says whose failures do not count; nil is nobody.
	Exempt func(netip.Addr) bool
	// Logger hears of each attempt, never of a secret.
	Logger *slog.Logger
	// Result is called with "ok", "refused", "throttled" or "error", for
	// metrics; nil counts nothing.
	Result func(string)
}

// A Service authenticates clients. Its methods may be called concurrently.
type Service struct {
	Options
	fakeKey []byte
}

// New returns a Service.
func New(o Options) *Service {
	s := &Service{Options: o, fakeKey: make([]byte, 32)}
	rand.Read(s.fakeKey)
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	if s.Result == nil {
		s.Result = func(string) {}
	}
	return s
}

// An Exchange is the attempts of one connection. It is not for concurrent use.
type Exchange struct {
	service  *Service
	failures *limit.Failures // nil if they do not count
	remote   netip.Addr
	tls      *tls.ConnectionState
	log      *slog.Logger
	account  directory.Account
	done     bool
}

// Begin returns the exchange of a connection; state is nil without TLS.
func (s *Service) Begin(remote net.Addr, state *tls.ConnectionState, log *slog.Logger) *Exchange {
	if log == nil {
		log = s.Logger
	}
	e := &Exchange{service: s, failures: s.Failures, remote: ipOf(remote), tls: state, log: log}
	if s.Exempt != nil && s.Exempt(e.remote) {
		e.failures = nil
	}
	return e
}

// Account returns who the client is, and false while that is not known.
func (e *Exchange) Account() (directory.Account, bool) { return e.account, e.done }

// Mechanisms returns the names of the mechanisms that Server knows, the best
// first.
func (e *Exchange) Mechanisms() []string {
	return []string{sasl.SCRAMSHA256, sasl.Plain, sasl.Login}
}

// Server begins an exchange with one of Mechanisms.
func (e *Exchange) Server(mechanism string) (sasl.Server, error) {
	switch mechanism {
	case sasl.SCRAMSHA256:
		return e.newSCRAM(), nil
	case sasl.Plain:
		return sasl.NewPlain(e.verify), nil
	case sasl.Login:
		return sasl.NewLogin(e.verify), nil
	}
	return nil, fmt.Errorf("login: no mechanism %q", mechanism)
}

// Password checks a login name and a password. It fails with the errors of
// package sasl.
func (e *Exchange) Password(ctx context.Context, name, password string) error {
	return e.verify(ctx, "", name, password)
}

func (e *Exchange) verify(ctx context.Context, authzid, name, password string) error {
	if err := e.admit(ctx, name); err != nil {
		return err
	}
	account, err := e.service.Directory.Authenticate(ctx, name, password)
	if err == nil && !mayActAs(account, authzid, name) {
		err = sasl.ErrAuthorization
	}
	return e.finish(name, account, err)
}

// mayActAs reports whether an account may act as authzid: as itself alone.
func mayActAs(account directory.Account, authzid, name string) bool {
	return authzid == "" || authzid == name || authzid == account.Address.String()
}
