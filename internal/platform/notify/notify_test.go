package notify

import (
	"sync"
	"testing"
)

// read returns what waits in a subscription, 0 if nothing does.
func read(s *Subscription) uint64 {
	select {
	case n := <-s.C():
		return n
	default:
		return 0
	}
}

func TestCoalesces(t *testing.T) {
	t.Parallel()
	h := NewHub()
	s := h.Subscribe(7)
	defer s.Close()
	for _, step := range []struct {
		publish []uint64
		want    uint64
	}{
		{nil, 0},
		{[]uint64{1}, 1},
		{nil, 0},
		{[]uint64{2, 3, 4}, 4},
		{[]uint64{6, 5}, 6},
		{[]uint64{6, 5, 1}, 0},
		{[]uint64{7}, 7},
	} {
		for _, n := range step.publish {
			h.Publish(7, n)
		}
		if got := read(s); got != step.want {
			t.Errorf("after publishing %v: got %d, want %d", step.publish, got, step.want)
		}
	}
}

func TestReachesOnlyItsAccount(t *testing.T) {
	t.Parallel()
	h := NewHub()
	one, again, other := h.Subscribe(1), h.Subscribe(1), h.Subscribe(2)
	h.Publish(1, 9)
	if a, b, c := read(one), read(again), read(other); a != 9 || b != 9 || c != 0 {
		t.Errorf("got %d, %d, %d; want 9, 9, 0", a, b, c)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	h := NewHub()
	var subs []*Subscription
	for range 5 {
		subs = append(subs, h.Subscribe(1))
	}
	for _, i := range []int{1, 4, 0, 1} { // from the middle, the end, the start; twice
		subs[i].Close()
	}
	h.Publish(1, 3)
	for i, want := range []uint64{0, 0, 3, 3, 0} {
		if got := read(subs[i]); got != want {
			t.Errorf("subscription %d got %d, want %d", i, got, want)
		}
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
	var wg sync.WaitGroup
	for a := range uint64(accounts) {
		for range readers {
			sub := h.Subscribe(a)
			wg.Go(func() {
				defer sub.Close()
				for seen := uint64(0); seen < last; {
					n := <-sub.C()
					if n <= seen {
						t.Errorf("account %d: %d after %d", a, n, seen)
						return
					}
					seen = n
				}
			})
		}
		wg.Go(func() {
			for n := range uint64(last) {
				h.Publish(a, n+1)
			}
		})
	}
	wg.Wait()
	if n := h.Subscriptions(); n != 0 {
		t.Errorf("%d subscriptions are left", n)
	}
}

func TestPublishDoesNotAllocate(t *testing.T) {
	h := NewHub()
	s := h.Subscribe(1)
	defer s.Close()
	n := uint64(0)
	if got := testing.AllocsPerRun(100, func() { n++; h.Publish(1, n) }); got != 0 {
		t.Errorf("Publish allocates %v times", got)
	}
}

// BenchmarkPublish publishes beside many idle subscribers of other accounts.
func BenchmarkPublish(b *testing.B) {
	h := NewHub()
	for a := range uint64(20_000) {
		h.Subscribe(a)
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
		h.Subscribe(1).Close()
	}
}
