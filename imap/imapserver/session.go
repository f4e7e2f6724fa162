package imapserver

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/sasl"
)

// A Backend makes the sessions of a server.
type Backend interface {
	// NewSession begins the session of a connection. It is called again
	// after STARTTLS, when the first session has been closed: nothing that
	// was learnt without TLS may be kept (RFC 9051 §6.2.1). An *imap.Error
	// is told in the BYE that refuses the connection.
	NewSession(ctx context.Context, info *ConnInfo) (Session, error)
}

// ConnInfo is what is known of a connection.
type ConnInfo struct {
	Local, Remote net.Addr
	// TLS is nil without TLS.
	TLS *tls.ConnectionState
	// Logger has the connection's attributes.
	Logger *slog.Logger
}

// A Session is one client's view of a mail store. The engine does grammar,
// states and the form of answers; the session does the data.
//
// A context given to a method does not end when the server shuts down: what has
// begun is finished.
//
// All methods are called one at a time, from the connection's own
// goroutine. The engine keeps the states of RFC 9051 §3: it calls nothing but
// AuthMechanisms, Authenticate, Login and Close before one of the two
// authentications succeeded, and the methods from Unselect on only while a
// mailbox is selected.
//
// # Names
//
// Mailbox names are UTF-8 with INBOX in its canonical form. Those of Create
// and the new one of Rename have passed [imap.CheckMailboxName]; the others may
// be anything, and the session answers NONEXISTENT.
//
// # Errors
//
// An *imap.Error is told to the client as it is. Any other error is logged and
// told as NO [SERVERBUG]. COPY, MOVE and APPEND to a mailbox that is not there
// and could be created end with the code TRYCREATE, other commands with
// NONEXISTENT.
//
// # The view
//
// The session owns the numbering of messages: an immutable version of the
// mailbox, the one that the client has been told of. What other sessions do
// becomes visible in Poll alone. Until then a sequence number keeps its
// meaning, and a message that another session has expunged can still be named
// (RFC 2180): FETCH answers what is still known of it, STORE, COPY and MOVE
// pass over it; if the content of a message is gone, FETCH does the others and
// then fails with [imap.CodeExpungeIssued].
//
// Sets of numbers come as the client wrote them: the session resolves them
// with [imap.NumSet.UIDs] or [imap.NumSet.Seqs] by their Kind, and returns the
// latter's error. A set of UIDs may come with a command that speaks of
// sequence numbers, because "$" stands for UIDs (RFC 9051 §6.4.4.1).
type Session interface {
	// AuthMechanisms returns the SASL mechanisms to announce.
	AuthMechanisms() []string
	// Authenticate begins an exchange; mechanism, in upper case, is one of
	// AuthMechanisms. When the exchange is done without error the session
	// is authenticated.
	Authenticate(ctx context.Context, mechanism string) (sasl.Server, error)
	// Login authenticates by a password. It fails as a sasl.Server does.
	Login(ctx context.Context, username, password string) error

	Namespace(ctx context.Context) (*imap.NamespaceData, error)
	// Create makes a mailbox and the levels above it that are missing. It
	// returns the mailbox's object id, empty without FeatureObjectID.
	Create(ctx context.Context, mailbox string, opts CreateOptions) (id string, err error)
	Delete(ctx context.Context, mailbox string) error
	// Rename also renames what is below; renaming INBOX moves its messages
	// into a new mailbox instead (RFC 9051 §6.3.6).
	Rename(ctx context.Context, from, to string) error
	Subscribe(ctx context.Context, mailbox string) error
	Unsubscribe(ctx context.Context, mailbox string) error
	// List writes the mailboxes that opts selects, in any order. LSUB comes
	// as Subscribed with RecursiveMatch.
	List(ctx context.Context, w *ListWriter, opts *imap.ListOptions) error
	Status(ctx context.Context, mailbox string, items imap.StatusItems) (*imap.StatusData, error)
	// Append stores all messages that msgs yields, or none: it must not
	// commit before msgs.Next has returned io.EOF, and returns any other
	// error of Next or of reading a literal as it is. It should look whether
	// the mailbox is there before it reads: nothing is transferred until the
	// first Read if the client waits for permission.
	Append(ctx context.Context, mailbox string, msgs *AppendReader) (*imap.AppendData, error)

	// Select opens a mailbox. The engine has called Unselect if one was
	// selected before, also if this fails (RFC 9051 §6.3.2).
	Select(ctx context.Context, mailbox string, opts SelectOptions) (*SelectData, error)
	// Unselect leaves the selected mailbox and expunges nothing.
	Unselect(ctx context.Context) error

	// Fetch calls w.Message for each message of set, in rising order. It
	// first sets \Seen where opts.SetsSeen and the mailbox is read-write,
	// and marks those that changed in FetchMessage.FlagsChanged. It leaves
	// out what opts.ChangedSince excludes, and with opts.Vanished calls
	// w.Vanished before the messages.
	Fetch(ctx context.Context, w *FetchWriter, set imap.NumSet, opts *imap.FetchOptions) error
	// Store changes flags and calls w.Stored for each message of set that it
	// changed or found as it should be.
	Store(ctx context.Context, w *StoreWriter, set imap.NumSet, op *imap.StoreOp) (*StoreData, error)
	Search(ctx context.Context, criteria *imap.SearchCriteria, opts SearchOptions) (*SearchData, error)
	// Copy copies flags and internal date too, all messages or none. It
	// returns nil or empty sets if set names no message.
	Copy(ctx context.Context, set imap.NumSet, dest string) (*imap.CopyData, error)
	// Move copies and expunges in one step; the next Poll tells.
	Move(ctx context.Context, set imap.NumSet, dest string) (*imap.CopyData, error)
	// Expunge removes the messages with \Deleted, only those in set unless
	// it is nil. The next Poll tells. It reports whether there were any.
	Expunge(ctx context.Context, set *imap.NumSet) (removed bool, err error)

	// Poll moves the view to the present state of the mailbox and writes the
	// difference. The engine calls it wherever the client may be told
	// (RFC 9051 §7.5.1): before the end of each command in the selected
	// state, and during IDLE.
	Poll(ctx context.Context, w *UpdateWriter, opts PollOptions) error
	// HighestModSeq returns a mod-sequence up to which the client has been
	// told everything, expunges included; zero if the mailbox has none.
	HighestModSeq() imap.ModSeq
	// Watch has the session call wake whenever there may be something to
	// Poll, from any goroutine, perhaps with its locks held: wake does not
	// wait. The engine calls Watch before it polls and then waits. Once
	// Watch(nil) has returned, which ends it, wake is not called any more;
	// Close ends it too.
	Watch(wake func())

	// Close ends the session in whatever state it is.
	Close() error
}

// CreateOptions goes with Session.Create.
type CreateOptions struct {
	// SpecialUse has the uses that the client wants the mailbox to have,
	// canonical (RFC 6154 §3). One that cannot be had fails with USEATTR.
	SpecialUse []imap.MailboxAttr
}

// SelectOptions goes with Session.Select.
type SelectOptions struct {
	// ReadOnly is EXAMINE.
	ReadOnly bool
}

// SelectData is what SELECT and EXAMINE tell (RFC 9051 §6.3.2).
type SelectData struct {
	ReadOnly bool
	Messages uint32
	// Recent and FirstUnseen are told in IMAP4rev1 only; a FirstUnseen of
	// zero is left out.
	Recent      uint32
	FirstUnseen imap.SeqNum
	UIDValidity imap.UIDValidity
	UIDNext     imap.UID
	// HighestModSeq is zero if the mailbox keeps no mod-sequences.
	HighestModSeq imap.ModSeq
	// Flags are those in use; PermanentFlags those the client can change,
	// with imap.FlagAny if it can make keywords.
	Flags          []imap.Flag
	PermanentFlags []imap.Flag
	// MailboxID goes with FeatureObjectID.
	MailboxID string
	// URLMechanisms are told with FeatureURLAuth, nil for a mailbox that no
	// URL has been signed for (RFC 4467 §8).
	URLMechanisms []string
	// List is told in IMAP4rev2; OldName in it says that the client asked
	// by another name. If nil the engine makes a plain one.
	List *imap.ListData
}

// StoreData is what a conditional STORE left alone because it had changed
// (RFC 7162 §3.1.3). Both sets name the same messages.
type StoreData struct {
	ModifiedUIDs imap.UIDSet
	ModifiedSeqs imap.SeqSet
}

// PollOptions goes with Session.Poll.
type PollOptions struct {
	// KeepExpunged forbids to tell of expunged messages now: the view keeps
	// them, so that sequence numbers stay as they are. Anything else, new
	// messages included, is told.
	KeepExpunged bool
	// Hold forbids to tell what others do to messages: which of them are in
	// the view changes by the client's own expunges alone. HoldFlags forbids
	// to tell of flags. The client has said by NOTIFY that it does not want
	// to hear of it; what is held is told once it may be.
	Hold, HoldFlags bool
	// New is what is told of new messages that are not the client's own
	// doing, beside their number (RFC 5465 §5.2); nil is nothing.
	New *imap.FetchOptions
}
