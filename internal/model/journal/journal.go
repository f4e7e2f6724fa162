package journal

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Options of a Journal. Store and Now must be set; zero values of the others
// stand for the defaults.
type Options struct {
	Store storage.Store
	Now   func() time.Time
	// Keep is how long events are kept; default 14 days.
	Keep time.Duration
	// Interval is how often events are written; default 250 ms.
	Interval time.Duration
	// MaxPending is how many events may wait to be written; default 20 000.
	MaxPending int
	// Logger hears of failures; nil discards.
	Logger *slog.Logger
}

// A Journal keeps events. Its methods may be called concurrently.
type Journal struct {
	options Options
	writing sync.Mutex // held while events are written, so that Flush waits
	n       uint32     // of the last segment; guarded by writing
	spare   []Event    // room for the next events; guarded by writing

	mu      sync.Mutex
	pending []Event
	dropped uint64
}

// New returns a Journal. Run writes what it records.
func New(o Options) *Journal {
	o.Keep = cmp.Or(o.Keep, 14*24*time.Hour)
	o.Interval = cmp.Or(o.Interval, 250*time.Millisecond)
	o.MaxPending = cmp.Or(o.MaxPending, 20_000)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Journal{options: o}
}

// Record notes an event; a zero Time means now. It does not wait and cannot
// fail. The slices of the event belong to the journal afterwards.
func (j *Journal) Record(e Event) {
	if e.Time.IsZero() {
		e.Time = j.options.Now()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.pending) >= j.options.MaxPending {
		j.dropped++
		return
	}
	j.pending = append(j.pending, e)
}

// Dropped returns how many events were not kept.
func (j *Journal) Dropped() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.dropped
}

// Run writes events until the context ends, and then what is left.
func (j *Journal) Run(ctx context.Context) {
	tick := time.NewTicker(j.options.Interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			j.Flush()
		case <-ctx.Done():
			j.Flush()
			return
		}
	}
}

// Flush writes all events that have been recorded. Those that cannot be written
// are dropped.
func (j *Journal) Flush() {
	j.writing.Lock()
	defer j.writing.Unlock()
	j.mu.Lock()
	all := j.pending
	j.pending = j.spare[:0]
	j.mu.Unlock()
	events := all
	for len(events) > 0 {
		n, err := j.write(events)
		if err != nil {
			j.options.Logger.Warn("journal not written", "events", n, "err", err)
			j.mu.Lock()
			j.dropped += uint64(n)
			j.mu.Unlock()
		}
		events = events[n:]
	}
	clear(all)
	j.spare = nil
	if cap(all) <= maxSpare {
		j.spare = all
	}
}

// maxSpare is how many events room is kept for.
const maxSpare = 4096

// write commits as many events as one segment takes, and returns their number.
func (j *Journal) write(events []Event) (n int, err error) {
	j.n++
	s := segment{stamp: stamp{nanosOf(j.options.Now()), j.n}}
	for n < len(events) && !s.full() {
		if err := s.add(&events[n]); err != nil {
			return n + 1, err
		}
		n++
	}
	batch := j.options.Store.NewBatch()
	s.put(batch)
	return n, storage.Commit(j.options.Store, batch)
}

// Expire forgets the events that are older than Options.Keep.
func (j *Journal) Expire() error {
	before := j.options.Now().Add(-j.options.Keep)
	batch := j.options.Store.NewBatch()
	batch.DeleteRange([]byte{spaceEvents}, eventsFrom(stamp{nanos: nanosOf(before)}))
	batch.DeleteRange([]byte{spaceNames}, namesOf(dayOf(before)))
	return storage.Commit(j.options.Store, batch)
}
