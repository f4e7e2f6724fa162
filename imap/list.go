package imap

// ListOptions is what LIST or LSUB asks for (RFC 9051 §6.3.9, RFC 5258).
type ListOptions struct {
	// Reference is put before each pattern.
	Reference string
	// Patterns has at least one pattern; "*" matches anything, "%" anything
	// but the hierarchy delimiter.
	Patterns []string

	// Selection options: which mailboxes are meant.
	Subscribed     bool
	Remote         bool
	SpecialUse     bool
	RecursiveMatch bool

	// Return options: what is told of each.
	ReturnSubscribed bool
	ReturnChildren   bool
	ReturnSpecialUse bool
	ReturnStatus     StatusItems
	// ReturnMyRights tells the rights on each mailbox (RFC 8440).
	ReturnMyRights bool
	// ReturnMetadata has the entries, canonical, whose values are told
	// (RFC 9590).
	ReturnMetadata []string
}

// ListData is one answer of LIST.
type ListData struct {
	// Mailbox is the name in UTF-8.
	Mailbox string
	// Delim is the hierarchy delimiter; zero is a flat name space.
	Delim rune
	Attrs []MailboxAttr
	// ChildSubscribed is the CHILDINFO of a RECURSIVEMATCH: a mailbox below
	// this one is subscribed, and is itself not in the answer
	// (RFC 9051 §6.3.9.6).
	ChildSubscribed bool
	// OldName is the name that the client used or knew, empty if it is the
	// same (RFC 9051 §6.3.9.7).
	OldName string
	// Status goes with ReturnStatus; nil if it could not be had.
	Status *StatusData
	// MyRights goes with ReturnMyRights; zero if it is not told.
	MyRights Rights
	// Metadata has the values that there are of ReturnMetadata; nil if they
	// could not be had.
	Metadata []Annotation
}

// StatusItems is a set of what STATUS can tell.
type StatusItems uint16

// Items of STATUS (RFC 9051 §6.3.11, RFC 7162 §3.1.7, RFC 7889, RFC 8474,
// RFC 9208 §4.1.4).
const (
	StatusMessages StatusItems = 1 << iota
	StatusRecent               // IMAP4rev1 only
	StatusUIDNext
	StatusUIDValidity
	StatusUnseen
	StatusDeleted
	StatusSize
	StatusHighestModSeq
	StatusAppendLimit
	StatusMailboxID
	StatusDeletedStorage
)

// StatusData has the values of the items that were asked for; the others are
// ignored.
type StatusData struct {
	Messages    uint32
	Recent      uint32
	UIDNext     UID
	UIDValidity UIDValidity
	Unseen      uint32
	Deleted     uint32
	Size        int64 // bytes of all messages
	// DeletedStorage is the bytes of messages with \Deleted.
	DeletedStorage int64
	HighestModSeq  ModSeq
	AppendLimit    int64 // bytes; zero is the server's limit
	MailboxID      string
}

// A Namespace is a prefix with its delimiter (RFC 2342).
type Namespace struct {
	Prefix string
	Delim  rune
}

// NamespaceData is the answer of NAMESPACE.
type NamespaceData struct {
	Personal, Other, Shared []Namespace
}
