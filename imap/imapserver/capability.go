package imapserver

import (
	"context"
	"strconv"

	"github.com/mailstead/mailstead/imap"
)

// baseCapabilities are announced in every state. Both revisions are: the
// client chooses the second by ENABLE (RFC 9051 Appendix A).
const baseCapabilities = "CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ ID"

// mailCapabilities are announced once they can be used.
const mailCapabilities = " ENABLE NAMESPACE CHILDREN IDLE UNSELECT UIDPLUS MOVE SPECIAL-USE" +
	" CREATE-SPECIAL-USE CONDSTORE ESEARCH SEARCHRES STATUS=SIZE LIST-EXTENDED LIST-STATUS" +
	" WITHIN MULTIAPPEND UTF8=ACCEPT"

// writeCapabilities writes the capabilities of the present state.
func (c *conn) writeCapabilities() { c.w.Raw(c.capabilities()) }

func (c *conn) capabilities() string {
	s := baseCapabilities
	if c.state == notAuthenticated {
		return s + c.authCapabilities()
	}
	s += mailCapabilities
	s += " APPENDLIMIT=" + strconv.FormatInt(c.opts.AppendLimit, 10)
	if c.opts.Features&FeatureQResync != 0 {
		s += " QRESYNC"
	}
	if c.opts.Features&FeatureObjectID != 0 {
		s += " OBJECTID"
	}
	if c.opts.Features&FeatureSaveDate != 0 {
		s += " SAVEDATE"
	}
	return s
}

// authCapabilities tells how one can authenticate.
func (c *conn) authCapabilities() string {
	s := ""
	if c.canStartTLS() {
		s = " STARTTLS"
	}
	if !c.mayAuthenticate() {
		return s + " LOGINDISABLED"
	}
	s += " SASL-IR"
	for _, m := range c.session.AuthMechanisms() {
		s += " AUTH=" + m
	}
	return s
}

// capabilityCode is the response code that saves the client a CAPABILITY.
func (c *conn) capabilityCode() imap.Code { return imap.Code(c.capabilities()) }

// capability runs CAPABILITY (RFC 9051 §6.1.1).
func (c *conn) capability(_ context.Context, req *request) error {
	if err := c.end(req); err != nil {
		return err
	}
	c.w.Raw("* ")
	c.writeCapabilities()
	c.w.CRLF()
	return nil
}
