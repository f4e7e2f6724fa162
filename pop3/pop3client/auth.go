package pop3client

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/mailstead/mailstead/pop3"
	"github.com/mailstead/mailstead/sasl"
)

// Login authenticates by USER and PASS (RFC 1939 §7). It returns ErrInsecure
// on a connection without TLS, unless Options.InsecureAuth is set.
func (c *Client) Login(ctx context.Context, user, password string) error {
	if !c.secure && !c.options.InsecureAuth {
		return ErrInsecure
	}
	for _, argument := range []string{user, password} {
		if argument == "" || strings.ContainsAny(argument, "\r\n\x00") {
			return ErrArgument
		}
	}
	return c.do(ctx, func() error {
		if _, err := c.command("USER " + user); err != nil {
			return err
		}
		_, err := c.command("PASS " + password)
		return err
	})
}

// maxRounds bounds an exchange.
const maxRounds = 10

// Authenticate authenticates by AUTH (RFC 5034 §4). It returns ErrInsecure for
// PLAIN and LOGIN on a connection without TLS, unless Options.InsecureAuth is
// set, and sasl.ErrUnproven if the server claims success without the proof
// that the mechanism demands.
func (c *Client) Authenticate(ctx context.Context, mechanism sasl.Client) error {
	name, initial, err := mechanism.Start()
	if err != nil {
		return err
	}
	shown := name == sasl.Plain || name == sasl.Login
	if shown && !c.secure && !c.options.InsecureAuth {
		return ErrInsecure
	}
	return c.do(ctx, func() error { return c.exchange(mechanism, name, initial) })
}

func (c *Client) exchange(mechanism sasl.Client, name string, initial []byte) error {
	command := "AUTH " + name
	if initial != nil {
		if inline := command + " " + encode(initial); len(inline)+2 <= pop3.MaxCommand {
			command, initial = inline, nil
		}
	}
	if err := c.send(command); err != nil {
		return err
	}
	for range maxRounds {
		challenge, more, err := c.readChallenge()
		if err != nil {
			return err
		}
		if !more {
			return sasl.Finish(mechanism)
		}
		response := initial
		if initial = nil; response == nil {
			if response, err = mechanism.Next(challenge); err != nil {
				return c.cancel(err)
			}
		}
		if err := c.send(encodeResponse(response)); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: endless exchange", ErrProtocol)
}

// readChallenge returns what follows AUTH or a response: a challenge, or the
// end of the exchange.
func (c *Client) readChallenge() (challenge []byte, more bool, err error) {
	line, err := c.readLine()
	if err != nil {
		return nil, false, err
	}
	if encoded, ok := strings.CutPrefix(line, "+ "); ok || line == "+" {
		if line == "+" {
			encoded = ""
		}
		challenge, err = base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, false, fmt.Errorf("%w: challenge is not base64", ErrProtocol)
		}
		return challenge, true, nil
	}
	_, err = parseStatus(line)
	return nil, false, err
}

// cancel ends an exchange that the mechanism has given up. The connection goes
// on if the server accepts that.
func (c *Client) cancel(cause error) error {
	if err := c.send("*"); err != nil {
		return err
	}
	_, err := c.readOK()
	if err == nil {
		return fmt.Errorf("%w: success after a cancelled exchange", ErrProtocol)
	}
	if refused, ok := err.(*pop3.Error); ok {
		return &pop3.Error{Code: refused.Code, Text: refused.Text, Err: cause}
	}
	return err
}

// encode writes an initial response, for which an empty one is a "="
// (RFC 5034 §4).
func encode(initial []byte) string {
	if len(initial) == 0 {
		return "="
	}
	return encodeResponse(initial)
}

func encodeResponse(response []byte) string {
	return base64.StdEncoding.EncodeToString(response)
}
