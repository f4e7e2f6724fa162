package columns

import (
	"container/list"
	"context"
	"errors"
	"sync"
)

// ErrNoRoom says that a column would take more memory than there is for it.
var ErrNoRoom = errors.New("columns: no room")

// A Key names a column.
type Key struct {
	Account uint64
	Mailbox uint32
	// Values says what the column has of each message.
	Values string
}

// A Cache keeps columns up to a limit. Its methods may be called concurrently.
type Cache struct {
	limit int64 // octets

	mu      sync.Mutex
	entries map[Key]*entry
	used    *list.List // of *entry, the last used in front
	octets  int64      // of all entries, and what builders have reserved
}

// An entry is a column in the cache.
type entry struct {
	key    Key
	column *Column
	place  *list.Element
	// building is closed when who makes the column longer is done; nil if
	// nobody does.
	building chan struct{}
}

// memory is how many octets the entry takes. Clients choose some of the names
// of columns, and may choose long ones.
func (e *entry) memory() int64 { return e.column.memory() + int64(len(e.key.Values)) }

// New returns a cache for so many octets; none are kept if limit is zero.
func New(limit int64) *Cache {
	return &Cache{limit: limit, entries: make(map[Key]*entry), used: list.New()}
}

// Stats are figures for metrics.
type Stats struct {
	Columns int
	Octets  int64 // of columns, and of those that are being made
}

// Stats returns figures for metrics.
func (c *Cache) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{len(c.entries), c.octets}
}

// Get returns a column as it is now; an empty one if there is none. For a cache
// that is to keep nothing all are too large.
func (c *Cache) Get(k Key) *Column {
	if c.limit <= 0 {
		return &Column{tooLarge: 1}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[k]
	if !ok {
		return new(Column)
	}
	c.used.MoveToFront(e.place)
	return e.column
}

// Extend makes a column longer: build is given the column as it is, and adds
// what is missing. Nobody else does so with the same column meanwhile; who has
// waited for another finds that nothing is missing any more.
//
// If build fails, the column stays as it was. If it fails with ErrNoRoom since
// the column is too large by itself, an empty column stays that says so, see
// [Column.TooLarge].
func (c *Cache) Extend(ctx context.Context, k Key, build func(*Builder) error) (*Column, error) {
	e, err := c.claim(ctx, k)
	if err != nil {
		return nil, err
	}
	b := newBuilder(c, e.column)
	next := e.column
	defer func() { c.settle(e, b, next) }() // also if build panics
	err = build(b)
	switch {
	case err == nil:
		next = b.finish()
	case b.tooLarge:
		next = &Column{tooLarge: max(1, b.expected)}
	}
	return next, err
}

// claim returns the entry of a key when nobody else makes its column longer.
func (c *Cache) claim(ctx context.Context, k Key) (*entry, error) {
	for {
		e, busy := c.tryClaim(k)
		if busy == nil {
			return e, nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// tryClaim returns the entry of a key, or what to wait for.
func (c *Cache) tryClaim(k Key) (e *entry, busy <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[k]
	if !ok {
		e = &entry{key: k, column: new(Column)}
		e.place = c.used.PushFront(e)
		c.entries[k] = e
		c.octets += e.memory()
	}
	if e.building != nil {
		return nil, e.building
	}
	e.building = make(chan struct{})
	return e, nil
}

// settle puts a column into its entry and frees what its builder has reserved.
func (c *Cache) settle(e *entry, b *Builder, next *Column) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.octets += next.memory() - e.column.memory() - b.reserved
	e.column = next
	close(e.building)
	e.building = nil
	c.evict()
	if next.Len() == 0 && next.tooLarge == 0 && e.building == nil {
		c.drop(e)
	}
}

// reserve takes octets for a builder. It reports false if there are none, even
// without all the columns that nobody makes longer at the moment.
func (c *Cache) reserve(octets int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.octets += octets
	c.evict()
	if c.octets <= c.limit {
		return true
	}
	c.octets -= octets
	return false
}

// evict drops the columns that have not been used for longest. The caller holds
// mu.
func (c *Cache) evict() {
	for at := c.used.Back(); at != nil && c.octets > c.limit; {
		e := at.Value.(*entry)
		at = at.Prev()
		if e.building == nil {
			c.drop(e)
		}
	}
}

// drop drops a column. The caller holds mu.
func (c *Cache) drop(e *entry) {
	if c.entries[e.key] != e {
		return
	}
	delete(c.entries, e.key)
	c.used.Remove(e.place)
	c.octets -= e.memory()
}
