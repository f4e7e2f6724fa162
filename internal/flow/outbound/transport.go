package outbound

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/dsn"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A Transport takes messages on their way. Deliver may be called concurrently.
type Transport interface {
	// Deliver tries to deliver a parcel and returns a result for each
	// recipient, in their order. What it has not tried when the context
	// ends is a temporary failure.
	Deliver(ctx context.Context, p Parcel) []Result
}

// A Parcel is a message for recipients at one destination.
type Parcel struct {
	Message     queue.Message
	Destination address.Domain
	Via         string // host:port that takes it, in place of the destination's hosts
	Recipients  []queue.Recipient
	Route       *Route // as it was chosen before the hosts were known
	Content     *Content
}

// A Kind says how a delivery ended for one recipient.
type Kind int

// The kinds of results. The zero Kind is temporary: so is what nobody has
// thought of.
const (
	Temporary Kind = iota
	Permanent
	Accepted
)

// String returns the kind as it stands in logs.
func (k Kind) String() string {
	switch k {
	case Permanent:
		return "permanent"
	case Accepted:
		return "accepted"
	}
	return "temporary"
}

// A Result is what came of trying to deliver to one recipient.
type Result struct {
	Kind Kind
	// Code is the enhanced status code, from the reply or made up for it.
	Code dsn.Code
	// Text is the whole reply of the other server, or, if Remote is empty,
	// what else went wrong in words that the sender may read.
	Text string
	// Remote is the name of the host that replied.
	Remote string
	// Address is where the connection went, and TLS whether it was
	// encrypted; for the log.
	Address  string
	TLS      bool
	Security Security
	// Source is the address that the connection came from, if it was
	// chosen.
	Source string
	// Command is what Text is the reply to, such as "RCPT" or "end of data";
	// "connect" for the greeting.
	Command string
	// Reports says that the host that accepted will tell the sender what
	// becomes of the message, as it was asked (RFC 3461 §5.2.1). Final says
	// that there is no further hop.
	Reports bool
	Final   bool
	// Unreached says that there was nobody to talk to.
	Unreached bool
	// Suspended says that nobody was asked, because nobody could be reached
	// a short time ago.
	Suspended bool
	// Route is the one that was taken, if it is not that of the parcel.
	Route *Route
	// NotBefore is when the next attempt makes sense; zero leaves it to the
	// schedule.
	NotBefore time.Time
	reserved  *reservation
	// Err is the cause, for the log only.
	Err error
}

// failure returns a result that no remote server is responsible for.
func failure(kind Kind, code dsn.Code, text string, err error) Result {
	return Result{Kind: kind, Code: code, Text: text, Err: err}
}

// forAll repeats a result for each of n recipients.
func forAll(r Result, n int) []Result {
	results := make([]Result, n)
	for i := range results {
		results[i] = r
	}
	return results
}

// A Content is a message that can be read at any offset: bytes in memory, and
// a blob behind them.
type Content struct {
	prefix string
	blob   storage.Blob
}

// openContent opens the content of a queued message.
func openContent(store storage.Store, m queue.Message) (*Content, error) {
	blob, err := store.OpenBlob(m.Blob)
	if err != nil {
		return nil, err
	}
	return &Content{prefix: string(m.Prefix), blob: blob}, nil
}

// Size is the number of bytes.
func (c *Content) Size() int64 { return int64(len(c.prefix)) + c.blob.Size() }

// Reader returns a new reader of the whole message.
func (c *Content) Reader() io.Reader {
	return io.MultiReader(strings.NewReader(c.prefix), io.NewSectionReader(c.blob, 0, c.blob.Size()))
}

// ReadAt implements io.ReaderAt.
func (c *Content) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < int64(len(c.prefix)) {
		n = copy(p, c.prefix[off:])
		if n == len(p) {
			return n, nil
		}
	}
	m, err := c.blob.ReadAt(p[n:], off+int64(n)-int64(len(c.prefix)))
	return n + m, err
}

// Close closes the blob.
func (c *Content) Close() error { return c.blob.Close() }
