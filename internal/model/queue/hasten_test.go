package queue_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

// TestHasten has rows that were written while the clock was a year ahead,
// among others.
func TestHasten(t *testing.T) {
	t.Parallel()
	const year, most = 365 * 24 * time.Hour, 5 * time.Hour
	ahead := noon.Add(year)
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	add(t, store, q, "now@one.test")
	deferUntil(t, q, noon, noon.Add(4*time.Hour)) // a long pause, but one of the schedule
	addMessage(t, store, q, queue.Message{Received: ahead}, "ahead@one.test", "ahead@two.test")
	deferUntil(t, q, ahead, ahead.Add(time.Minute))
	addMessage(t, store, q, queue.Message{Received: ahead, NotBefore: ahead.Add(30 * time.Hour)}, "held-ahead@one.test")
	deferUntil(t, q, ahead, ahead.Add(30*time.Hour))
	addMessage(t, store, q, queue.Message{Received: noon, NotBefore: noon.Add(20 * 24 * time.Hour)}, "held@one.test")
	deferUntil(t, q, noon, noon.Add(20*24*time.Hour))
	if n, err := q.Hasten(noon, most); n != 3 || err != nil {
		t.Errorf("hastened %d, %v; want 3", n, err)
	}
	got := make(map[string]time.Duration)
	err := q.List(queue.Filter{}, func(_ queue.Message, r queue.Recipient) error {
		got[r.Address.String()] = r.Due.Sub(noon)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]time.Duration{
		"now@one.test": 4 * time.Hour, "ahead@one.test": 0, "ahead@two.test": 0,
		"held-ahead@one.test": 30 * time.Hour, "held@one.test": 20 * 24 * time.Hour,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n, err := q.Hasten(noon, most); n != 0 || err != nil {
		t.Errorf("hastened %d again, %v", n, err)
	}
	if l := lease(t, q, noon, queue.LeaseOptions{}); len(l.Works) != 2 {
		t.Errorf("due now: %v", describe(l.Works))
	}
}

// deferUntil lets the first attempt of all that are due fail.
func deferUntil(t *testing.T, q *queue.Queue, now, due time.Time) {
	t.Helper()
	for _, w := range lease(t, q, now, queue.LeaseOptions{}).Works {
		outcome := queue.Outcome{} // as it was
		if w.Recipients[0].Attempts == 0 {
			outcome = queue.Outcome{Kind: queue.Deferred, At: now, Due: due}
		}
		finish(t, q, w, outcome)
	}
}

// TestOwnLeasesOutliveTheClock lets the clock jump while a delivery is under
// way: a lease that seems to be over must not be given to somebody else.
func TestOwnLeasesOutliveTheClock(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	add(t, store, q, "a@one.test")
	works := lease(t, q, noon, queue.LeaseOptions{}).Works
	tomorrow := noon.Add(24 * time.Hour)
	if n, err := q.ReleaseExpired("node", tomorrow); n != 0 || err != nil {
		t.Errorf("released %d of our own, %v", n, err)
	}
	if l := lease(t, q, tomorrow, queue.LeaseOptions{}); len(l.Works) != 0 {
		t.Errorf("leased twice: %v", describe(l.Works))
	}
	finish(t, q, works[0], queue.Outcome{Kind: queue.Delivered})
	isEmpty(t, store)
}
