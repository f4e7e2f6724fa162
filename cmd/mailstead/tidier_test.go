package main

import (
	"testing"
	"time"
)

// TestTidier tells a tidier how much was allocated from one look to the next.
func TestTidier(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	var total uint64
	collections := 0
	now := time.Unix(1e9, 0)
	const took = 20 * time.Millisecond
	tidy := &tidier{
		allocated: func() uint64 { return total },
		now:       func() time.Time { return now },
		collect:   func() { collections++; now = now.Add(took) },
	}
	look := func(allocated uint64, want int) {
		t.Helper()
		total += allocated
		now = now.Add(tidyEvery)
		if tidy.look(); collections != want {
			t.Errorf("%d collections, want %d", collections, want)
		}
	}
	look(1000, 0) // quiet, and nothing to collect
	look(5*mb, 0) // busy
	look(4*mb, 0)
	look(1000, 1) // quiet after 9 MB
	look(1000, 1) // nothing new
	look(40*mb, 1)
	look(1000, 1) // too soon: a fiftieth of the time at most
	now = now.Add(tidyShare * took)
	look(1000, 2)
	now = now.Add(time.Hour)
	for range untidyBytes/quietBytes - 1 {
		look(quietBytes, 2) // a trickle gathers
	}
	look(quietBytes, 3)
}

// TestTidierOfThisProcess looks at the runtime itself.
func TestTidierOfThisProcess(t *testing.T) {
	before := allocatedBytes()
	garbage := make([][]byte, 64)
	for i := range garbage {
		garbage[i] = make([]byte, 64<<10)
	}
	if grown := allocatedBytes() - before; grown < 4<<20 {
		t.Errorf("%d bytes of %d were counted", grown, len(garbage)*64<<10)
	}
	collectAll()
}
