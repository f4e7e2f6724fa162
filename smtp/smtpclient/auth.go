package smtpclient

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
)

// maxInitial is the longest AUTH command that is sent with an initial
// response; a longer one waits for the first challenge (RFC 4954 §4).
const maxInitial = 510

// Auth authenticates the client (RFC 4954). It sends no credentials in the
// clear, unless Options allow it.
func (c *Client) Auth(ctx context.Context, client sasl.Client) error {
	defer c.wire.within(ctx)()
	if _, ok := c.TLS(); !ok && !c.opts.AllowInsecureAuth {
		return ErrInsecureAuth
	}
	mechanism, initial, err := client.Start()
	if err != nil {
		return err
	}
	if !slices.Contains(c.extensions.AuthMechanisms(), strings.ToUpper(mechanism)) {
		return ErrNoMechanism
	}
	line, held := authLine(mechanism, initial)
	r, err := c.ask("AUTH", line, c.opts.Timeouts.Command)
	if err != nil {
		return err
	}
	return c.exchange(client, r, held)
}

// authLine returns the AUTH command, and the initial response if it is held
// back for the first challenge.
func authLine(mechanism string, initial []byte) (line string, held []byte) {
	line = "AUTH " + mechanism
	if initial == nil {
		return line, nil
	}
	text := base64.StdEncoding.EncodeToString(initial)
	if text == "" {
		text = "="
	}
	if len(line)+1+len(text) > maxInitial {
		return line, initial
	}
	return line + " " + text, nil
}

// exchange answers challenges until the server is content.
func (c *Client) exchange(client sasl.Client, r smtp.Reply, held []byte) error {
	for r.Code == 334 {
		response, err := held, error(nil)
		if held == nil {
			response, err = answer(client, r.Text())
		}
		held = nil
		if err != nil {
			return c.cancelAuth(err)
		}
		r, err = c.ask("AUTH", base64.StdEncoding.EncodeToString(response), c.opts.Timeouts.Command)
		if err != nil {
			return err
		}
	}
	if r.Code != 235 {
		return &ReplyError{Command: "AUTH", Reply: r}
	}
	if err := sasl.Finish(client); err != nil {
		return c.fail(err)
	}
	return nil
}

func answer(client sasl.Client, challenge string) ([]byte, error) {
	decoded, err := base64.StdEncoding.DecodeString(challenge)
	if err != nil {
		return nil, err
	}
	return client.Next(decoded)
}

// cancelAuth ends the exchange because of an error on this side (RFC 4954 §4).
func (c *Client) cancelAuth(cause error) error {
	if _, err := c.ask("AUTH", "*", c.opts.Timeouts.Command); err != nil {
		return err
	}
	return cause
}
