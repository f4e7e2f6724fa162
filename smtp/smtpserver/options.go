package smtpserver

import (
	"crypto/tls"
	"log/slog"
	"time"

	"github.com/mailstead/mailstead/smtp"
)

// Options say how a Server behaves. Hostname and Backend must be set.
type Options struct {
	Mode     Mode
	Hostname string // how the server names itself: a domain (RFC 5321 §4.2)
	Backend  Backend

	// TLSConfig switches STARTTLS on; nil leaves it off.
	TLSConfig *tls.Config

	// RequireTLS refuses all but EHLO, STARTTLS, NOOP, RSET and QUIT before
	// TLS (RFC 3207 §4). It is not for servers on port 25.
	RequireTLS bool

	// AllowInsecureAuth lets passwords travel in the clear. It is for the
	// loopback interface only.
	AllowInsecureAuth bool

	// AcceptNUL lets NUL octets pass in messages that are not declared
	// BINARYMIME. They are refused
	// otherwise: IMAP cannot serve them (RFC 3501 §4.3.1) and RFC 5322 §4
	// counts them as obsolete.
	AcceptNUL bool

	// RefuseEarlyTalk is how long to wait before the greeting for a client
	// that speaks first, against RFC 5321 §3.1; such a client is refused.
	// Zero does not wait.
	RefuseEarlyTalk time.Duration

	Limits   Limits
	Timeouts Timeouts

	// Logger gets a line per event, with the connection's id; nil discards.
	Logger *slog.Logger

	// Metrics is told what happens; nil counts nothing.
	Metrics Metrics
}

// Metrics counts. Its methods are called by many connections at once.
type Metrics interface {
	// Replied is called for each reply: verb is a verb that the engine
	// knows, or "" for others, for the greeting and for farewells.
	Replied(verb string, code int)
	// Limited is called when a limit is reached, with its name as in the
	// fields of Limits and Timeouts.
	Limited(limit string)
}

// Limits bound what one connection may ask for. A zero field is its default.
// Lines are never longer than 64 KB.
type Limits struct {
	CommandLine    int   // octets with CRLF; default 2048 (RFC 5321 §4.5.3.1.4 wants 512 and room for extensions)
	AuthLine       int   // octets of an AUTH command or response; default 12288 (RFC 4954 §4)
	MessageSize    int64 // octets; default 50 MiB; announced by SIZE
	Recipients     int   // in one transaction; default 1000 (RFC 5321 §4.5.3.1.8); announced by LIMITS
	Messages       int   // in one session; 0 is no limit; announced by LIMITS
	Received       int   // Received fields of a message, more are a loop; default 100 (RFC 5321 §6.3)
	BadCommands    int   // failed commands until a message is accepted; default 20
	IdleCommands   int   // commands that move no mail, until a message is accepted; default 200
	AuthFailures   int   // default 3
	DiscardedBytes int64 // octets read past a broken limit to find its end; default as MessageSize, but at least 1 MiB
}

// Timeouts bound the waiting. A zero field is its default.
type Timeouts struct {
	Command   time.Duration // for a whole command; default 5 minutes (RFC 5321 §4.5.3.2.7)
	Login     time.Duration // for a client to authenticate, in all, where it must (Submission); default 5 minutes
	Mail      time.Duration // from the greeting, login or last message of a connection to its next one; default 1 hour
	DataBlock time.Duration // for the next octets of a message; default 3 minutes (RFC 5321 §4.5.3.2.5)
	Message   time.Duration // for a whole message; default 1 hour
	Handshake time.Duration // for TLS; default 1 minute
	Write     time.Duration // for the client to take a reply; default 1 minute
	Drain     time.Duration // for all that is in flight once the server stops; default 30 seconds
}

const (
	defaultCommandLine  = 2048
	defaultAuthLine     = 12288
	defaultMessageSize  = 50 << 20
	defaultRecipients   = 1000
	defaultReceived     = 100
	defaultBadCommands  = 20
	defaultIdleCommands = 200
	defaultAuthFailures = 3
	minDiscardedBytes   = 1 << 20
)

func (l Limits) withDefaults() Limits {
	orDefault(&l.CommandLine, defaultCommandLine)
	orDefault(&l.AuthLine, defaultAuthLine)
	orDefault(&l.MessageSize, defaultMessageSize)
	orDefault(&l.Recipients, defaultRecipients)
	orDefault(&l.Received, defaultReceived)
	orDefault(&l.BadCommands, defaultBadCommands)
	orDefault(&l.IdleCommands, defaultIdleCommands)
	orDefault(&l.AuthFailures, defaultAuthFailures)
	orDefault(&l.DiscardedBytes, max(l.MessageSize, minDiscardedBytes))
	return l
}

// announced returns the limits that LIMITS tells of (RFC 9422 §4).
func (l *Limits) announced() smtp.SessionLimits {
	return smtp.SessionLimits{MailMax: l.Messages, RcptMax: l.Recipients}
}

func (t Timeouts) withDefaults() Timeouts {
	orDefault(&t.Command, 5*time.Minute)
	orDefault(&t.Login, 5*time.Minute)
	orDefault(&t.Mail, time.Hour)
	orDefault(&t.DataBlock, 3*time.Minute)
	orDefault(&t.Message, time.Hour)
	orDefault(&t.Handshake, time.Minute)
	orDefault(&t.Write, time.Minute)
	orDefault(&t.Drain, 30*time.Second)
	return t
}

func orDefault[T int | int64 | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}
