package imap

// A SortKey is what SORT compares messages by.
type SortKey uint8

// Keys of SORT (RFC 5256 §3, RFC 5957).
const (
	// SortArrival is the internal date with its time.
	SortArrival SortKey = iota
	// SortCc, SortFrom and SortTo are the mailbox, the part before the "@",
	// of the first address.
	SortCc
	// SortDate is the sent date (RFC 5256 §2.2).
	SortDate
	SortFrom
	SortSize
	// SortSubject is the base subject (RFC 5256 §2.1).
	SortSubject
	SortTo
	// SortDisplayFrom and SortDisplayTo are the display name of the first
	// address, or the address itself if it has none (RFC 5957 §3).
	SortDisplayFrom
	SortDisplayTo
	// SortRelevancy is how well the message matches, the best first
	// (RFC 6203 §6).
	SortRelevancy
)

// A SortCriterion is a key of SORT and its direction.
type SortCriterion struct {
	Key SortKey
	// Reverse puts the largest first. Messages that are equal stay in the
	// order of their sequence numbers.
	Reverse bool
}
