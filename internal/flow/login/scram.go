package login

import (
	"context"

	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/sasl"
)

// A scramExchange is one run of SCRAM. Whether the client knows the password
// shows when it has sent its proof: the outcome is what Next returns then.
type scramExchange struct {
	*Exchange
	server  sasl.Server
	name    string            // as the client gave it; empty if it was not let in
	account directory.Account // whose keys are used; zero for a name that nobody has
}

func (e *Exchange) newSCRAM() *scramExchange {
	s := &scramExchange{Exchange: e}
	s.server = sasl.NewSCRAM(sasl.SCRAMOptions{Lookup: s.keys, Authorize: s.authorize, FakeKey: e.service.fakeKey})
	return s
}

// Next implements sasl.Server.
func (s *scramExchange) Next(ctx context.Context, response []byte) (challenge []byte, done bool, err error) {
	challenge, done, err = s.server.Next(ctx, response)
	if s.name != "" && (done || err != nil) {
		err = s.finish(s.name, s.account, err)
	}
	return challenge, done, err
}

func (s *scramExchange) keys(ctx context.Context, name string) (sasl.SCRAMCredentials, error) {
	if err := s.admit(ctx, name); err != nil {
		return sasl.SCRAMCredentials{}, err
	}
	s.name = name
	keys, account, err := s.service.Directory.SCRAM(ctx, name)
	s.account = account
	return sasl.SCRAMCredentials{
		Salt: keys.Salt, Iterations: keys.Iterations, StoredKey: keys.StoredKey, ServerKey: keys.ServerKey,
	}, err
}

func (s *scramExchange) authorize(_ context.Context, authzid, name string) error {
	switch {
	case s.account.Disabled:
		return sasl.ErrDisabled
	case !mayActAs(s.account, authzid, name):
		return sasl.ErrAuthorization
	}
	return nil
}
