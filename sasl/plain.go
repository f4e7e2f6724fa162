package sasl

import (
	"context"
	"strings"
)

// A PasswordVerifier checks the password of authcid and whether authcid may
// act as authzid, which is empty for the same identity. The strings come as
// the client sent them, valid UTF-8 without NUL; see Prepare. It returns nil,
// ErrCredentials, ErrAuthorization, ErrDisabled, or another error for a
// temporary failure. A nil result is the moment to note who the client is.
type PasswordVerifier func(ctx context.Context, authzid, authcid, password string) error

// NewPlain returns the server's side of a PLAIN exchange (RFC 4616).
func NewPlain(verify PasswordVerifier) Server {
	return &plainServer{verify: verify}
}

type plainServer struct {
	verify PasswordVerifier
	done   bool
}

func (s *plainServer) Next(ctx context.Context, response []byte) ([]byte, bool, error) {
	if response == nil && !s.done {
		return []byte{}, false, nil // asks for the message
	}
	if s.done {
		return nil, false, ErrMalformed
	}
	s.done = true
	authzid, authcid, password, err := parsePlain(response)
	if err != nil {
		return nil, false, err
	}
	if err := s.verify(ctx, authzid, authcid, password); err != nil {
		return nil, false, err
	}
	return nil, true, nil
}

// parsePlain takes a message of RFC 4616 §2 apart.
func parsePlain(message []byte) (authzid, authcid, password string, err error) {
	if len(message) > MaxMessage {
		return "", "", "", ErrMalformed
	}
	parts := strings.Split(string(message), "\x00")
	if len(parts) != 3 || parts[1] == "" || parts[2] == "" || !isText(string(message)) {
		return "", "", "", ErrMalformed
	}
	return parts[0], parts[1], parts[2], nil
}

// NewPlainClient returns the client's side of a PLAIN exchange. An empty
// authzid means to act as authcid.
func NewPlainClient(authzid, authcid, password string) Client {
	return &plainClient{message: authzid + "\x00" + authcid + "\x00" + password}
}

type plainClient struct {
	message string
}

func (c *plainClient) Start() (string, []byte, error) {
	if _, _, _, err := parsePlain([]byte(c.message)); err != nil {
		return "", nil, err
	}
	return Plain, []byte(c.message), nil
}

func (c *plainClient) Next([]byte) ([]byte, error) { return nil, ErrUnexpected }
