package queue

import (
	"maps"
	"sync"
	"time"
)

// Floors are where Lease begins to read. What is leased leaves deleted keys
// behind, which the store passes over one by one until it has merged them away:
// from the start, each Lease would read the remains of all that went before.
//
// They are only in memory. A floor may be too low, which costs time. It is never
// above a row that no wake entry speaks of, so that Lease, which follows these,
// passes by nothing.
type floors struct {
	mu      sync.Mutex
	version int            // of rows
	rows    map[Hop][]byte // no row of the hop is before, but those with a wake entry
	looked  time.Time      // when all wake entries were read last
	since   time.Time      // none that was set after that is due earlier
}

const (
	// maxFloors is how many hops are remembered.
	maxFloors = 10_000
	// lookPause is for how long wake entries are read from since on. One whose
	// batch took longer than that to commit is found at the end of it.
	lookPause = 500 * time.Millisecond
)

// A footing is what one Lease has of the floors, and gives back.
type footing struct {
	*floors
	version int
	from    time.Time // wake entries are read that are due then or later; zero is all
	again   time.Time // when all are to be read, if they are not now
	rows    map[Hop][]byte
}

// begin starts a Lease.
func (f *floors) begin(now time.Time) *footing {
	f.mu.Lock()
	defer f.mu.Unlock()
	foot := &footing{floors: f, version: f.version, rows: map[Hop][]byte{}}
	if age := now.Sub(f.looked); f.looked.IsZero() || age < 0 || age >= lookPause {
		f.looked, f.since = now, now.Add(-lookPause)
	} else {
		foot.from, foot.again = f.since, f.looked.Add(lookPause)
	}
	return foot
}

// row returns where the rows of a hop begin; nil is at their start.
func (f *footing) row(h Hop) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.floors.rows[h]
}

// end takes what a Lease has found out. Complete says that it has committed and
// left no wake entry that was due.
func (f *footing) end(complete bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !complete {
		f.looked = time.Time{}
	}
	if f.version != f.floors.version || len(f.floors.rows)+len(f.rows) > maxFloors {
		clear(f.floors.rows) // another has been quicker, or they are too many
	} else {
		maps.Copy(f.floors.rows, f.rows)
	}
	f.floors.version++
}

// wake notes that a wake entry is being set.
func (f *floors) wake(due time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if due.Before(f.since) {
		f.since = due
	}
}
