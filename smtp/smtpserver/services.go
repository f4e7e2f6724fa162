package smtpserver

import (
	"context"
	"io"
	"time"

	"github.com/mailstead/mailstead/smtp"
)

// Services are the extensions that a session carries out, beside those that
// are the engine's own. The engine announces them and parses their commands
// and parameters; one that is not offered is not recognized either. All that
// they promise is the session's to keep.
type Services struct {
	DSN        bool // reports as asked (RFC 3461)
	RequireTLS bool // announced over TLS only (RFC 8689 §2)
	BinaryMIME bool // takes messages of any octets (RFC 3030 §3)
	RRVS       bool // holds recipients against the date of RRVS (RFC 7293)

	// FutureRelease is how long a message may be held, to the second; less
	// than that is no offer (RFC 4865).
	FutureRelease time.Duration

	// DeliverBy keeps to BY, but for messages to be returned within less
	// than MinByTime, which the engine refuses (RFC 2852 §4).
	DeliverBy bool
	MinByTime time.Duration

	// Priority heeds MT-PRIORITY (RFC 6710).
	Priority bool

	// NoSoliciting takes SOLICIT; Unwanted are the classes that are
	// announced as not welcome. To refuse them is the session's work
	// (RFC 3865).
	NoSoliciting bool
	Unwanted     smtp.Solicitation

	BURL   bool // the session is an Opener (RFC 4468)
	ETRN   bool // the session is a QueueStarter (RFC 1985)
	VRFY   bool // the session is a Verifier (RFC 5321 §3.5)
	EXPN   bool // the same
	Client bool // the client is trusted to use XCLIENT

	// Forward trusts the client to use XFORWARD; the session is a
	// Forwarder.
	Forward bool
}

// An Offerer is a Session that carries out Services. It is asked at each EHLO
// and LHLO. A Session that is none offers no service.
type Offerer interface {
	Services() Services
}

// An Opener opens the messages, or parts of one, that BURL names.
type Opener interface {
	// OpenURL returns the octets behind a URL. An error that is no
	// *smtp.Error is temporary, as ever. It is called within Data.
	OpenURL(ctx context.Context, url string) (io.ReadCloser, error)
}

// A QueueStarter starts the delivery of what waits for a client.
type QueueStarter interface {
	// StartQueue starts delivery to a domain; with subdomains, to all
	// below it too. It returns the reply, of those of RFC 1985 §5.
	StartQueue(ctx context.Context, node string, subdomains bool) smtp.Reply
}

// A Verifier answers VRFY and EXPN.
type Verifier interface {
	// Verify returns the mailbox that a name stands for, as "<user@host>".
	Verify(ctx context.Context, name string) (string, error)
	// Expand returns the members of a list, in the same form.
	Expand(ctx context.Context, name string) ([]string, error)
}

// A Forwarder is told by XFORWARD for which client the next message is passed
// on. It is for the log: no decision may rest on it.
type Forwarder interface {
	Forward(ctx context.Context, a smtp.ClientAttributes)
}

// services returns what the session offers.
func (c *conn) services() Services {
	if o, ok := c.session.(Offerer); ok {
		return o.Services()
	}
	return Services{}
}

// serviceExtensions lists what the session's services add to the reply to
// EHLO.
func (c *conn) serviceExtensions(s Services) []extension {
	var list []extension
	add := func(offered bool, x smtp.Extension, params string) {
		if offered {
			list = append(list, extension{x, params})
		}
	}
	add(s.BinaryMIME, smtp.BinaryMIME, "")
	add(s.DSN, smtp.DSN, "")
	add(s.RequireTLS && c.info.TLS != nil, smtp.RequireTLS, "")
	add(s.FutureRelease >= time.Second, smtp.FutureRelease, futureRelease(s.FutureRelease))
	add(s.DeliverBy, smtp.DeliverBy, seconds(s.MinByTime))
	add(s.Priority, smtp.MTPriority, "")
	add(s.NoSoliciting, smtp.NoSoliciting, string(s.Unwanted))
	add(s.RRVS, smtp.RRVS, "")
	add(s.BURL, smtp.Burl, c.burlParams())
	add(s.ETRN, smtp.ETRN, "")
	add(s.VRFY, smtp.VRFY, "")
	add(s.EXPN, smtp.EXPN, "")
	add(s.Client, smtp.XClient, smtp.XClientAttributes)
	add(s.Forward, smtp.XForward, smtp.XForwardAttributes)
	return list
}

// burlParams are only for those who may use it (RFC 4468 §4).
func (c *conn) burlParams() string {
	if c.authed {
		return "imap"
	}
	return ""
}
