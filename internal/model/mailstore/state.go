package mailstore

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
)

const countersFormat = 1

// counters is the value of an account's first key. Every change writes it and
// asserts what it was before, which makes the changes of an account serial.
type counters struct {
	modSeq      imap.ModSeq // of the last change
	horizon     imap.ModSeq // the change log has all entries above it
	lastID      uint64      // last record and instance id given
	lastMailbox MailboxID
	uidValidity imap.UIDValidity // last given
	usage       Usage
	annotations int64 // bytes of all annotations, as annotationSize counts
}

func (c *counters) encode() []byte {
	b := make([]byte, 0, 40)
	b = append(b, countersFormat)
	for _, v := range [...]uint64{
		uint64(c.modSeq), uint64(c.horizon), c.lastID, uint64(c.lastMailbox),
		uint64(c.uidValidity), uint64(c.usage.Bytes), uint64(c.usage.Messages),
		uint64(c.annotations),
	} {
		b = binary.AppendUvarint(b, v)
	}
	return b
}

func parseCounters(b []byte) (counters, error) {
	d := newDecoder(b, countersFormat)
	c := counters{
		modSeq:      imap.ModSeq(d.uvarint()),
		horizon:     imap.ModSeq(d.uvarint()),
		lastID:      d.uvarint(),
		lastMailbox: MailboxID(d.uvarint()),
		uidValidity: imap.UIDValidity(d.uvarint()),
		usage:       Usage{Bytes: int64(d.uvarint()), Messages: int64(d.uvarint())},
	}
	if len(d.b) > 0 { // stores from before there were annotations end here
		c.annotations = int64(d.uvarint())
	}
	return c, d.end("account counters")
}

// nextUIDValidity gives a UIDVALIDITY: always a larger one, and one that is
// not below the time, so that mailboxes that come back from an old backup do
// not meet clients that remember more than the backup does.
func (c *counters) nextUIDValidity(now int64) (imap.UIDValidity, error) {
	if c.uidValidity == ^imap.UIDValidity(0) {
		return 0, ErrUIDsExhausted
	}
	c.uidValidity++
	if now > int64(c.uidValidity) && now < 1<<32 {
		c.uidValidity = imap.UIDValidity(now)
	}
	return c.uidValidity, nil
}

// A state is an account after one of its changes. It is immutable.
type state struct {
	counters
	stored []byte // the counters as stored
	order  uint64 // later states have larger numbers, in this process
	tree   *Tree
	mail   []contents // for each of tree.byID

	// deleted says that there is no such account any more. Such a state is
	// the last: nothing else of it is set but its order.
	deleted bool
}

// contents is what is in memory of a mailbox's messages: all of them, or only
// the last page, or nothing.
type contents struct {
	version *Version
	tail    *page
}

func (s *state) contents(id MailboxID) (contents, bool) {
	i, found := s.tree.index(id)
	if !found {
		return contents{}, false
	}
	return s.mail[i], true
}

// withVersion returns the same state with the messages of a mailbox in memory.
func (s *state) withVersion(v *Version, order uint64) *state {
	next := *s
	next.order = order
	i, _ := s.tree.index(v.box.ID)
	next.mail = slices.Clone(s.mail)
	next.mail[i] = contents{version: v}
	return &next
}

// memory is about how many bytes the messages in memory take.
func (s *state) memory() int64 {
	var n int64
	for i := range s.mail {
		if v := s.mail[i].version; v != nil {
			n += v.memory()
		}
	}
	return n
}

// sortByName returns the ids of boxes in order of name.
func sortByName(boxes []*Mailbox) []MailboxID {
	sorted := slices.Clone(boxes)
	slices.SortFunc(sorted, func(a, b *Mailbox) int { return strings.Compare(a.Name, b.Name) })
	ids := make([]MailboxID, len(sorted))
	for i, m := range sorted {
		ids[i] = m.ID
	}
	return ids
}
