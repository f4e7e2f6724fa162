package queue_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

// TestLateCommit has a message whose batch commits long after it was built, and
// after a look at the queue that has seen all there was.
func TestLateCommit(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	b := store.NewBatch()
	_, err := q.Add(b, queue.Message{Blob: b.AppendBlob([]byte("body")), Received: noon}, recipients(t, "a@one.test"))
	if err != nil {
		t.Fatal(err)
	}
	now := noon.Add(10 * time.Second)
	if l := lease(t, q, now, queue.LeaseOptions{}); len(l.Works) > 0 || !l.Next.IsZero() {
		t.Fatalf("%+v", l)
	}
	if err := storage.Commit(store, b); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first may not see it, and then says when to look again
		l := lease(t, q, now, queue.LeaseOptions{})
		if len(l.Works) == 1 {
			return
		}
		if l.Next.IsZero() || l.Next.After(now.Add(time.Second)) {
			t.Fatalf("next look is at %v", l.Next)
		}
		now = l.Next
	}
	t.Error("the message is not found")
}

// TestRowsLeftByAnotherNode has a row that comes back before those that a node
// has leased since, while another node takes its wake entry.
func TestRowsLeftByAnotherNode(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	one, two := queue.New(store, queue.Options{}), queue.New(store, queue.Options{})
	add(t, store, one, "a@one.test")
	addMessage(t, store, one, queue.Message{Received: noon.Add(time.Second)}, "b@one.test")
	works := lease(t, one, noon.Add(time.Second), queue.LeaseOptions{}).Works
	if got := describe(works); !slices.Equal(got, []string{"one.test: a", "one.test: b"}) {
		t.Fatal(got)
	}
	finish(t, two, works[0], queue.Outcome{Kind: queue.Released})
	l := lease(t, two, noon.Add(2*time.Second), queue.LeaseOptions{Room: func(queue.Hop) int { return 0 }})
	if !slices.Equal(l.Left, []queue.Hop{"one.test"}) {
		t.Fatalf("%+v", l)
	}
	if got := describe(lease(t, one, l.Next, queue.LeaseOptions{}).Works); !slices.Equal(got, []string{"one.test: a"}) {
		t.Errorf("%q is leased", got)
	}
}

// BenchmarkBacklog leases and finishes, twenty at a time, what waits for one hop
// while as much comes, in a store on the disk. It does not get slower.
func BenchmarkBacklog(b *testing.B) {
	store, err := embedded.Open(b.TempDir(), embedded.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	q := queue.New(store, queue.Options{})
	now := noon
	refill := func() {
		batch := store.NewBatch()
		for i := range 20 {
			m := queue.Message{Blob: batch.AppendBlob([]byte("body")), Size: 4, Received: now}
			if _, err := q.Add(batch, m, recipients(b, fmt.Sprintf("u%d@one.test", i))); err != nil {
				b.Fatal(err)
			}
		}
		if err := storage.Commit(store, batch); err != nil {
			b.Fatal(err)
		}
	}
	known := []queue.Hop{"one.test"}
	step := func() {
		refill()
		var all []queue.Finished
		for _, w := range lease(b, q, now, queue.LeaseOptions{MaxWorks: 20, Known: known}).Works {
			all = append(all, queue.Finished{Work: w, Outcomes: []queue.Outcome{{Kind: queue.Delivered}}})
		}
		if err := q.FinishAll(all); err != nil || len(all) != 20 {
			b.Fatal(len(all), err)
		}
		now = now.Add(5 * time.Millisecond)
	}
	refill()
	for range 500 { // ten thousand are gone
		step()
	}
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}
