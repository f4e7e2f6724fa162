package sasl

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/xdg-go/scram"
)

// SCRAMOptions describe one exchange to a SCRAM server.
type SCRAMOptions struct {
	// Lookup finds the credentials. Required.
	Lookup SCRAMLookup
	// Authorize is called once, when the client has proven that it is
	// authcid, and decides whether it may act as authzid, which is empty
	// for the same. It returns nil, ErrAuthorization, ErrDisabled, or
	// another error for a temporary failure. A nil result is the moment to
	// note who the client is. Required.
	Authorize func(ctx context.Context, authzid, authcid string) error
	// FakeKey is a secret of the server, at least 16 octets and the same
	// after a restart, from which the salts of unknown users are made.
	// Required.
	FakeKey []byte
	// FakeIterations is the count that unknown users get, which should be
	// that of most known ones. 0 means DefaultIterations.
	FakeIterations int
	// Bindings are those of the connection, if SCRAM-SHA-256-PLUS has been
	// announced on it, for either mechanism: without the plus they serve to
	// notice that somebody has removed the announcement (RFC 5802 §6).
	Bindings []ChannelBinding
}

// NewSCRAM returns the server's side of a SCRAM-SHA-256 exchange. It panics
// if a required option is missing.
func NewSCRAM(o SCRAMOptions) Server {
	return newSCRAM(o)
}

// NewSCRAMPlus returns the server's side of a SCRAM-SHA-256-PLUS exchange,
// which the client must bind to the connection by one of o.Bindings. It
// panics if a required option is missing, or Bindings are.
func NewSCRAMPlus(o SCRAMOptions) Server {
	s := newSCRAM(o)
	if len(o.Bindings) == 0 {
		panic("sasl: SCRAM-SHA-256-PLUS without channel bindings")
	}
	s.plus = true
	return s
}

func newSCRAM(o SCRAMOptions) *scramServer {
	if o.Lookup == nil || o.Authorize == nil || len(o.FakeKey) < 16 {
		panic("sasl: SCRAMOptions are incomplete")
	}
	if o.FakeIterations == 0 {
		o.FakeIterations = DefaultIterations
	}
	return &scramServer{options: o}
}

type scramServer struct {
	options SCRAMOptions
	plus    bool
	nonce   func() string // nil for the library's, set by tests

	conversation *scram.ServerConversation // nil before the first message
	known        bool                      // the user exists
	done         bool
}

func (s *scramServer) Next(ctx context.Context, response []byte) ([]byte, bool, error) {
	switch {
	case s.done || len(response) > MaxMessage || !isText(string(response)):
		s.done = true
		return nil, false, ErrMalformed
	case s.conversation != nil:
		s.done = true
		return s.final(ctx, string(response))
	case response == nil:
		return []byte{}, false, nil // asks for the first message
	}
	challenge, err := s.first(ctx, string(response))
	s.done = err != nil
	return challenge, false, err
}

// first answers the client-first-message (RFC 5802 §5).
func (s *scramServer) first(ctx context.Context, message string) ([]byte, error) {
	binding, err := s.binding(message)
	if err != nil {
		return nil, err
	}
	var lookupErr error
	server, err := scram.SHA256.NewServer(func(user string) (scram.StoredCredentials, error) {
		var c SCRAMCredentials
		c, lookupErr = s.lookup(ctx, user)
		return c.stored(), lookupErr
	})
	if err != nil {
		return nil, fmt.Errorf("sasl: %w", err)
	}
	if s.nonce != nil {
		server.WithNonceGenerator(s.nonce)
	}
	s.conversation = server.NewConversationWithChannelBinding(binding.scram())
	challenge, err := s.conversation.Step(message)
	if lookupErr != nil {
		return nil, lookupErr
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return []byte(challenge), nil
}

// binding chooses the channel binding that the client's gs2-cbind-flag names,
// or any if it names none, to make the library notice a downgrade. The flag
// must fit the mechanism (RFC 5802 §6).
func (s *scramServer) binding(message string) (ChannelBinding, error) {
	flag, _, _ := strings.Cut(message, ",")
	name, bound := strings.CutPrefix(flag, "p=")
	if bound != s.plus {
		return ChannelBinding{}, fmt.Errorf("%w: channel binding flag %.40q", ErrMalformed, flag)
	}
	for _, b := range s.options.Bindings {
		if !bound || b.Type == name {
			return b, nil
		}
	}
	if bound {
		return ChannelBinding{}, fmt.Errorf("%w: channel binding type %.40q", ErrMalformed, name)
	}
	return ChannelBinding{}, nil
}

func (s *scramServer) lookup(ctx context.Context, user string) (SCRAMCredentials, error) {
	if user == "" || strings.ContainsRune(user, 0) {
		return SCRAMCredentials{}, ErrMalformed
	}
	user = Prepare(user)
	c, err := s.options.Lookup(ctx, user)
	if errors.Is(err, ErrCredentials) {
		return fakeCredentials(s.options.FakeKey, user, s.options.FakeIterations), nil
	}
	s.known = err == nil
	return c, err
}

// final checks the client-final-message and returns the server's proof.
func (s *scramServer) final(ctx context.Context, message string) ([]byte, bool, error) {
	proof, err := s.conversation.Step(message)
	switch {
	case proof == scram.ErrInvalidProof, err == nil && !s.known:
		return nil, false, ErrCredentials
	case proof == scram.ErrChannelBindingsDontMatch:
		return nil, false, fmt.Errorf("%w: another channel", ErrCredentials)
	case err != nil:
		return nil, false, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	authzid := Prepare(s.conversation.AuthzID())
	authcid := Prepare(s.conversation.Username())
	if err := s.options.Authorize(ctx, authzid, authcid); err != nil {
		return nil, false, err
	}
	return []byte(proof), true, nil
}
