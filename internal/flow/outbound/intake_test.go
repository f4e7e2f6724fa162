package outbound

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// lease queues the letter on the runner's terms, and returns what it may take.
func (h *house) lease(r *Runner, to ...string) []queue.Work {
	h.tb.Helper()
	b := h.store.NewBatch()
	m := queue.Message{Blob: b.AppendBlob([]byte(letter)), Size: int64(len(letter)), Received: time.Now()}
	var recipients []queue.Recipient
	for _, s := range to {
		a := h.address(s)
		recipients = append(recipients, queue.Recipient{Address: a, Destination: a.Domain})
	}
	_, works, err := h.queue.AddLeased(b, m, recipients, r.Terms())
	if err != nil {
		h.tb.Fatal(err)
	}
	if err := storage.Commit(h.store, b); err != nil {
		h.tb.Fatal(err)
	}
	return works
}

// counts returns how many recipients wait and how many are leased.
func (h *house) counts() string {
	h.tb.Helper()
	c, err := h.queue.Count(0)
	if err != nil {
		h.tb.Fatal(err)
	}
	return fmt.Sprintf("%d waiting, %d leased", c.Waiting, c.Leased)
}

// A gate is a transport that accepts a parcel for each token, and notes the
// recipients in order.
type gate struct {
	tokens chan struct{}

	mu   sync.Mutex
	sent []string
}

func newGate() *gate { return &gate{tokens: make(chan struct{}, 1000)} }

func (g *gate) Deliver(ctx context.Context, p Parcel) []Result {
	select {
	case <-g.tokens:
	case <-ctx.Done():
		return forAll(failure(Temporary, codeSystem, "The delivery was interrupted.", ctx.Err()), len(p.Recipients))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range p.Recipients {
		g.sent = append(g.sent, r.Address.String())
	}
	return forAll(Result{Kind: Accepted}, len(p.Recipients))
}

func (g *gate) open() {
	for range cap(g.tokens) {
		g.tokens <- struct{}{}
	}
}

// TestShortWay hands over what is accepted, without a word to the queue.
func TestShortWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, count := newHouse(t), new(counter)
		r, stop := h.run(Options{Transport: always(Result{Kind: Accepted}, count), MaxRecipients: 2})
		defer stop()
		synctest.Wait()
		works := h.lease(r, "a@one.test", "b@two.test", "c@one.test", "d@one.test")
		if len(works) != 3 || h.counts() != "0 waiting, 4 leased" {
			t.Fatalf("%d works, %s", len(works), h.counts())
		}
		r.Take(works)
		synctest.Wait()
		if h.left() != 0 || count.Load() != 4 {
			t.Errorf("%s, %d delivered", h.counts(), count.Load())
		}
		time.Sleep(24 * time.Hour)
		if count.Load() != 4 {
			t.Errorf("%d delivered a day later", count.Load())
		}
	})
}

// TestShortWayKeepsOrder accepts more for one hop than may be in memory: the
// rest waits, and so does what comes later, though there is room again. Other
// hops are no worse for it.
func TestShortWayKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, g := newHouse(t), newGate()
		r, stop := h.run(Options{Transport: g, MaxDeliveries: 2, MaxPerDestination: 1})
		defer stop()
		synctest.Wait()
		var want []string
		accept := func() (short bool) {
			want = append(want, fmt.Sprintf("u%d@one.test", len(want)))
			works := h.lease(r, want[len(want)-1])
			if len(works) > 0 {
				r.Take(works)
			}
			synctest.Wait()
			return len(works) > 0
		}
		for n := 0; accept(); n++ {
			if n > 10 {
				t.Fatal("there is always room")
			}
		}
		g.tokens <- struct{}{}
		synctest.Wait()
		if accept() {
			t.Error("one that came later overtakes")
		}
		if works := h.lease(r, "x@two.test"); len(works) == 0 {
			t.Error("there is no room for another hop")
		} else {
			r.Forgo(works)
		}
		r.Notify()
		g.open()
		synctest.Wait()
		if diff := slices.Compare(want, g.sent); diff != 0 {
			t.Errorf("sent in the order %q", g.sent)
		}
		if !accept() {
			t.Error("there is no room when all is done")
		}
	})
}

// TestForgoneRoom gives back the room of works that were not committed.
func TestForgoneRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, g := newHouse(t), newGate()
		r, stop := h.run(Options{Transport: g, MaxDeliveries: 1})
		defer stop()
		synctest.Wait()
		for range 10 {
			works := h.lease(r, "a@one.test")
			if len(works) != 1 {
				t.Fatal("there is no room")
			}
			r.Forgo(works)
		}
	})
}

// TestShortWayStops lets a runner stop while works are on their way to it. What
// it has not begun waits; what comes too late is found by the next run.
func TestShortWayStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, g := newHouse(t), newGate()
		if works := h.lease(New(Options{}), "early@one.test"); len(works) > 0 {
			t.Error("there is room before somebody runs")
		}
		r, stop := h.run(Options{Transport: g, MaxDeliveries: 1, Drain: time.Second})
		synctest.Wait()
		r.Take(h.lease(r, "ready@one.test"))
		late := h.lease(r, "late@one.test")
		if len(late) != 1 {
			t.Fatal("there is no room")
		}
		synctest.Wait()
		stop()
		if got := h.counts(); got != "2 waiting, 1 leased" {
			t.Error(got)
		}
		r.Take(late)
		if works := h.lease(r, "afterwards@one.test"); len(works) > 0 {
			t.Error("there is room after the end")
		}
		g.open()
		_, stop = h.run(Options{Transport: g})
		defer stop()
		synctest.Wait()
		slices.Sort(g.sent)
		if want := []string{"afterwards@one.test", "early@one.test", "late@one.test", "ready@one.test"}; !slices.Equal(g.sent, want) {
			t.Errorf("sent %q", g.sent)
		}
	})
}
