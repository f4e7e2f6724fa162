package columns

import (
	"bytes"
	"hash/maphash"
	"slices"

	"github.com/mailstead/mailstead/imap"
)

// A Part is some of the messages that a column lacks. It is for one goroutine.
type Part struct {
	builder   *Builder
	expected  int      // messages
	after     *segment // the last one of the base, if it is to be filled up
	continued bool     // it has been
	segments  []*segment
	open      *segment
	known     *valueTable // the values of open that were added here
	size
	told     size  // what the builder knows of
	reserved int64 // octets
}

// A size is about what a part adds to a column.
type size struct {
	messages int
	octets   int64
}

// Add adds the value of a message, whose UID is higher than all before. The
// value is copied. It returns ErrNoRoom if there is no memory for it.
func (p *Part) Add(uid imap.UID, value []byte) error {
	if p.open == nil || len(p.open.uids) == segmentMessages {
		p.close()
		p.begin()
	}
	s := p.open
	i, isNew := p.known.find(s, value)
	if isNew {
		s.arena = append(s.arena, value...)
		s.ends = append(s.ends, uint32(len(s.arena)))
		p.octets += int64(len(value)) + 8
	}
	s.uids = append(s.uids, uid)
	s.values = append(s.values, i)
	p.messages++
	p.octets += 6
	if p.octets <= p.reserved {
		return nil
	}
	return p.builder.grow(p)
}

// begin opens a segment: the last one of the base again, if it is not full.
func (p *Part) begin() {
	after := p.after
	if p.after, p.continued = nil, p.continued || after != nil; after == nil {
		after = new(segment)
	}
	room := min(max(0, p.expected-p.messages), segmentMessages-len(after.uids))
	p.known = newValueTable(p.known)
	p.open = &segment{
		uids:   append(make([]imap.UID, 0, len(after.uids)+room), after.uids...),
		values: append(make([]uint16, 0, len(after.uids)+room), after.values...),
		ends:   slices.Clone(after.ends),
		arena:  bytes.Clone(after.arena),
	}
}

// close ends the open segment.
func (p *Part) close() {
	if p.open == nil {
		return
	}
	s := p.open
	s.uids, s.values, s.ends, s.arena = shrunk(s.uids), shrunk(s.values), shrunk(s.ends), shrunk(s.arena)
	p.segments = append(p.segments, s)
	p.open = nil
}

// shrunk returns a list in no more memory than it needs.
func shrunk[E any](list []E) []E {
	if cap(list)-len(list) <= len(list)/16 {
		return list
	}
	return slices.Clone(list)
}

// A valueTable finds values of a segment by their hashes: a table with open
// addressing that is never more than half full, since a segment has no more
// values than messages. A map takes three times as long.
type valueTable struct {
	seed  maphash.Seed
	slots [2 * segmentMessages]valueSlot
}

// A valueSlot is a value: part of its hash, and its place plus one; zero if
// there is none.
type valueSlot struct{ tag, place uint16 }

// newValueTable returns an empty table, in the memory of an old one if there is
// one.
func newValueTable(old *valueTable) *valueTable {
	if old == nil {
		return &valueTable{seed: maphash.MakeSeed()}
	}
	clear(old.slots[:])
	return old
}

// find returns the place of a value in s, and whether it is new: then it is the
// next one to be added. A value that was there before the table may be new to
// it: that costs memory alone.
func (t *valueTable) find(s *segment, value []byte) (place uint16, isNew bool) {
	hash := maphash.Bytes(t.seed, value)
	tag, at := uint16(hash>>48), int(hash%uint64(len(t.slots)))
	for ; t.slots[at].place > 0; at = (at + 1) % len(t.slots) {
		if slot := t.slots[at]; slot.tag == tag && bytes.Equal(s.value(slot.place-1), value) {
			return slot.place - 1, false
		}
	}
	place = uint16(len(s.ends))
	t.slots[at] = valueSlot{tag, place + 1}
	return place, true
}
