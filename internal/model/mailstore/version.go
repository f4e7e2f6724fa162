package mailstore

import (
	"cmp"
	"slices"

	"github.com/mailstead/mailstead/imap"
)

// A Version is the messages of a mailbox at one moment, in order of UID: all
// that a session shows of a mailbox comes from the Version that it has told
// its client of. It is immutable, and shares what has not changed with other
// versions of the mailbox. A message's sequence number is its place, from 1.
type Version struct {
	box    *Mailbox
	chunks []*chunk
	starts []uint32 // messages before each chunk
	count  uint32
}

// newVersion makes a version of chunks in order.
func newVersion(box *Mailbox, chunks []*chunk) *Version {
	v := &Version{box: box, chunks: chunks, starts: make([]uint32, len(chunks))}
	for i, c := range chunks {
		v.starts[i] = v.count
		v.count += c.count
	}
	return v
}

// Mailbox returns the mailbox's record as it was at this moment.
func (v *Version) Mailbox() *Mailbox { return v.box }

// Len returns the number of messages.
func (v *Version) Len() imap.SeqNum { return imap.SeqNum(v.count) }

// UIDValidity returns the mailbox's UIDVALIDITY.
func (v *Version) UIDValidity() imap.UIDValidity { return v.box.UIDValidity }

// UIDNext returns a number above all UIDs ever given (RFC 9051 §2.3.1.1).
func (v *Version) UIDNext() imap.UID { return v.box.UIDNext }

// HighestModSeq returns the MODSEQ of the last change to the mailbox.
func (v *Version) HighestModSeq() imap.ModSeq { return v.box.HighestModSeq }

// HighestUID returns the UID of the last message, or zero if there is none.
func (v *Version) HighestUID() imap.UID {
	if v.count == 0 {
		return 0
	}
	return v.At(v.Len()).UID
}

// Unseen returns how many messages are without \Seen.
func (v *Version) Unseen() int {
	n := 0
	for _, c := range v.chunks {
		n += int(c.unseen)
	}
	return n
}

// FirstUnseen returns the sequence number of the first message without \Seen,
// or zero if there is none.
func (v *Version) FirstUnseen() imap.SeqNum {
	for i, c := range v.chunks {
		if c.unseen == 0 {
			continue
		}
		for j, p := range c.pages {
			if unseen := p.present &^ p.having(Seen); unseen != 0 {
				return imap.SeqNum(v.starts[i]+c.starts[j]) + imap.SeqNum(p.rank(lowest(unseen))) + 1
			}
		}
	}
	return 0
}

// At returns the message with that sequence number, which must be between 1
// and Len.
func (v *Version) At(seq imap.SeqNum) Entry {
	if seq == 0 || uint32(seq) > v.count {
		panic("mailstore: sequence number out of range")
	}
	n := uint32(seq) - 1
	i := rankOf(v.starts, n)
	c := v.chunks[i]
	n -= v.starts[i]
	j := rankOf(c.starts, n)
	p := c.pages[j]
	rank := int(n - c.starts[j])
	return p.entry(p.slot(rank), rank)
}

// Find returns the sequence number of the message with that UID.
func (v *Version) Find(uid imap.UID) (imap.SeqNum, bool) {
	seq := v.Seek(uid)
	if p := v.page(uint32(uid) >> pageBits); p == nil || p.present>>(uid%pageUIDs)&1 == 0 {
		return 0, false
	}
	return seq, true
}

// Get returns the message with that UID.
func (v *Version) Get(uid imap.UID) (Entry, bool) {
	p := v.page(uint32(uid) >> pageBits)
	slot := uint(uid % pageUIDs)
	if p == nil || p.present>>slot&1 == 0 {
		return Entry{}, false
	}
	return p.entry(slot, p.rank(slot)), true
}

// Seek returns the sequence number of the first message whose UID is at least
// uid; Len+1 if there is none.
func (v *Version) Seek(uid imap.UID) imap.SeqNum {
	no := uint32(uid) >> pageBits
	i, found := v.findChunk(no >> chunkBits)
	if !found {
		return v.startOf(i)
	}
	c := v.chunks[i]
	j, found := c.find(no)
	switch {
	case found:
		return imap.SeqNum(v.starts[i]+c.starts[j]) + imap.SeqNum(c.pages[j].rank(uint(uid%pageUIDs))) + 1
	case j < len(c.pages):
		return imap.SeqNum(v.starts[i]+c.starts[j]) + 1
	}
	return v.startOf(i + 1)
}

// Count returns how many messages of a set there are.
func (v *Version) Count(set imap.UIDSet) int {
	n := 0
	for _, r := range set {
		after := v.Len() + 1
		if next := r.Stop + 1; next != 0 {
			after = v.Seek(next)
		}
		n += int(after - min(after, v.Seek(r.Start)))
	}
	return n
}

// startOf returns the first sequence number of chunk i.
func (v *Version) startOf(i int) imap.SeqNum {
	if i < len(v.starts) {
		return imap.SeqNum(v.starts[i]) + 1
	}
	return imap.SeqNum(v.count) + 1
}

func (v *Version) findChunk(no uint32) (int, bool) {
	return slices.BinarySearchFunc(v.chunks, no, func(c *chunk, no uint32) int { return cmp.Compare(c.no, no) })
}

// page returns the page of that number, or nil if it has no messages.
func (v *Version) page(no uint32) *page {
	i, found := v.findChunk(no >> chunkBits)
	if !found {
		return nil
	}
	c := v.chunks[i]
	j, found := c.find(no)
	if !found {
		return nil
	}
	return c.pages[j]
}

// with returns a version of the mailbox with some pages replaced, added or,
// where they are empty, removed. changed is in order of page number.
func (v *Version) with(box *Mailbox, changed []*page) *Version {
	chunks := make([]*chunk, 0, len(v.chunks)+1)
	old := v.chunks
	for len(changed) > 0 {
		no := changed[0].no >> chunkBits
		n := 1
		for n < len(changed) && changed[n].no>>chunkBits == no {
			n++
		}
		for len(old) > 0 && old[0].no < no {
			chunks = append(chunks, old[0])
			old = old[1:]
		}
		base := &chunk{no: no}
		if len(old) > 0 && old[0].no == no {
			base, old = old[0], old[1:]
		}
		if c := base.with(changed[:n]); c != nil {
			chunks = append(chunks, c)
		}
		changed = changed[n:]
	}
	return newVersion(box, append(chunks, old...))
}

// usedFlags returns the flags that at least one message has.
func (v *Version) usedFlags() Flags {
	var f Flags
	for _, c := range v.chunks {
		for _, p := range c.pages {
			f = f.union(p.used())
		}
	}
	return f
}

// memory is about how many bytes the version takes.
func (v *Version) memory() int64 {
	n := int64(200)
	for _, c := range v.chunks {
		n += c.memory + 150
	}
	return n
}
