package dns

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// CacheOptions of a [Cache]. Zero values stand for the defaults.
type CacheOptions struct {
	// MaxEntries bounds the answers kept; default 10000. The one not used
	// for longest makes room.
	MaxEntries int
	// MaxTTL bounds how long an answer is kept; default one hour. A
	// denial is kept for a quarter of that at most.
	MaxTTL time.Duration
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// A Cache is a [Resolver] that keeps the answers of another one as long as
// their TTLs allow. It keeps records and denials, but no temporary failures.
type Cache struct {
	resolver Resolver
	options  CacheOptions

	mu      sync.Mutex
	entries map[question]*list.Element // of *entry
	recent  *list.List                 // the one used last in front
	hits    uint64
	misses  uint64
}

type question struct{ kind, name string }

type entry struct {
	question question
	answer   any // an Answer of the type that the question asks for
	err      error
	expires  time.Time
}

// NewCache returns an empty cache in front of r.
func NewCache(r Resolver, o CacheOptions) *Cache {
	o.MaxEntries = cmp.Or(o.MaxEntries, 10000)
	o.MaxTTL = cmp.Or(o.MaxTTL, time.Hour)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Cache{resolver: r, options: o, entries: map[question]*list.Element{}, recent: list.New()}
}

// CacheStats are figures for metrics.
type CacheStats struct {
	Hits, Misses uint64
	Entries      int
}

// Stats returns figures since the cache was made.
func (c *Cache) Stats() CacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return CacheStats{Hits: c.hits, Misses: c.misses, Entries: len(c.entries)}
}

// LookupMX implements [Resolver].
func (c *Cache) LookupMX(ctx context.Context, name string) (Answer[MX], error) {
	return cached(ctx, c, "MX", name, c.resolver.LookupMX)
}

// LookupA implements [Resolver].
func (c *Cache) LookupA(ctx context.Context, name string) (Answer[netip.Addr], error) {
	return cached(ctx, c, "A", name, c.resolver.LookupA)
}

// LookupAAAA implements [Resolver].
func (c *Cache) LookupAAAA(ctx context.Context, name string) (Answer[netip.Addr], error) {
	return cached(ctx, c, "AAAA", name, c.resolver.LookupAAAA)
}

// LookupTXT implements [Resolver].
func (c *Cache) LookupTXT(ctx context.Context, name string) (Answer[string], error) {
	return cached(ctx, c, "TXT", name, c.resolver.LookupTXT)
}

// LookupPTR implements [Resolver].
func (c *Cache) LookupPTR(ctx context.Context, addr netip.Addr) (Answer[string], error) {
	return cached(ctx, c, "PTR", ReverseName(addr), func(ctx context.Context, _ string) (Answer[string], error) {
		return c.resolver.LookupPTR(ctx, addr)
	})
}

// LookupTLSA implements [Resolver].
func (c *Cache) LookupTLSA(ctx context.Context, name string) (Answer[TLSA], error) {
	return cached(ctx, c, "TLSA", name, c.resolver.LookupTLSA)
}

// cached answers from the cache, or asks and keeps what it hears.
func cached[T any](ctx context.Context, c *Cache, kind, name string, ask func(context.Context, string) (Answer[T], error)) (Answer[T], error) {
	canonical, err := Canonical(name)
	if err != nil {
		return Answer[T]{}, &Error{Name: name, Type: kind, Kind: ErrInvalidName}
	}
	q := question{kind, canonical}
	now := c.options.Now()
	if e := c.find(q, now); e != nil {
		answer := e.answer.(Answer[T])
		answer.Records = slices.Clone(answer.Records)
		answer.TTL = e.expires.Sub(now)
		return answer, e.err
	}
	answer, err := ask(ctx, canonical)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return answer, err
	}
	ttl := min(answer.TTL, c.options.MaxTTL)
	if err != nil {
		ttl = min(ttl, c.options.MaxTTL/4)
	}
	if ttl > 0 {
		kept := answer
		kept.Records = slices.Clone(answer.Records)
		c.keep(&entry{question: q, answer: kept, err: err, expires: now.Add(ttl)})
	}
	return answer, err
}

// find returns the entry of a question if it has not expired.
func (c *Cache) find(q question, now time.Time) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.entries[q]
	if ok && el.Value.(*entry).expires.After(now) {
		c.hits++
		c.recent.MoveToFront(el)
		return el.Value.(*entry)
	}
	if ok {
		c.remove(el)
	}
	c.misses++
	return nil
}

// keep adds an entry, and drops others that are too many.
func (c *Cache) keep(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.entries[e.question]; ok {
		c.remove(el)
	}
	c.entries[e.question] = c.recent.PushFront(e)
	for len(c.entries) > c.options.MaxEntries {
		c.remove(c.recent.Back())
	}
}

// remove drops an entry; the caller holds mu.
func (c *Cache) remove(el *list.Element) {
	delete(c.entries, el.Value.(*entry).question)
	c.recent.Remove(el)
}
