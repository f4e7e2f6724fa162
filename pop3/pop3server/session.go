package pop3server

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"

	"github.com/mailstead/mailstead/sasl"
)

// A Backend is what the engine stands on. It must be safe for concurrent use.
type Backend interface {
	// NewSession is called for each connection before the greeting, and
	// once more when STLS has made the connection private. The context is
	// that of the connection: it lives until the connection ends.
	NewSession(ctx context.Context, conn ConnInfo) (Session, error)
}

// ConnInfo is what a Session may know of its connection.
type ConnInfo struct {
	LocalAddr, RemoteAddr net.Addr
	// TLS is the state of the connection, nil if it is not private.
	TLS *tls.ConnectionState
	// Logger has the connection's attributes.
	Logger *slog.Logger
}

// A Session is one connection's dealings with the mail system. Each method may
// return a *pop3.Error, which the client is told.
type Session interface {
	// AuthMechanisms names the SASL mechanisms that the Session offers on
	// this connection, the best first. Of these the engine leaves out
	// those that show the password where that is not allowed. It is asked
	// once.
	AuthMechanisms() []string
	// Authenticate begins an exchange with one of these mechanisms. The
	// exchange tells the Session who the user is.
	Authenticate(ctx context.Context, mechanism string) (sasl.Server, error)
	// Login checks a name and a password, as USER and PASS bring them. It
	// returns sasl.ErrCredentials if they do not fit.
	Login(ctx context.Context, user, password string) error
	// OpenMaildrop opens and locks the maildrop of the user of the last
	// exchange or Login, which has just succeeded. It returns a *pop3.Error
	// with pop3.CodeInUse if another session has it, and with
	// pop3.CodeLoginDelay if the user's LoginDelay is not over. After an
	// error the client may authenticate again, even as someone else.
	OpenMaildrop(ctx context.Context) (Maildrop, error)
	// Policy returns what CAPA announces: before OpenMaildrop what holds for
	// all users, and after it what holds for the user.
	Policy(ctx context.Context) (Policy, error)
	// Close ends the Session, after its Maildrop has been closed.
	Close() error
}

// A Checker is content of a message that can find out, before any of it is read,
// whether all can be: an error in the midst of it costs the client its connection.
type Checker interface {
	// Check returns an error that is answered in place of the content.
	Check() error
}

// A Maildrop is a user's messages as they were when it was opened, locked
// against other POP3 sessions. Messages have the numbers 1 to Len, which mean
// the same until Close; what arrives meanwhile is not seen.
type Maildrop interface {
	// Len returns the number of messages.
	Len() int
	// Size returns the size in octets of message n as Open yields it.
	// Like AppendUID it is called for each message in turn and must not
	// touch the message itself.
	Size(n int) int64
	// AppendUID appends the unique-id of message n, 1 to 70 octets in the
	// range 0x21 to 0x7E (RFC 1939 §7, UIDL), the same in every session
	// and never that of another message.
	AppendUID(dst []byte, n int) []byte
	// Open returns the content of message n, its lines ended by CRLF. For
	// TOP the engine reads no more than it needs. The engine closes it
	// before it calls anything else. For RETR it asks a Checker first.
	Open(ctx context.Context, n int, form Form) (io.ReadCloser, error)
	// Pause is called when the client has said nothing for a while. It gives
	// back what memory is held for messages that are expected to be opened.
	Pause()
	// Commit makes the session's changes durable, if there are any, when the
	// client has said QUIT (RFC 1939 §6). If it fails, some may have been
	// made.
	Commit(ctx context.Context, changes Changes) error
	// Close releases the maildrop and its lock. It is called exactly once.
	Close() error
}

// A Form says how a message is to be shown.
type Form int

// The forms of a message.
const (
	// ASCIIHeader is for clients that have not asked for UTF-8 mode: what
	// stands in header fields is ASCII, or the Maildrop refuses with
	// pop3.CodeUTF8 (RFC 6856 §2.1). Bodies are as they are. The size may
	// then differ a little from what Size says.
	ASCIIHeader Form = iota
	// AsIs is the message as it is, with Size octets.
	AsIs
)

// Changes are what a session leaves behind. The numbers are in ascending
// order; no message is in both lists, and at least one list is not empty.
type Changes struct {
	// Deleted are the messages that DELE has marked.
	Deleted []int
	// Retrieved are those that were sent whole by RETR, and stay: a policy
	// that lets messages expire may count from here (RFC 2449 §6.7).
	Retrieved []int
}
