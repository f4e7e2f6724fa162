package mailstore

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/message"
)

var errPending = errors.New("mailstore: not written yet")

// Options configure a Store. The zero value is usable.
type Options struct {
	// OnChange is called after each durable change of an account, with the
	// MODSEQ that the account is now at. It must not block, and may be
	// called concurrently and out of order.
	OnChange func(AccountID, imap.ModSeq)
	// Quota returns what an account may store; nil means no limit.
	Quota func(AccountID) Quota
	// Clock returns the time; time.Now if nil.
	Clock func() time.Time
	// Log hears of what nobody else is told; discarded if nil.
	Log *slog.Logger
	// CacheAccounts bounds the accounts kept in memory. Default 4096.
	CacheAccounts int
	// CacheBytes bounds the memory of the versions that are kept for
	// whoever opens the mailbox next. Default 128 MB. Versions in use by
	// sessions are not counted once they are dropped here.
	CacheBytes int64
	// MaxMailboxes bounds the mailboxes of an account. Default 5000.
	MaxMailboxes int
	// MaxSubscriptions bounds the subscriptions of an account. Default 10000.
	MaxSubscriptions int
}

// A Quota is what an account may store; zero means no limit.
type Quota struct {
	Bytes    int64
	Messages int64
}

// Usage is what an account stores. Copies count each.
type Usage struct {
	Bytes    int64
	Messages int64
}

// A Store is the mail of all accounts on a storage engine.
type Store struct{}

// New returns a Store on st, which stays the caller's to close, after Close.
func New(st storage.Store, o Options) *Store { return &Store{} }

// Close writes what is still only in memory (the marks of recent messages).
// No other method may be called after it.
func (s *Store) Close() error { return errPending }

// Account returns an account, which is made with its default mailboxes when it
// is first used. It costs nothing to keep, and needs no close.
func (s *Store) Account(ctx context.Context, id AccountID) (*Account, error) { return nil, errPending }

// DeleteAccount removes all of an account. The account must not be in use.
func (s *Store) DeleteAccount(ctx context.Context, id AccountID) error { return errPending }

// CollectOrphans removes the content of messages that were expunged before
// olderThan and of which no copy is left. It returns how many records it
// removed. One call runs at a time; upkeep calls it.
func (s *Store) CollectOrphans(ctx context.Context, olderThan time.Time) (removed int, err error) {
	return 0, errPending
}

// TrimLog removes the entries of an account's change log up to and including
// modseq, except the last keep entries.
func (a *Account) TrimLog(ctx context.Context, keep int) error { return errPending }

// A Delivery is a message for one recipient.
type Delivery struct {
	Account AccountID
	// Mailbox is the name of the mailbox, INBOX if empty. A name that does
	// not exist is made if Create is set, else INBOX is taken.
	Mailbox      string
	Create       bool
	Flags        []imap.Flag
	InternalDate time.Time // now if zero
	// Prefix is put in front of the content for this recipient: whole
	// header fields that end with CRLF.
	Prefix []byte
}

// A Delivered is what became of one Delivery.
type Delivered struct {
	Account     AccountID
	Mailbox     MailboxID
	UIDValidity imap.UIDValidity
	UID         imap.UID
	ModSeq      imap.ModSeq
	Instance    InstanceID
	Err         error // ErrOverQuota, say; the other recipients are not affected
}

// Deliver stores a message for all its recipients, and whatever also adds to
// the batch, in one durable batch. also may be nil, and may be called again if
// the batch has to be built again. The error is about all recipients; what
// concerns one stands in its Delivered, of which there is one per Delivery.
//
// Only if the records of the recipients exceed what a batch can hold (that is
// several hundred recipients) several batches are used, the one with also
// last; then it may happen that an early batch is stored and a later one
// fails, and Delivered says for each recipient what is true.
func (s *Store) Deliver(ctx context.Context, c *Content, to []Delivery, also func(*storage.Batch)) ([]Delivered, error) {
	return nil, errPending
}

// An Account is the mail of one account. Its methods may be called
// concurrently.
type Account struct{}

// ID returns the account's id.
func (a *Account) ID() AccountID { return 0 }

// Mailboxes returns the mailboxes as they are now.
func (a *Account) Mailboxes(ctx context.Context) (*Tree, error) { return nil, errPending }

// Usage returns what the account stores.
func (a *Account) Usage(ctx context.Context) (Usage, error) { return Usage{}, errPending }

// Quota returns what the account may store.
func (a *Account) Quota() Quota { return Quota{} }

// Open returns the messages of a mailbox as they are now.
func (a *Account) Open(ctx context.Context, id MailboxID) (*Version, error) { return nil, errPending }

// Create makes a mailbox, and those above it that do not exist yet
// (RFC 9051 §6.3.4), with special uses (RFC 6154 §3).
func (a *Account) Create(ctx context.Context, name string, uses ...imap.MailboxAttr) (*Mailbox, error) {
	return nil, errPending
}

// Delete removes a mailbox with its messages; mailboxes below it and its
// subscription stay (RFC 9051 §6.3.5).
func (a *Account) Delete(ctx context.Context, name string) error { return errPending }

// Rename renames a mailbox and those below it. Renaming INBOX moves its
// messages to a new mailbox and leaves what is below it (RFC 9051 §6.3.6).
func (a *Account) Rename(ctx context.Context, from, to string) error { return errPending }

// Subscribe adds a name to the subscriptions, whether it exists or not.
func (a *Account) Subscribe(ctx context.Context, name string) error { return errPending }

// Unsubscribe removes a name from the subscriptions, if it is among them.
func (a *Account) Unsubscribe(ctx context.Context, name string) error { return errPending }

// SetSpecialUse replaces the special uses of a mailbox.
func (a *Account) SetSpecialUse(ctx context.Context, id MailboxID, uses ...imap.MailboxAttr) error {
	return errPending
}

// An Append is a message to be put into a mailbox.
type Append struct {
	Content      *Content
	Flags        []imap.Flag
	InternalDate time.Time // now if zero
	Prefix       []byte    // as in Delivery
}

// Append puts messages into a mailbox: all or none (RFC 3502).
func (a *Account) Append(ctx context.Context, id MailboxID, messages []Append) (*imap.AppendData, error) {
	return nil, errPending
}

// A Stored says what StoreFlags did.
type Stored struct {
	ModSeq   imap.ModSeq // of the last message changed; zero if none was
	Changed  imap.UIDSet // messages that have other flags than before
	Modified imap.UIDSet // left alone because of UnchangedSince (RFC 7162 §3.1.3)
}

// StoreFlags changes the flags of messages. UIDs that name no message are
// passed over. Messages whose flags stay the same keep their MODSEQ.
func (a *Account) StoreFlags(ctx context.Context, id MailboxID, uids imap.UIDSet, op imap.StoreOp) (*Stored, error) {
	return nil, errPending
}

// Copy copies messages, in order of UID, all or none (RFC 9051 §6.4.7). UIDs
// that name no message are passed over; if none does, the sets are empty.
func (a *Account) Copy(ctx context.Context, from, to MailboxID, uids imap.UIDSet) (*imap.CopyData, error) {
	return nil, errPending
}

// Move moves messages, each wholly or not at all (RFC 6851 §3.3), also to the
// mailbox that they are in. UIDs that name no message are passed over.
func (a *Account) Move(ctx context.Context, from, to MailboxID, uids imap.UIDSet) (*imap.CopyData, error) {
	return nil, errPending
}

// Expunge removes those messages of uids that have \Deleted, all such if uids
// is nil, and returns which (RFC 9051 §6.4.3, §6.4.9).
func (a *Account) Expunge(ctx context.Context, id MailboxID, uids *imap.UIDSet) (imap.UIDSet, error) {
	return nil, errPending
}

// Remove removes messages whatever their flags, and returns which.
func (a *Account) Remove(ctx context.Context, id MailboxID, uids imap.UIDSet) (imap.UIDSet, error) {
	return nil, errPending
}

// Recent returns the first UID of the messages that no session has been the
// first to see: from there on they are \Recent for a session that opens the
// mailbox now (RFC 3501 §2.3.2).
func (a *Account) Recent(ctx context.Context, id MailboxID) (imap.UID, error) { return 0, errPending }

// MarkRecent is Recent for a session that opens the mailbox to write: messages
// below upTo, which is the UIDNext of its Version, will not be recent for
// others.
func (a *Account) MarkRecent(ctx context.Context, id MailboxID, upTo imap.UID) (imap.UID, error) {
	return 0, errPending
}

// Changes is what has happened to the messages of a mailbox since a MODSEQ.
type Changes struct {
	ModSeq   imap.ModSeq // up to which the changes go
	Changed  imap.UIDSet // messages that exist and are new or have new flags
	Vanished imap.UIDSet // messages that were expunged or moved away
}

// Changes returns what has happened to a mailbox since a MODSEQ
// (RFC 7162 §3.2.5). If the log does not reach back that far it returns
// ErrTooOld: the caller then takes all UIDs that do not exist as vanished.
func (a *Account) Changes(ctx context.Context, id MailboxID, since imap.ModSeq) (*Changes, error) {
	return nil, errPending
}

// Message returns the content of a message.
func (a *Account) Message(ctx context.Context, e Entry) (*Message, error) { return nil, errPending }

// A Message is the stored content of a message.
type Message struct{}

// Size returns the octets of the message.
func (m *Message) Size() int64 { return 0 }

// Envelope returns the envelope, without reading the part tree.
func (m *Message) Envelope() (*message.Envelope, error) { return nil, errPending }

// Structure returns envelope and part tree; offsets count from the start of
// the message as Open reads it.
func (m *Message) Structure() (*message.Structure, error) { return nil, errPending }

// Open opens the whole message for reading.
func (m *Message) Open() (Reader, error) { return nil, errPending }

// A Reader reads a message at any offset.
type Reader interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// NewIngest returns a writer that takes in a message of at most limit bytes
// (no limit if it is zero or negative).
func (s *Store) NewIngest(limit int64) *Ingest { return nil }

// An Ingest takes in a message as it comes from the network: it keeps a small
// one in memory, stages a large one, and scans it in the same pass. It is not
// for concurrent use.
type Ingest struct{}

// Write takes the next bytes. It returns ErrTooLarge beyond the limit.
func (i *Ingest) Write(p []byte) (int, error) { return 0, errPending }

// Size returns the bytes taken so far.
func (i *Ingest) Size() int64 { return 0 }

// Finish ends the message. The Ingest must not be used any more, except
// Discard, which then does nothing.
func (i *Ingest) Finish() (*Content, error) { return nil, errPending }

// Discard drops an unfinished message. It may always be called.
func (i *Ingest) Discard() {}

// A Content is a whole message that is not stored yet.
type Content struct{}

// Size returns its bytes.
func (c *Content) Size() int64 { return 0 }

// Structure returns its envelope and part tree.
func (c *Content) Structure() *message.Structure { return nil }

// Header returns the bytes of the header with the blank line that ends it,
// but not more than max.
func (c *Content) Header(max int) ([]byte, error) { return nil, errPending }

// Open opens the content for reading, before or after it is stored, until
// Discard.
func (c *Content) Open() (Reader, error) { return nil, errPending }

// Discard frees the content. It must be called once the content has been
// delivered, appended, or is not wanted, and may be called again.
func (c *Content) Discard() {}
