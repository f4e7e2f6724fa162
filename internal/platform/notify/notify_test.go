package notify

import (
	"slices"
	"sync"
	"testing"
)

// heard is a subscription's function that remembers what it was called with.
type heard struct{ numbers []uint64 }

func (h *heard) news(n uint64) { h.numbers = append(h.numbers, n) }

func (h *heard) want(t *testing.T, want ...uint64) {
	t.Helper()
	if !slices.Equal(h.numbers, want) {
		t.Errorf("heard %v, want %v", h.numbers, want)
	}
	h.numbers = nil
}

func TestOnlyRises(t *testing.T) {
	t.Parallel()
	h := NewHub()
	var got heard
	defer h.Subscribe(7, got.news).Close()
	for _, step := range []struct{ publish, want []uint64 }{
		{nil, nil},
		{[]uint64{1}, []uint64{1}},
		{[]uint64{2, 4, 3}, []uint64{2, 4}},
		{[]uint64{4, 1}, nil},
		{[]uint64{7}, []uint64{7}},
	} {
		for _, n := range step.publish {
			h.Publish(7, n)
		}
		got.want(t, step.want...)
	}
}

func TestReachesOnlyItsAccount(t *testing.T) {
	t.Parallel()
	h := NewHub()
	var one, again, other heard
	h.Subscribe(1, one.news)
	h.Subscribe(1, again.news)
	h.Subscribe(2, other.news)
	h.Publish(1, 9)
	one.want(t, 9)
	again.want(t, 9)
	other.want(t)
}

func TestClose(t *testing.T) {
	t.Parallel()
	h := NewHub()
	var got [5]heard
	var subs []*Subscription
	for i := range got {
		subs = append(subs, h.Subscribe(1, got[i].news))
	}
	for _, i := range []int{1, 4, 0, 1} { // from the middle, the end, the start; twice
		subs[i].Close()
	}
	h.Publish(1, 3)
	for i := range got {
		if i == 2 || i == 3 {
			got[i].want(t, 3)
			continue
		}
		got[i].want(t)
	}
	if n := h.Subscriptions(); n != 2 {
		t.Errorf("%d subscriptions are left, want 2", n)
	}
	subs[2].Close()
	subs[3].Close()
	for i := range h.shards {
		if n := len(h.shards[i].accounts); n != 0 {
			t.Errorf("shard %d still has %d accounts", i, n)
		}
	}
}

// TestConcurrent has every reader see the final number of every publisher, and
// rising numbers only.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	const accounts, readers, last = 8, 4, 500
	h := NewHub()
	var wg, done sync.WaitGroup
	for a := range uint64(accounts) {
		for range readers {
			done.Add(1)
			seen := uint64(0)
			defer h.Subscribe(a, func(n uint64) {
				if n <= seen {
					t.Errorf("account %d: %d after %d", a, n, seen)
				}
				if seen = n; n == last {
					done.Done()
				}
			}).Close()
		}
		for range 2 {
			wg.Go(func() {
				for n := range uint64(last) {
					h.Publish(a, n+1)
				}
			})
		}
	}
	wg.Wait()
	done.Wait()
}

func TestPublishDoesNotAllocate(t *testing.T) {
	h := NewHub()
	defer h.Subscribe(1, func(uint64) {}).Close()
	n := uint64(0)
	if got := testing.AllocsPerRun(100, func() { n++; h.Publish(1, n) }); got != 0 {
		t.Errorf("Publish allocates %v times", got)
	}
}

// BenchmarkPublish publishes beside many idle subscribers of other accounts.
func BenchmarkPublish(b *testing.B) {
	h := NewHub()
	for a := range uint64(20_000) {
		h.Subscribe(a, func(uint64) {})
	}
	n := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		n++
		h.Publish(n%20_000, n)
	}
}

func BenchmarkSubscribe(b *testing.B) {
	h := NewHub()
	b.ReportAllocs()
	for b.Loop() {
		h.Subscribe(1, func(uint64) {}).Close()
	}
}
