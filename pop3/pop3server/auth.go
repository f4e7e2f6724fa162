package pop3server

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/pop3"
	"github.com/mailstead/mailstead/sasl"
)

// maxRounds bounds an exchange. The longest mechanism that is known needs
// four.
const maxRounds = 10

// allowed leaves out the mechanisms that would show a password.
func (c *conn) allowed(mechanisms []string) []string {
	if c.passwordsAllowed() {
		return mechanisms
	}
	return slices.DeleteFunc(slices.Clone(mechanisms), func(m string) bool {
		return m == sasl.Plain || m == sasl.Login
	})
}

// authCommand performs AUTH (RFC 5034 §4).
func (c *conn) authCommand(ctx context.Context, cmd command) error {
	name, initial, err := parseAuth(cmd)
	if err != nil {
		return err
	}
	if !slices.Contains(c.mechanisms, name) {
		return &pop3.Error{Text: "mechanism not available"}
	}
	server, err := c.session.Authenticate(ctx, name)
	if err != nil {
		return c.authFailed(ctx, err)
	}
	if err := c.exchange(ctx, server, initial); err != nil {
		return c.authFailed(ctx, err)
	}
	return c.openDrop(ctx)
}

// parseAuth returns the mechanism and the initial response, nil if there is
// none, and empty for a "=".
func parseAuth(cmd command) (mechanism string, initial []byte, err error) {
	mechanism, encoded, found := strings.Cut(cmd.rest, " ")
	mechanism = strings.ToUpper(mechanism)
	switch {
	case mechanism == "" || found && encoded == "":
		return "", nil, errArgument
	case encoded == "=":
		return mechanism, []byte{}, nil
	case found:
		initial, err = decode(encoded)
	}
	return mechanism, initial, err
}

// exchange runs the challenges and responses to their end.
func (c *conn) exchange(ctx context.Context, server sasl.Server, response []byte) error {
	for range maxRounds {
		challenge, done, err := server.Next(ctx, response)
		if err != nil {
			return err
		}
		if done && challenge == nil {
			return nil
		}
		if response, err = c.ask(challenge); err != nil {
			return err
		}
		// POP3 has no room for data with success, so that it came as a
		// challenge, to which the response must be empty (RFC 5034 §4).
		if done && len(response) > 0 {
			return sasl.ErrMalformed
		}
		if done {
			return nil
		}
	}
	return sasl.ErrMalformed
}

// ask sends a challenge and returns the response, decoded and never nil.
func (c *conn) ask(challenge []byte) ([]byte, error) {
	c.line("+ ", base64.StdEncoding.EncodeToString(challenge))
	line, err := c.readLine(c.limits.Response)
	if err != nil {
		return nil, err
	}
	if string(line) == "*" {
		return nil, &pop3.Error{Text: "authentication cancelled"}
	}
	return decode(string(line))
}

// decode takes base64 as RFC 4648 §4 wants it, with padding and nothing else.
func decode(encoded string) ([]byte, error) {
	data, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return nil, badCommand("invalid base64")
	}
	if data == nil {
		data = []byte{}
	}
	return data, nil
}
