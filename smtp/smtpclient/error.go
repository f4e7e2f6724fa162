package smtpclient

import (
	"errors"
	"fmt"

	"github.com/mailstead/mailstead/smtp"
)

// A ReplyError is a reply of the server that is not what the command needs.
type ReplyError struct {
	Command string     // the verb, "greeting", or "end of data"
	Reply   smtp.Reply // as it came, control characters replaced
}

// Error returns the command and the reply.
func (e *ReplyError) Error() string {
	return fmt.Sprintf("smtpclient: reply to %s: %s", e.Command, e.Reply)
}

// Temporary tells whether trying again later may help. A reply that makes no
// sense, such as 250 to DATA, counts as temporary.
func (e *ReplyError) Temporary() bool { return e.Reply.Code < 500 }

// A ConnError is the end of the connection.
type ConnError struct {
	Command string // what was sent last
	Err     error

	// MayBeAccepted tells that the whole message had been sent, so that the
	// server may have taken it.
	MayBeAccepted bool
}

// Error returns the command and the cause.
func (e *ConnError) Error() string {
	return fmt.Sprintf("smtpclient: connection failed at %s: %v", e.Command, e.Err)
}

// Unwrap returns the cause.
func (e *ConnError) Unwrap() error { return e.Err }

// Temporary is true: the message is tried again as after 451 (RFC 5321 §3.8).
func (e *ConnError) Temporary() bool { return true }

// A BodyError is a failure to read the message that should be sent. The server
// has got a part of it and cannot take it for the whole; the connection is of
// no more use.
type BodyError struct {
	Err error
}

// Error returns the cause.
func (e *BodyError) Error() string { return "smtpclient: message cannot be read: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *BodyError) Unwrap() error { return e.Err }

// Temporary is false for ErrLineEnding, which no retry mends.
func (e *BodyError) Temporary() bool { return !errors.Is(e.Err, ErrLineEnding) }

// Causes of errors.
var (
	// ErrLineEnding says that the message has a CR or LF that is not part
	// of CRLF. It is not sent: a server less strict could find a second
	// message in it (RFC 5321 §2.3.8).
	ErrLineEnding = errors.New("message has a bare CR or LF")
	// ErrSize says that the message has not the size that was announced.
	ErrSize = errors.New("message differs from its size")
	// ErrReplyTooLong says that a reply is beyond all bounds.
	ErrReplyTooLong = errors.New("reply too long")
	// ErrInjected says that something came in the clear behind the reply to
	// STARTTLS: someone in between tries to speak in TLS (RFC 3207 §6).
	ErrInjected = errors.New("data in the clear behind the reply to STARTTLS")
	// ErrClosed says that Close or Quit was called.
	ErrClosed = errors.New("client is closed")
)

// Errors for what a server does not offer.
var (
	ErrNoSMTPUTF8   = smtp.NewError(550, smtp.EnhancedCode{5, 6, 7}, "The next server does not take internationalized mail (SMTPUTF8)")
	ErrNo8BitMIME   = smtp.NewError(554, smtp.EnhancedCode{5, 6, 3}, "The next server does not take 8-bit messages (8BITMIME)")
	ErrNoBinaryMIME = smtp.NewError(554, smtp.EnhancedCode{5, 6, 3}, "The next server does not take binary messages (BINARYMIME)")
	ErrNoRequireTLS = smtp.NewError(550, smtp.EnhancedCode{5, 7, 30}, "The next server does not keep the demand for TLS (REQUIRETLS)")
	ErrNoDeliverBy  = smtp.NewError(554, smtp.EnhancedCode{5, 3, 3}, "The next server does not keep a time of delivery so short (DELIVERBY)")
	ErrNoHold       = smtp.NewError(554, smtp.EnhancedCode{5, 3, 3}, "The next server does not hold messages so long (FUTURERELEASE)")
	ErrNoRRVS       = smtp.NewError(550, smtp.EnhancedCode{5, 7, 19}, "The next server does not look whether the mailbox has changed hands (RRVS)")
	ErrRcptMax      = smtp.NewError(452, smtp.EnhancedCode{4, 5, 3}, "The next server takes less recipients at once")
	ErrTooBig       = smtp.NewError(552, smtp.EnhancedCode{5, 3, 4}, "The message is bigger than the next server takes")
	ErrNoStartTLS   = smtp.NewError(454, smtp.EnhancedCode{4, 7, 0}, "The next server does not offer STARTTLS")
	ErrNoMechanism  = smtp.NewError(454, smtp.EnhancedCode{4, 7, 0}, "The next server does not offer the mechanism to authenticate")
	ErrInsecureAuth = smtp.NewError(454, smtp.EnhancedCode{4, 7, 0}, "Credentials are not sent without TLS")
)

var (
	errNoRecipients = errors.New("smtpclient: message has no recipients")
	errHelloFirst   = errors.New("smtpclient: Hello comes first")
	errOutOfStep    = errors.New("replies are out of step")
)
