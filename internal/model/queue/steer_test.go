package queue_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
	"github.com/mailstead/mailstead/smtp"
)

// TestPriorities looks at the order in which messages of different priority
// and age are served (RFC 6710 §4).
func TestPriorities(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	for _, m := range []struct {
		name     string
		priority int8
		age      time.Duration
	}{
		{"bulk", -4, 0}, {"usual", 0, 0}, {"urgent", 4, 0}, {"out-of-range", 99, 0},
		{"old-bulk", -4, time.Hour}, {"old-usual", 0, time.Minute},
	} {
		addMessage(t, store, q, queue.Message{Options: smtp.MailOptions{Priority: m.priority}, Received: noon.Add(-m.age)}, m.name+"@one.test")
	}
	var order []string
	known := []queue.Hop{"one.test"}
	for range 10 {
		for _, w := range lease(t, q, noon, queue.LeaseOptions{MaxWorks: 1, Known: known}).Works {
			order = append(order, string(w.Recipients[0].Address.Local))
		}
	}
	want := []string{"out-of-range", "old-bulk", "urgent", "old-usual", "usual", "bulk"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Error(diff)
	}
}

// TestUrgentDestinationFirst lets a destination that has waited less overtake.
func TestUrgentDestinationFirst(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	add(t, store, q, "a@one.test")
	addMessage(t, store, q, queue.Message{Options: smtp.MailOptions{Priority: 3}, Received: noon.Add(time.Minute)}, "b@two.test")
	got := describe(lease(t, q, noon.Add(time.Minute), queue.LeaseOptions{}).Works)
	if diff := cmp.Diff([]string{"two.test: b", "one.test: a"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestBlockedDestinationsAreNotReadAgain has more blocked destinations than a
// Lease looks at, and one that is free.
func TestBlockedDestinationsAreNotReadAgain(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	for i := range 2500 {
		d := queue.Recipient{Address: parse(t, "a@one.test"), Destination: domain(t, "d"+string(rune('a'+i%26))+queue.ID(i).String()+".test")}
		b := store.NewBatch()
		if _, err := q.Add(b, queue.Message{Blob: b.AppendBlob(nil), Received: noon}, []queue.Recipient{d}); err != nil {
			t.Fatal(err)
		}
		if err := storage.Commit(store, b); err != nil {
			t.Fatal(err)
		}
	}
	add(t, store, q, "z@zz.test")
	room := func(h queue.Hop) int {
		if h == "zz.test" {
			return 1
		}
		return 0
	}
	var works []queue.Work
	turns := 0
	for more := true; more; turns++ {
		l := lease(t, q, noon, queue.LeaseOptions{Room: room})
		works, more = append(works, l.Works...), l.More
	}
	if len(works) != 1 || turns > 3 {
		t.Errorf("leased %v in %d turns", describe(works), turns)
	}
}

func TestHoldWhileLeased(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	id := add(t, store, q, "a@one.test")
	w := lease(t, q, noon, queue.LeaseOptions{}).Works[0]
	if n, err := q.Hold(queue.Filter{ID: id}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	finish(t, q, w, queue.Outcome{Kind: queue.Deferred, Due: noon})
	if l := lease(t, q, noon.Add(time.Hour), queue.LeaseOptions{}); len(l.Works) != 0 {
		t.Errorf("leased %v", describe(l.Works))
	}
	if n, err := q.RetryNow(queue.Filter{}, noon); n != 0 || err != nil {
		t.Errorf("retry of a held recipient: %d, %v", n, err)
	}
	if n, err := q.Release(queue.Filter{State: queue.Held}); n != 1 || err != nil {
		t.Errorf("released %d, %v", n, err)
	}
	if l := lease(t, q, noon.Add(time.Hour), queue.LeaseOptions{}); len(l.Works) != 1 {
		t.Errorf("not leased: %+v", l)
	}
}

// TestRerouteSurvivesADelivery sends a recipient elsewhere while its delivery
// is under way.
func TestRerouteSurvivesADelivery(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	add(t, store, q, "a@one.test", "b@one.test")
	w := lease(t, q, noon, queue.LeaseOptions{}).Works[0]
	if n, err := q.Reroute(queue.Filter{Recipient: parse(t, "a@one.test")}, queue.Reroute{Via: "relay.test:2525"}, noon); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	finish(t, q, w, queue.Outcome{Kind: queue.Deferred, Due: noon})
	l := lease(t, queue.New(store, queue.Options{}), noon, queue.LeaseOptions{})
	var hops []queue.Hop
	for _, w := range l.Works {
		hops = append(hops, w.Hop())
		if w.Destination != domain(t, "one.test") {
			t.Errorf("destination %v", w.Destination)
		}
	}
	slices.Sort(hops)
	if !slices.Equal(hops, []queue.Hop{"one.test", "relay.test:2525"}) {
		t.Errorf("hops %v", hops)
	}
}

func TestRenew(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	add(t, store, q, "a@one.test")
	add(t, store, q, "b@two.test")
	works := lease(t, q, noon, queue.LeaseOptions{}).Works
	if err := q.Renew([]*queue.Work{&works[0]}, noon.Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n, err := q.ReleaseExpired("", noon.Add(2*time.Hour)); n != 1 || err != nil {
		t.Errorf("released %d, %v", n, err)
	}
	// A lease that has passed to another is not renewed.
	again := lease(t, q, noon.Add(2*time.Hour), queue.LeaseOptions{}).Works
	if err := q.Renew([]*queue.Work{&works[1]}, noon.Add(9*time.Hour)); err != nil {
		t.Fatal(err)
	}
	finish(t, q, works[1], queue.Outcome{Kind: queue.Delivered})
	finish(t, q, works[0], queue.Outcome{Kind: queue.Delivered})
	if c, err := q.Count(0); err != nil || c.Leased != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	finish(t, q, again[0], queue.Outcome{Kind: queue.Delivered})
	isEmpty(t, store)
}

// TestFinishAll finishes two Works of one message, and others, in one commit,
// which fails at first and is built twice.
func TestFinishAll(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	add(t, store, q, "a@one.test", "b@two.test")
	add(t, store, q, "c@one.test")
	var all []queue.Finished
	journal := []byte{0x20}
	for _, w := range lease(t, q, noon, queue.LeaseOptions{}).Works {
		all = append(all, queue.Finished{Work: w, Outcomes: []queue.Outcome{{Kind: queue.Delivered}},
			Also: func(b *storage.Batch) { b.Set(append(journal, w.Destination.String()...), nil) }})
	}
	store.FailCommits(1, storage.ErrConflict)
	if err := q.FinishAll(all); err != nil {
		t.Fatal(err)
	}
	isEmpty(t, store)
	for _, d := range []string{"one.test", "two.test"} {
		if _, err := store.Get(nil, append(journal, d...)); err != nil {
			t.Errorf("%s: %v", d, err)
		}
	}
	if err := q.FinishAll([]queue.Finished{{Work: all[0].Work}}); err == nil {
		t.Error("too few outcomes are taken")
	}
}
