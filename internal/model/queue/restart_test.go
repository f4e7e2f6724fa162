package queue_test

import (
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// TestRestart stops in the middle and goes on from what is on the disk.
func TestRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() (*embedded.Store, *queue.Queue) {
		store, err := embedded.Open(dir, embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return store, queue.New(store, queue.Options{})
	}
	store, q := open()
	add(t, store, q, "a@one.test", "b@two.test", "c@three.test")
	works := lease(t, q, noon, queue.LeaseOptions{}).Works
	finish(t, q, works[0], queue.Outcome{Kind: queue.Delivered})
	finish(t, q, works[1], queue.Outcome{Kind: queue.Deferred, Due: noon.Add(time.Minute)})
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}

	store, q = open()
	defer store.Close()
	if n, err := q.ReleaseOwner("node"); n != 1 || err != nil {
		t.Errorf("released %d, %v", n, err)
	}
	now := lease(t, q, noon, queue.LeaseOptions{})
	if len(now.Works) != 1 || now.Works[0].Destination != works[2].Destination || !now.Next.Equal(noon.Add(time.Minute)) {
		t.Errorf("leased %v, next %v", describe(now.Works), now.Next)
	}
	finish(t, q, now.Works[0], queue.Outcome{Kind: queue.Delivered})
	later := lease(t, q, noon.Add(time.Minute), queue.LeaseOptions{})
	if len(later.Works) != 1 || later.Works[0].Recipients[0].Attempts != 1 {
		t.Fatalf("leased later: %+v", later)
	}
	finish(t, q, later.Works[0], queue.Outcome{Kind: queue.Failed})
	isEmpty(t, store, works[0].Message.Blob)
}
