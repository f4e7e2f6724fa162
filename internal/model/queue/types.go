package queue

import (
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/smtp"
)

var (
	// ErrNotFound says that there is no such message in the queue.
	ErrNotFound = errors.New("queue: no such message")
	// ErrInvalid says that a message can not be queued as it is.
	ErrInvalid = errors.New("queue: invalid message")
)

// DefaultLifetime is how long delivery is tried (RFC 5321 §4.5.4.1).
const DefaultLifetime = 5 * 24 * time.Hour

// Limits of a message in the queue.
const (
	MaxPrefix     = 32 << 10 // bytes before the blob
	MaxRecipients = 5000     // of one message
	maxReply      = 1 << 10  // bytes kept of the last reply
)

// An ID names a message in the queue, for ever. IDs grow with time.
type ID uint64

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// String returns the ID as 13 digits and lower case letters.
func (id ID) String() string {
	return idEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, uint64(id)))
}

// ParseID reads what String returns.
func ParseID(s string) (ID, error) {
	raw, err := idEncoding.DecodeString(s)
	if err != nil || len(raw) != 8 {
		return 0, fmt.Errorf("queue: %q is not a queue id", s)
	}
	return ID(binary.BigEndian.Uint64(raw)), nil
}

// Bounds of the priority in the options of a message (RFC 6710 §3).
const (
	LowestPriority  = -9
	HighestPriority = 9
)

// A Message is what the recipients of a transaction share.
type Message struct {
	ID      ID `json:"-"` // set by Add
	Sender  smtp.ReversePath
	Options smtp.MailOptions
	// Account is the address of the account that submitted the message;
	// zero if it did not come from a user.
	Account address.Address `json:",omitzero"`
	// Blob is the content, after Prefix: the trace fields that were added
	// for this way (RFC 5321 §4.4).
	Blob   storage.BlobID
	Prefix []byte
	// Size is the bytes of Prefix and Blob together.
	Size     int64
	Received time.Time
	// NotBefore is until when the message was held for its sender; zero if
	// it was not. It does not set when the recipients are due.
	NotBefore time.Time `json:",omitzero"`
	// Expires is when delivery is given up; Add sets it to Received and
	// DefaultLifetime if it is zero.
	Expires time.Time
}

// A Recipient is one who must still get a message.
type Recipient struct {
	Index       uint32 `json:"-"` // its place among those of the message; set by Add
	Address     address.Address
	Destination address.Domain // that mail is sent to; usually Address.Domain
	// Via is the next hop that an operator has sent the recipient to, as
	// host:port, in place of the hosts of the destination.
	Via     string `json:",omitempty"`
	Options smtp.RcptOptions

	Due         time.Time // of the next attempt
	Attempts    int       // so far
	LastAttempt time.Time `json:",omitzero"`
	LastReply   string    `json:",omitempty"` // or what else went wrong
	LastHost    string    `json:",omitempty"` // that gave the reply
	// DelayNotified says that the sender has been told of the delay.
	DelayNotified bool `json:",omitempty"`
	// Suspended says that the last attempt reached nobody, or was none: the
	// destination was known to be out of reach. [Queue.Resume] makes such
	// recipients due.
	Suspended bool `json:",omitempty"`
	// Held keeps the recipient from being leased.
	Held bool `json:",omitempty"`

	// Lease says who tries to deliver now; zero while the recipient waits.
	Lease Lease `json:",omitzero"`
}

// A Lease is the right to deliver.
type Lease struct {
	Owner string
	Until time.Time
	Token uint64
}

// A State is where a recipient stands.
type State string

// The states.
const (
	Waiting State = "waiting" // for its due time
	Leased  State = "leased"  // being delivered
	Held    State = "held"    // until an operator releases it
)

// A Hop is what recipients wait for together: a destination, or the host:port
// that they were rerouted to.
type Hop string

// Hop returns where the recipient's mail goes next.
func (r *Recipient) Hop() Hop {
	if r.Via != "" {
		return Hop(r.Via)
	}
	return Hop(r.Destination.String())
}

// State returns where the recipient stands.
func (r *Recipient) State() State {
	if r.Lease.Token != 0 {
		return Leased
	}
	if r.Held {
		return Held
	}
	return Waiting
}
