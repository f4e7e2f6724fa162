package columns

import (
	"sync"

	"github.com/mailstead/mailstead/imap"
)

// A Column is one value of each message of a mailbox, up to the last message
// that was there when it was made. It is immutable. The zero value has none.
type Column struct {
	segments []*segment
	count    int
	last     imap.UID
	octets   int64
	tooLarge int

	ranking sync.Once
	ranks   Ranks
}

// segmentMessages is how many messages a segment has, but for the last one of a
// column: this much is copied when a message is added.
const segmentMessages = 4096

// A segment is the values of some messages, in order of UID.
type segment struct {
	uids   []imap.UID
	values []uint16 // of each message: which of the different values
	ends   []uint32 // of each different value, in arena
	arena  []byte
}

// Len returns the number of messages.
func (c *Column) Len() int { return c.count }

// Last returns the UID up to which the column has all messages, but for those
// that had been expunged when it was made.
func (c *Column) Last() imap.UID { return c.last }

// TooLarge returns for how many messages it was tried to make the column, which
// would have been too large; zero if it was not.
func (c *Column) TooLarge() int { return c.tooLarge }

// memory is how many octets the column takes in the cache.
func (c *Column) memory() int64 { return c.octets + 300 }

func (s *segment) last() imap.UID { return s.uids[len(s.uids)-1] }

// value returns one of the different values.
func (s *segment) value(i uint16) []byte {
	start := uint32(0)
	if i > 0 {
		start = s.ends[i-1]
	}
	return s.arena[start:s.ends[i]:s.ends[i]]
}

// memory is how many octets the segment takes, with the ranks of its values.
func (s *segment) memory() int64 {
	const ofMessage, ofValue, ofRank, ofStruct = 4 + 2, 4, 4, 200
	return int64(len(s.uids)*ofMessage+len(s.ends)*(ofValue+ofRank)+len(s.arena)) + ofStruct
}
