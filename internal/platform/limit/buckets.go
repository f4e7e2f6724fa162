package limit

import (
	"sync"
	"time"
)

// A Rate is so many at once, and the same number again evenly over Per.
type Rate struct {
	Burst int
	Per   time.Duration
}

// each is the time in which one token comes back.
func (r Rate) each() time.Duration { return r.Per / time.Duration(r.Burst) }

// Buckets are token buckets, one for each key, all full at first. The methods
// may be called concurrently.
type Buckets[K comparable] struct {
	rate Rate
	now  func() time.Time

	mu sync.Mutex
	// fullAt is when a bucket will be full again, which says how full it
	// is now. A key that is not there has a full bucket.
	fullAt *table[K, time.Time]
}

// NewBuckets returns buckets for at most keys keys at a time. A Rate without
// Burst or Per is a programmer's mistake.
func NewBuckets[K comparable](rate Rate, keys int, now func() time.Time) *Buckets[K] {
	if rate.Burst < 1 || rate.Per <= 0 {
		panic("limit: rate without burst or time")
	}
	return &Buckets[K]{rate: rate, now: now, fullAt: newTable[K, time.Time](keys)}
}

// Take takes n tokens out of a bucket. If there are not as many it takes none
// and returns false.
func (b *Buckets[K]) Take(key K, n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	missing := b.missing(key) + time.Duration(n)*b.rate.each()
	if missing > b.rate.Per {
		return false
	}
	b.fullAt.set(key, b.now().Add(missing))
	return true
}

// Drain takes one token out of a bucket, if it has one.
func (b *Buckets[K]) Drain(key K) { b.Take(key, 1) }

// Wait returns how long it is until a bucket has a token; zero if it has one.
func (b *Buckets[K]) Wait(key K) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(0, b.missing(key)+b.rate.each()-b.rate.Per)
}

// Refill makes a bucket full.
func (b *Buckets[K]) Refill(key K) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fullAt.drop(key)
}

// Keys counts the buckets that are remembered, for metrics.
func (b *Buckets[K]) Keys() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fullAt.len()
}

// missing is what a bucket lacks, as the time in which that comes back.
func (b *Buckets[K]) missing(key K) time.Duration {
	at, ok := b.fullAt.get(key)
	if !ok {
		return 0
	}
	return max(0, at.Sub(b.now()))
}
