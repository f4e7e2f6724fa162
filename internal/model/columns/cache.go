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

// Extend makes columns longer: build is given a builder for each key, and adds
// what is missing. Nobody else does so with the same columns meanwhile; who has
// waited for another finds that nothing is missing any more. All who want
// several columns name them in the same order, and none twice.
//
// If build fails, all columns stay as they were; one that there was no room for
// stays so if build does not fail. If that is since the column is too large by
// itself, an empty column stays that says so, see [Column.TooLarge].
func (c *Cache) Extend(ctx context.Context, keys []Key, build func([]*Builder) error) (err error) {
	builders := make([]*Builder, 0, len(keys))
	entries := make([]*entry, 0, len(keys))
	done := false
	defer func() { // also if build panics
		for i, b := range builders {
			c.settle(entries[i], b, done)
		}
	}()
	for _, k := range keys {
		e, err := c.claim(ctx, k)
		if err != nil {
			return err
		}
		entries = append(entries, e)
		builders = append(builders, newBuilder(c, e.column))
	}
	err = build(builders)
	done = err == nil
	return err
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

// settle puts what a builder has made into its entry, if it is done, and frees
// what it has reserved.
func (c *Cache) settle(e *entry, b *Builder, done bool) {
	next, isNew := e.column, e.column.Len() == 0
	if done || b.tooLarge {
		next = b.finish()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.octets += next.memory() - e.column.memory() - b.reserved
	e.column = next
	close(e.building)
	e.building = nil
	if b.spare && isNew {
		c.used.MoveToBack(e.place)
	}
	c.evict()
	if next.Len() == 0 && next.tooLarge == 0 && e.building == nil {
		c.drop(e)
	}
}

// reserveStep is how many octets are reserved at once: few, so that those of the
// parts that are made together leave room for one another.
func (c *Cache) reserveStep() int64 { return min(16<<10, c.limit/64+1) }

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
