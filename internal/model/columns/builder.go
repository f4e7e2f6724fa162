package columns

import (
	"bytes"
	"hash/maphash"
	"slices"

	"github.com/mailstead/mailstead/imap"
)

// A Builder makes a column longer. It is for one goroutine.
type Builder struct {
	cache    *Cache
	base     *Column
	reserved int64 // octets, of the cache's limit
	expected int   // messages that the column is to have
	last     imap.UID
	tooLarge bool

	segments []*segment // of the base, those that stay as they are, and new ones
	count    int        // messages
	octets   int64      // about, of segments and open
	open     *segment
	seed     maphash.Seed
	known    map[uint64]uint16 // values of open by their hashes, those added here
}

// reserveStep is how many octets a builder reserves at once.
const reserveStep = 64 << 10

func newBuilder(c *Cache, base *Column) *Builder {
	return &Builder{cache: c, base: base, segments: slices.Clone(base.segments), count: base.count, octets: base.octets, last: base.last, seed: maphash.MakeSeed()}
}

// Column returns the column as it is.
func (b *Builder) Column() *Column { return b.base }

// Last returns the UID up to which no message is missing any more.
func (b *Builder) Last() imap.UID { return b.last }

// Expect says how many messages the column is to have in the end, so that one
// that will be too large is given up early. It comes before the first Add.
func (b *Builder) Expect(messages int) { b.expected = messages }

// Restart lets the column begin anew, with none of the messages that it has.
func (b *Builder) Restart() { b.segments, b.count, b.octets, b.last = nil, 0, 0, 0 }

// Reach says that of the messages up to a UID none is missing.
func (b *Builder) Reach(uid imap.UID) { b.last = max(b.last, uid) }

// Add adds the value of a message, whose UID is higher than all before. The
// value is copied. It returns ErrNoRoom if there is no memory for it.
func (b *Builder) Add(uid imap.UID, value []byte) error {
	if b.open == nil || len(b.open.uids) == segmentMessages {
		b.close()
		b.begin()
	}
	s := b.open
	s.uids = append(s.uids, uid)
	s.values = append(s.values, b.valueOf(value))
	b.count++
	b.octets += 6
	b.last = uid
	return b.makeRoom()
}

// begin opens a segment: the last one of the base again, if it is not full.
func (b *Builder) begin() {
	b.open, b.known = &segment{}, make(map[uint64]uint16)
	n := len(b.segments)
	if n == 0 || len(b.segments[n-1].uids) == segmentMessages {
		return
	}
	last := b.segments[n-1]
	b.segments = b.segments[:n-1]
	*b.open = segment{
		uids:   slices.Clone(last.uids),
		values: slices.Clone(last.values),
		ends:   slices.Clone(last.ends),
		arena:  bytes.Clone(last.arena),
	}
}

// valueOf returns which of the values of the open segment a value is. One that
// stands there from before the builder began, or whose hash is another's, may
// come to stand there twice: that costs memory alone.
func (b *Builder) valueOf(value []byte) uint16 {
	s := b.open
	hash := maphash.Bytes(b.seed, value)
	if i, ok := b.known[hash]; ok && bytes.Equal(s.value(i), value) {
		return i
	}
	i := uint16(len(s.ends))
	b.known[hash] = i
	s.arena = append(s.arena, value...)
	s.ends = append(s.ends, uint32(len(s.arena)))
	b.octets += int64(len(value)) + 8
	return i
}

// makeRoom reserves memory for what has been added.
func (b *Builder) makeRoom() error {
	most := b.cache.limit / 2
	if b.octets > most || len(b.segments) > 0 && b.projected() > most {
		b.tooLarge = true
		return ErrNoRoom
	}
	for b.octets-b.base.octets > b.reserved {
		if !b.cache.reserve(reserveStep) {
			return ErrNoRoom
		}
		b.reserved += reserveStep
	}
	return nil
}

// projected is how many octets all expected messages will take.
func (b *Builder) projected() int64 {
	return b.octets / int64(b.count) * int64(b.expected)
}

// close ends the open segment.
func (b *Builder) close() {
	if b.open == nil {
		return
	}
	s := b.open
	s.uids, s.values, s.ends, s.arena = slices.Clone(s.uids), slices.Clone(s.values), slices.Clone(s.ends), bytes.Clone(s.arena)
	b.segments = append(b.segments, s)
	b.open = nil
}

// finish returns the column with what has been added.
func (b *Builder) finish() *Column {
	if b.open == nil && b.last == b.base.last && b.count == b.base.count {
		return b.base
	}
	b.close()
	c := &Column{segments: b.segments, count: b.count, last: b.last}
	for _, s := range c.segments {
		c.octets += s.memory()
	}
	return c
}
