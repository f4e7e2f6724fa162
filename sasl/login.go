package sasl

import (
	"context"
	"strings"
)

// QUIRK: the draft's server asks for "User Name" and "Password", but may use
// these words, because a widely deployed client, which the draft does not
// name, goes on with no others (draft-murchison-sasl-login-00 §2.2).
const (
	promptUser     = "Username:"
	promptPassword = "Password:"
)

// NewLogin returns the server's side of a LOGIN exchange. A user name that
// comes as an initial response is taken, because many clients send it so.
func NewLogin(verify PasswordVerifier) Server {
	return &loginServer{verify: verify}
}

type loginServer struct {
	verify PasswordVerifier
	user   string
	state  loginState
}

type loginState int

const (
	loginStart loginState = iota
	loginUser             // the user name was asked for
	loginPassword
	loginDone
)

func (s *loginServer) Next(ctx context.Context, response []byte) ([]byte, bool, error) {
	switch s.state {
	case loginStart:
		s.state = loginUser
		if response == nil {
			return []byte(promptUser), false, nil
		}
		return s.takeUser(response)
	case loginUser:
		return s.takeUser(response)
	case loginPassword:
		s.state = loginDone
		if !isLoginText(response) {
			return nil, false, ErrMalformed
		}
		err := s.verify(ctx, "", s.user, string(response))
		return nil, err == nil, err
	}
	return nil, false, ErrMalformed
}

func (s *loginServer) takeUser(response []byte) ([]byte, bool, error) {
	if !isLoginText(response) {
		s.state = loginDone
		return nil, false, ErrMalformed
	}
	s.user = string(response)
	s.state = loginPassword
	return []byte(promptPassword), false, nil
}

func isLoginText(b []byte) bool {
	return len(b) > 0 && len(b) <= MaxMessage && isText(string(b)) &&
		!strings.Contains(string(b), "\x00")
}

// NewLoginClient returns the client's side of a LOGIN exchange. It answers
// the first challenge with the user name and the second with the password,
// whatever they say, since servers differ in the words.
func NewLoginClient(user, password string) Client {
	return &loginClient{answers: []string{user, password}}
}

type loginClient struct {
	answers []string
}

func (c *loginClient) Start() (string, []byte, error) {
	for _, answer := range c.answers {
		if !isLoginText([]byte(answer)) {
			return "", nil, ErrMalformed
		}
	}
	return Login, nil, nil
}

func (c *loginClient) Next([]byte) ([]byte, error) {
	if len(c.answers) == 0 {
		return nil, ErrUnexpected
	}
	answer := c.answers[0]
	c.answers = c.answers[1:]
	return []byte(answer), nil
}
