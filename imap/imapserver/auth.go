package imapserver

import (
	"context"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
	"github.com/mailstead/mailstead/sasl"
)

// mayAuthenticate reports whether credentials may travel here.
func (c *conn) mayAuthenticate() bool { return c.tls != nil || c.opts.AllowInsecureAuth }

var errNeedsTLS = &imap.Error{
	Type: imap.StatusNo, Code: imap.CodePrivacyRequired, Text: "Authentication requires TLS",
}

// login runs LOGIN (RFC 9051 §6.2.3).
func (c *conn) login(ctx context.Context, req *request) error {
	if err := c.r.SP(); err != nil {
		return err
	}
	username, err := c.r.AString()
	if err != nil {
		return err
	}
	if err := c.r.SP(); err != nil {
		return err
	}
	password, err := c.r.AString()
	if err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	if !c.mayAuthenticate() {
		return errNeedsTLS
	}
	return c.authOutcome(req, c.session.Login(ctx, username, password))
}

// authenticate runs AUTHENTICATE (RFC 9051 §6.2.2), with an initial response
// if the client sends one (RFC 4959).
func (c *conn) authenticate(ctx context.Context, req *request) error {
	if err := c.r.SP(); err != nil {
		return err
	}
	name, err := c.r.Atom()
	if err != nil {
		return err
	}
	mechanism := upperASCII(name)
	var initial []byte
	if c.offers("SASL-IR") && c.r.Accept(' ') {
		if initial, err = decodeInitial(c.r.Rest()); err != nil {
			return err
		}
	}
	if err := c.end(req); err != nil {
		return err
	}
	if !c.mayAuthenticate() {
		return errNeedsTLS
	}
	if !slices.Contains(c.session.AuthMechanisms(), mechanism) || !c.offers("AUTH="+mechanism) {
		return imap.No(imap.CodeCannot, "Authentication mechanism is not supported")
	}
	server, err := c.session.Authenticate(ctx, mechanism)
	if err == nil {
		err = c.exchange(ctx, server, initial)
	}
	return c.authOutcome(req, err)
}

func upperASCII(b []byte) string {
	b = slices.Clone(b)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - ('a' - 'A')
		}
	}
	return string(b)
}

// decodeInitial decodes an initial response; "=" is an empty one.
func decodeInitial(b []byte) ([]byte, error) {
	if string(b) == "=" {
		return []byte{}, nil
	}
	if len(b) == 0 {
		return nil, imapwire.Syntax("initial response expected")
	}
	return decodeBase64(b)
}

func decodeBase64(b []byte) ([]byte, error) {
	out := make([]byte, base64.StdEncoding.DecodedLen(len(b)))
	n, err := base64.StdEncoding.Strict().Decode(out, b)
	if err != nil {
		return nil, imapwire.Syntax("base64 expected")
	}
	return out[:n], nil
}

var errCancelled = imap.Bad("Authentication cancelled")

// exchange runs challenges and responses until the mechanism is done.
func (c *conn) exchange(ctx context.Context, server sasl.Server, response []byte) error {
	for {
		challenge, done, err := server.Next(ctx, response)
		if err != nil {
			return err
		}
		if done && len(challenge) == 0 {
			return nil
		}
		// Additional data with success goes out as one more challenge, to
		// which the client has an empty response (RFC 4422 §3.6).
		if response, err = c.challenge(challenge); err != nil {
			return err
		}
		if done {
			if len(response) > 0 {
				return sasl.ErrMalformed
			}
			return nil
		}
	}
}

// challenge sends a challenge and reads the response. A client that gives up
// answers "*".
func (c *conn) challenge(challenge []byte) ([]byte, error) {
	c.w.Raw("+ ")
	c.w.Raw(base64.StdEncoding.EncodeToString(challenge))
	c.w.CRLF()
	if err := c.w.Flush(); err != nil {
		return nil, err
	}
	c.armRead(0)
	if err := c.r.Next(); err != nil {
		return nil, err
	}
	line := c.r.Rest()
	if string(line) == "*" {
		return nil, errCancelled
	}
	return decodeBase64(line)
}

// authOutcome acts on the outcome of LOGIN or AUTHENTICATE.
func (c *conn) authOutcome(req *request, err error) error {
	if err == nil {
		c.state = authenticated
		c.setLimits()
		c.applySwitches()
		req.code = c.capabilityCode()
		return nil
	}
	if c.broken != nil {
		return err
	}
	e := c.authError(err)
	if e.Code == imap.CodeAuthenticationFailed {
		c.punish()
		if c.authFailures >= c.opts.MaxAuthFailures {
			e = &imap.Error{Type: imap.StatusBye, Code: e.Code, Text: "Too many failed authentications"}
		}
	}
	return e
}

// authError says why authentication failed, without saying what was wrong.
func (c *conn) authError(err error) *imap.Error {
	var e *imap.Error
	var syntax *imapwire.SyntaxError
	switch {
	case errors.As(err, &e), errors.As(err, &syntax):
		return c.toError(err)
	case errors.Is(err, sasl.ErrCredentials):
		return imap.No(imap.CodeAuthenticationFailed, "Authentication failed")
	case errors.Is(err, sasl.ErrAuthorization):
		return imap.No(imap.CodeAuthorizationFailed, "Not allowed to act as that user")
	case errors.Is(err, sasl.ErrDisabled):
		return imap.No(imap.CodeContactAdmin, "Account is disabled")
	case errors.Is(err, sasl.ErrMalformed):
		return imap.Bad("Malformed authentication exchange")
	}
	c.log.Error("imap: authentication failed by a fault of the server", "err", err)
	return imap.No(imap.CodeUnavailable, "Temporary authentication failure")
}

// punish makes guessing slow.
func (c *conn) punish() {
	delay := c.opts.AuthFailureDelay << min(c.authFailures, 4)
	c.authFailures++
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.stopping:
	}
}
