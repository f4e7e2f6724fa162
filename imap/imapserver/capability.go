package imapserver

import (
	"context"
	"strconv"

	"github.com/mailstead/mailstead/imap"
)

// appendBase appends what is announced in every state. Both revisions are: the
// client chooses the second by ENABLE (RFC 9051 Appendix A).
func (c *conn) appendBase(b []byte) []byte {
	b = append(b, "CAPABILITY IMAP4rev1"...)
	literals := "LITERAL+"
	if c.opts.LiteralMinus {
		literals = "LITERAL-"
	}
	for _, name := range [...]string{"IMAP4rev2", literals, "ID", "LANGUAGE"} {
		b = c.appendCapability(b, name)
	}
	return b
}

// appendCapability appends a capability if this client is offered it.
func (c *conn) appendCapability(b []byte, name string) []byte {
	if c.off != nil && !c.offers(name) {
		return b
	}
	return append(append(b, ' '), name...)
}

// A capability is announced, once the client has authenticated, if the sessions
// have the ability that it needs.
type capability struct {
	name  string
	needs Features
	// gives is what goes if this client is not offered the capability.
	gives Features
}

// mailCapabilities are what can be used on the mail of an account.
var mailCapabilities = [...]capability{
	{name: "ENABLE"},
	{name: "UNAUTHENTICATE"},
	{name: "NAMESPACE"},
	{name: "CHILDREN"},
	{name: "IDLE"},
	{name: "UNSELECT"},
	{name: "UIDPLUS"},
	{name: "MOVE"},
	{name: "SPECIAL-USE"},
	{name: "CREATE-SPECIAL-USE"},
	{name: "CONDSTORE"},
	{name: "QRESYNC", needs: FeatureQResync, gives: FeatureQResync},
	{name: "ESEARCH"},
	{name: "SEARCHRES"},
	{name: "WITHIN"},
	{name: "PARTIAL"},
	{name: "UIDONLY"},
	{name: "INPROGRESS"},
	{name: "CONTEXT=SEARCH", needs: FeatureContext, gives: FeatureContext},
	{name: "CONTEXT=SORT", needs: FeatureContext | FeatureSort},
	{name: "UIDBATCHES", needs: FeatureUIDBatches, gives: FeatureUIDBatches},
	{name: "SEARCH=FUZZY", needs: FeatureFuzzy, gives: FeatureFuzzy},
	{name: "MULTISEARCH", needs: FeatureMultiSearch, gives: FeatureMultiSearch},
	{name: "FILTERS", needs: FeatureMetadata},
	{name: "STATUS=SIZE"},
	{name: "LIST-EXTENDED"},
	{name: "LIST-STATUS"},
	{name: "MULTIAPPEND"},
	{name: "UTF8=ACCEPT"},
	{name: "SORT", needs: FeatureSort, gives: FeatureSort},
	{name: "SORT=DISPLAY", needs: FeatureSort},
	{name: "ESORT", needs: FeatureSort},
	{name: "THREAD=ORDEREDSUBJECT", needs: FeatureThread},
	{name: "THREAD=REFERENCES", needs: FeatureThread},
	{name: "THREAD=REFS", needs: FeatureThread},
	{name: "I18NLEVEL=1", needs: FeatureComparator, gives: FeatureComparator},
	{name: "I18NLEVEL=2", needs: FeatureComparator},
	{name: "OBJECTID", needs: FeatureObjectID, gives: FeatureObjectID},
	{name: "SAVEDATE", needs: FeatureSaveDate, gives: FeatureSaveDate},
	// METADATA-SERVER is the part of METADATA that concerns the server: it is
	// announced for clients that know no more.
	{name: "METADATA", needs: FeatureMetadata, gives: FeatureMetadata},
	{name: "METADATA-SERVER", needs: FeatureMetadata},
	{name: "LIST-METADATA", needs: FeatureMetadata},
	{name: "ACL", needs: FeatureACL, gives: FeatureACL},
	{name: "RIGHTS=kxte", needs: FeatureACL},
	{name: "LIST-MYRIGHTS", needs: FeatureACL},
	{name: "QUOTA", needs: FeatureQuota, gives: FeatureQuota},
	{name: "QUOTASET", needs: FeatureQuota},
	{name: "QUOTA=RES-STORAGE", needs: FeatureQuota},
	{name: "QUOTA=RES-MESSAGE", needs: FeatureQuota},
	{name: "QUOTA=RES-MAILBOX", needs: FeatureQuota},
	{name: "BINARY", needs: FeatureBinary, gives: FeatureBinary},
	{name: "CATENATE", needs: FeatureCatenate, gives: FeatureCatenate},
	{name: "URL-PARTIAL", needs: FeatureCatenate},
	{name: "REPLACE", needs: FeatureReplace, gives: FeatureReplace},
	{name: "URLAUTH", needs: FeatureURLAuth, gives: FeatureURLAuth},
	{name: "URLAUTH=BINARY", needs: FeatureURLAuth},
	{name: "PREVIEW", needs: FeaturePreview, gives: FeaturePreview},
	{name: "NOTIFY", needs: FeatureNotify, gives: FeatureNotify},
}

// writeCapabilities writes the capabilities of the present state.
func (c *conn) writeCapabilities() { c.w.Raw(c.capabilities()) }

func (c *conn) capabilities() string {
	b := c.appendBase(make([]byte, 0, 1024))
	if c.state == notAuthenticated {
		return string(b) + c.authCapabilities()
	}
	for i := range mailCapabilities {
		if a := &mailCapabilities[i]; c.opts.Features&a.needs == a.needs {
			b = c.appendCapability(b, a.name)
		}
	}
	if c.deflate == nil {
		b = c.appendCapability(b, "COMPRESS=DEFLATE")
	}
	b = c.appendLimits(b)
	b = append(b, " APPENDLIMIT="...)
	return string(strconv.AppendInt(b, c.opts.AppendLimit, 10))
}

// appendLimits appends MESSAGELIMIT or SAVELIMIT, of which there is at most one
// (RFC 9738 §3).
func (c *conn) appendLimits(b []byte) []byte {
	n := c.saveLimit()
	switch {
	case n == 0:
		return b
	case c.opts.MessageLimit != 0:
		b = append(b, " MESSAGELIMIT="...)
	default:
		b = append(b, " SAVELIMIT="...)
	}
	return strconv.AppendUint(b, uint64(n), 10)
}

// authCapabilities tells how one can authenticate.
func (c *conn) authCapabilities() string {
	var b []byte
	if c.canStartTLS() {
		b = append(b, " STARTTLS"...)
	}
	if !c.mayAuthenticate() {
		return string(b) + " LOGINDISABLED"
	}
	b = c.appendCapability(b, "SASL-IR")
	for _, m := range c.session.AuthMechanisms() {
		b = c.appendCapability(b, "AUTH="+m)
	}
	return string(b)
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
