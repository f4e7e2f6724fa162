package imapserver

import (
	"io"

	"github.com/mailstead/mailstead/imap"
)

// An AppendMessage is a message that APPEND brings.
type AppendMessage struct {
	imap.AppendOptions
	// Size is the number of bytes that Literal will yield; it is negative if
	// the message is put together from parts, and nobody knows yet.
	Size int64
	// Binary says that the message may have NUL octets, which the session
	// must encode or refuse with UNKNOWN-CTE. It may become true while
	// Literal is read, and goes with FeatureBinary.
	Binary bool
	// Literal is the message. The client may begin to send it only when it
	// is first read.
	Literal io.Reader
}

// An AppendReader yields the messages of an APPEND command: one, or several
// with MULTIAPPEND (RFC 3502).
type AppendReader struct {
	next func() (*AppendMessage, error)
}

// NewAppendReader returns an AppendReader that takes messages from next, as
// tests of sessions need it.
func NewAppendReader(next func() (*AppendMessage, error)) *AppendReader {
	return &AppendReader{next: next}
}

// Next returns the next message, or io.EOF when the command has ended well.
// The literal of the message before must have been read to its end; what is
// left of it is skipped. Any other error means that nothing may be stored.
func (r *AppendReader) Next() (*AppendMessage, error) { return r.next() }
