package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// When a tidier acts.
const (
	tidyEvery = 250 * time.Millisecond
	// quietBytes is what a process allocates at most in that time when it is
	// quiet: some clients may do something now and then.
	quietBytes = 256 << 10
	// untidyBytes is how much must have been allocated since the last time:
	// less is not worth the work.
	untidyBytes = 8 << 20
	// tidyShare is how many times as long as the last collection took the next
	// one waits, so that all of them take 2% of the time at most.
	tidyShare = 50
)

// A tidier collects garbage and gives memory back to the system when the
// process has become quiet. A burst of work, such as a thousand clients that
// connect in the morning, leaves tens of megabytes of garbage; the collector
// would run again only when as much has been allocated once more, and the
// runtime would keep the memory until then. While there is work a tidier does
// nothing.
type tidier struct {
	allocated func() uint64 // bytes since the process began
	collect   func()
	now       func() time.Time

	last, collected uint64 // allocated: when it last looked, and collected
	notBefore       time.Time
}

func newTidier() *tidier {
	return &tidier{allocated: allocatedBytes, collect: collectAll, now: time.Now}
}

// run looks again and again, until ctx ends.
func (t *tidier) run(ctx context.Context) {
	ticker := time.NewTicker(tidyEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			t.look()
		}
	}
}

// look collects if the process is quiet and it is worth it.
func (t *tidier) look() {
	total := t.allocated()
	busy := total-t.last > quietBytes
	t.last = total
	start := t.now()
	if busy || total-t.collected < untidyBytes || start.Before(t.notBefore) {
		return
	}
	t.collect()
	t.last = t.allocated()
	t.collected = t.last
	end := t.now()
	t.notBefore = end.Add(tidyShare * end.Sub(start))
}

// collectAll collects what can be collected. A stack halves in each collection
// as long as most of it is unused, and a login needs a deep one: hence twice.
func collectAll() {
	debug.FreeOSMemory()
	debug.FreeOSMemory()
}

// allocatedBytes reads a counter of the runtime, which stops nobody.
func allocatedBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
