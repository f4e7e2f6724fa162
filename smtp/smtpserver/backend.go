package smtpserver

import (
	"context"
	"crypto/tls"
	"io"
	"net"

	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
)

// A Mode is the protocol that a Server speaks.
type Mode int

const (
	// Relay is SMTP between servers, RFC 5321.
	Relay Mode = iota
	// Submission is SMTP from a user, RFC 6409: MAIL needs authentication.
	Submission
	// LMTP is RFC 2033: LHLO for HELO, and a reply per recipient.
	LMTP
)

// String returns "smtp", "submission" or "lmtp".
func (m Mode) String() string {
	switch m {
	case Submission:
		return "submission"
	case LMTP:
		return "lmtp"
	}
	return "smtp"
}

// A Backend makes sessions. Its methods are called by many connections at
// once.
type Backend interface {
	// NewSession is called before the greeting, and again after STARTTLS.
	// An error refuses the client and ends the connection: an *smtp.Error
	// with 421 or 554 is sent as it is, any other error as 421.
	NewSession(ctx context.Context, conn ConnInfo) (Session, error)
}

// ConnInfo says what is known of a connection when a session begins.
type ConnInfo struct {
	ID     string // names the connection in logs and in trace fields
	Mode   Mode
	Remote net.Addr
	Local  net.Addr
	Peer   net.Addr             // who has connected; Remote unless a proxy has said XCLIENT
	TLS    *tls.ConnectionState // nil in the clear

	// Client is what a trusted proxy has said by XCLIENT of the client for
	// which it speaks; zero without one. Remote and Local are the client's
	// then. With a Login the session begins as that user's.
	Client smtp.ClientAttributes
}

// A Session is one client's standing with the server. The rules are in the
// package comment. Contexts are cancelled when the connection has ended, not
// when the server begins to stop: what is in flight is finished.
type Session interface {
	// Hello takes the name that the client gives itself. An error refuses
	// it; the client may say hello again.
	Hello(ctx context.Context, hello Hello) error

	// AuthMechanisms returns the SASL mechanisms to offer, in upper case;
	// none switches AUTH off. It is called at each Hello.
	AuthMechanisms() []string

	// Authenticate begins an exchange. The mechanism is one of
	// AuthMechanisms. When the sasl.Server reports that it is done, the
	// session is authenticated, and stays so until it is closed.
	Authenticate(ctx context.Context, mechanism string) (sasl.Server, error)

	// Mail begins a transaction. An error refuses it.
	Mail(ctx context.Context, from smtp.ReversePath, opts smtp.MailOptions) error

	// Rcpt adds a recipient. An error refuses that one only.
	Rcpt(ctx context.Context, to smtp.ForwardPath, opts smtp.RcptOptions) error

	// Data takes the message and ends the transaction. An error is the
	// failure of all recipients. Errors of the stream should be returned.
	Data(ctx context.Context, m *Message) (Result, error)

	// Reset gives up the transaction, if there is one.
	Reset()

	// Close ends the session. It gives up a transaction like Reset.
	Close()
}

// Hello is what the client said to greet the server.
type Hello struct {
	Verb string // "HELO", "EHLO" or "LHLO"
	Name string // as given: a domain, an address literal, or less
}

// A Message is the stream of octets of one message: dots undone, nothing
// added. Read returns an *smtp.Error when the message is refused for what it
// holds, io.ErrUnexpectedEOF when the client went away or gave it up, and
// io.EOF when the message is whole.
type Message struct {
	io.Reader

	// With is the word for the "with" clause of Received, such as "ESMTPSA"
	// (RFC 5321 §4.4, RFC 3848, RFC 6531 §4.3).
	With string

	// Chunked tells that the message comes by BDAT.
	Chunked bool
}

// WriteTo lets io.Copy pass the message on without a buffer in between.
func (m *Message) WriteTo(w io.Writer) (int64, error) {
	if b, ok := m.Reader.(io.WriterTo); ok {
		return b.WriteTo(w)
	}
	return io.Copy(w, m.Reader)
}

// A Result says what became of a message.
type Result struct {
	// Recipients has the fate of each accepted recipient, in the order of
	// RCPT. It may be nil if the message is safe for all of them.
	Recipients []error

	// Text, such as a queue id, is added to the positive reply.
	Text string
	// Enhanced is the code of the positive reply; 2.0.0 if it is zero.
	Enhanced smtp.EnhancedCode
}
