package smtpserver

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
)

// Replies of AUTH (RFC 4954 §4, §6).
var (
	errAuthBase64    = smtp.NewError(501, codeSyntax, "Response is not base64")
	errAuthCancelled = smtp.NewError(501, codePolicy, "Authentication cancelled")
	errAuthLong      = smtp.NewError(500, smtp.EnhancedCode{5, 5, 6}, "Response too long")
	errAuthMalformed = smtp.NewError(501, codeSyntax, "Response does not follow the mechanism")
	errAuthFailed    = smtp.NewError(535, smtp.EnhancedCode{5, 7, 8}, "Authentication credentials invalid")
	errAuthDisabled  = smtp.NewError(525, smtp.EnhancedCode{5, 7, 13}, "User account disabled")
	errAuthTemporary = smtp.NewError(454, codePolicyTemp, "Temporary authentication failure")
)

// auth carries out AUTH (RFC 4954 §4).
func (c *conn) auth(ctx context.Context, args string) {
	mechanism, initial, hasInitial := strings.Cut(args, " ")
	mechanism = strings.ToUpper(mechanism)
	if !c.mayAuth(mechanism) {
		return
	}
	var response []byte
	if hasInitial {
		var err error
		if response, err = decodeInitial(initial); err != nil {
			c.refuse("authentication", err)
			return
		}
	}
	server, err := c.session.Authenticate(ctx, mechanism)
	if err != nil {
		c.authRefused(mechanism, err)
		return
	}
	err = c.exchange(ctx, server, response)
	var refused *smtp.Error
	switch {
	case err == nil:
		c.authed = true
		c.expectNext()
		c.log.Debug("authenticated", "mechanism", mechanism)
		c.say(235, smtp.EnhancedCode{2, 7, 0}, "Authentication successful")
	case errors.As(err, &refused):
		c.authRefused(mechanism, err)
	default:
		c.readFailed(err)
	}
}

// mayAuth holds AUTH against the state of the connection.
func (c *conn) mayAuth(mechanism string) bool {
	switch {
	case c.hello.Verb == "" || c.hello.Verb == "HELO":
		c.say(503, codeSequence, "Say EHLO first")
	case c.authed:
		c.say(503, codeSequence, "Already authenticated")
	case c.tx.active:
		c.say(503, codeSequence, "Not within a transaction")
	case mechanism == "":
		c.say(501, codeArguments, "Syntax: AUTH mechanism [initial-response]")
	case c.info.TLS == nil && !c.server.opts.AllowInsecureAuth:
		c.say(538, smtp.EnhancedCode{5, 7, 11}, "Encryption required for authentication")
	case len(c.mechanisms) == 0:
		c.say(502, codeSequence, "Authentication is not available")
	case !slices.Contains(c.mechanisms, mechanism):
		c.say(504, codeArguments, "Mechanism not available")
	default:
		return true
	}
	return false
}

// decodeInitial reads an initial response, in which "=" stands for an empty
// one (RFC 4954 §4).
func decodeInitial(text string) ([]byte, error) {
	if text == "=" {
		return []byte{}, nil
	}
	response, err := base64.StdEncoding.DecodeString(text)
	if err != nil || text == "" {
		return nil, errAuthBase64
	}
	return response, nil
}

// exchange carries challenges and responses until the mechanism is done. The
// error is an *smtp.Error if the client has failed, any other if the
// connection has.
func (c *conn) exchange(ctx context.Context, server sasl.Server, response []byte) error {
	for {
		challenge, done, err := server.Next(ctx, response)
		if err != nil {
			return authError(err)
		}
		if done && len(challenge) == 0 {
			return nil
		}
		response, err = c.challenge(challenge)
		if done {
			return c.afterSuccess(response, err)
		}
		if err != nil {
			return err
		}
	}
}

// afterSuccess takes the client's answer to the data that came with success:
// SMTP has no other place for them than one more challenge, whose answer is
// empty (RFC 4954 §4). The session counts as authenticated by now, so a client
// that says anything else is cut off.
func (c *conn) afterSuccess(response []byte, err error) error {
	if err == nil && len(response) > 0 {
		err = errAuthMalformed
	}
	if err != nil {
		c.done = true
	}
	return err
}

// challenge sends one and returns the client's response.
func (c *conn) challenge(challenge []byte) ([]byte, error) {
	c.say(334, none, base64.StdEncoding.EncodeToString(challenge))
	line, err := c.readLine()
	switch {
	case err == errLongCommand:
		return nil, errAuthLong
	case err != nil:
		return nil, err
	case string(line) == "*":
		return nil, errAuthCancelled
	}
	response := make([]byte, base64.StdEncoding.DecodedLen(len(line)))
	n, err := base64.StdEncoding.Decode(response, line)
	if err != nil {
		return nil, errAuthBase64
	}
	return response[:n], nil
}

// authError gives an error of a mechanism its reply.
func authError(err error) error {
	var known *smtp.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, sasl.ErrCredentials), errors.Is(err, sasl.ErrAuthorization):
		return errAuthFailed.WithCause(err)
	case errors.Is(err, sasl.ErrMalformed):
		return errAuthMalformed.WithCause(err)
	case errors.Is(err, sasl.ErrDisabled):
		return errAuthDisabled.WithCause(err)
	}
	return errAuthTemporary.WithCause(err)
}

// authRefused answers a failed exchange. A temporary failure is the server's
// and does not count against the client.
func (c *conn) authRefused(mechanism string, err error) {
	r := smtp.ReplyTo(err)
	if !r.Temporary() {
		c.authFailures++
	}
	c.log.Debug("authentication refused", "mechanism", mechanism, "code", r.Code, "err", err)
	c.reply(r)
}
