package columns

import (
	"slices"
	"sync"

	"github.com/mailstead/mailstead/imap"
)

// A Builder makes a column longer. Its parts may be filled by several
// goroutines at the same time; its own methods are for one.
type Builder struct {
	cache *Cache
	base  *Column
	spare bool

	kept     []*segment // of the base, those that stay
	from     imap.UID   // no message up to it is missing
	reached  imap.UID   // nor up to this one, in the end
	expected int        // messages that the column is to have
	parts    []*Part

	mu       sync.Mutex
	reserved int64 // octets, of the cache's limit
	octets   int64 // about, of what has been kept and added
	messages int   // the same
	full     bool  // no more can be added
	tooLarge bool  // since the column is, by itself
}

func newBuilder(c *Cache, base *Column) *Builder {
	return &Builder{cache: c, base: base, kept: base.segments, from: base.last, octets: base.octets, messages: base.count}
}

// Column returns the column as it is.
func (b *Builder) Column() *Column { return b.base }

// Last returns the UID up to which no message is missing.
func (b *Builder) Last() imap.UID { return b.from }

// Expect says how many messages the column is to have in the end, so that one
// that will be too large is given up early. It comes before the parts.
func (b *Builder) Expect(messages int) { b.expected = messages }

// Spare says that nobody has asked for the column yet. It is not made if it would
// take more than an eighth of the cache's limit, and is the first to go.
func (b *Builder) Spare() { b.spare = true }

// Restart lets the column begin anew, with none of the messages that it has. It
// comes before the parts.
func (b *Builder) Restart() { b.kept, b.from, b.octets, b.messages = nil, 0, 0, 0 }

// Reach says that of the messages up to a UID none will be missing.
func (b *Builder) Reach(uid imap.UID) { b.reached = uid }

// Parts returns parts that together are to have what is missing, each messages
// before those of the next. Each is to have about as many messages as are given
// for it. It is called once.
func (b *Builder) Parts(messages ...int) []*Part {
	b.parts = make([]*Part, len(messages))
	for i, n := range messages {
		b.parts[i] = &Part{builder: b, expected: n}
	}
	if last := len(b.kept) - 1; len(b.parts) > 0 && last >= 0 && len(b.kept[last].uids) < segmentMessages {
		b.parts[0].after = b.kept[last]
	}
	return b.parts
}

// Full tells whether nothing can be added any more: the column stays as it was.
func (b *Builder) Full() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.full
}

// grow makes room for what a part has, and for some more. It returns ErrNoRoom
// if there is none.
func (b *Builder) grow(p *Part) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.octets += p.octets - p.told.octets
	b.messages += p.messages - p.told.messages
	p.told = p.size
	b.tooLarge = b.tooLarge || b.exceeds(b.cache.limit/2)
	b.full = b.full || b.tooLarge || b.spare && b.exceeds(b.cache.limit/8)
	for step := b.cache.reserveStep(); !b.full && p.reserved < p.octets; {
		b.full = !b.cache.reserve(step)
		if !b.full {
			p.reserved += step
			b.reserved += step
		}
	}
	if b.full {
		return ErrNoRoom
	}
	return nil
}

// exceeds tells whether the column takes more than most octets, or will.
func (b *Builder) exceeds(most int64) bool {
	return b.octets > most || b.messages >= segmentMessages && b.projected() > most
}

// projected is how many octets all expected messages will take.
func (b *Builder) projected() int64 {
	return b.octets / int64(b.messages) * int64(b.expected)
}

// finish returns the column with what has been added.
func (b *Builder) finish() *Column {
	if b.tooLarge {
		return &Column{tooLarge: max(1, b.expected)}
	}
	if b.full || b.unchanged() {
		return b.base // which may have been ranked
	}
	c := &Column{segments: slices.Clone(b.kept), last: max(b.from, b.reached)}
	for _, p := range b.parts {
		p.close()
		if p.continued {
			c.segments = c.segments[:len(c.segments)-1]
		}
		c.segments = append(c.segments, p.segments...)
	}
	for _, s := range c.segments {
		c.count += len(s.uids)
		c.octets += s.memory()
		c.last = max(c.last, s.last())
	}
	return c
}

// unchanged tells whether the column is what it was.
func (b *Builder) unchanged() bool {
	added := func(p *Part) bool { return p.messages > 0 }
	return b.from == b.base.last && b.reached <= b.base.last && !slices.ContainsFunc(b.parts, added)
}
