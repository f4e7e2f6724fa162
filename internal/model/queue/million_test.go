package queue_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// BenchmarkMillion starts with a million messages for ten thousand destinations
// in a store on the disk, all of them due. Run it with -benchtime 1x.
func BenchmarkMillion(b *testing.B) {
	dir := b.TempDir()
	fill(b, dir, 1_000_000)
	for b.Loop() {
		start(b, dir)
	}
}

// fill queues n messages, many in a commit.
func fill(b *testing.B, dir string, n int) {
	store, err := embedded.Open(dir, embedded.Options{})
	if err != nil {
		b.Fatal(err)
	}
	q := queue.New(store, queue.Options{})
	from := parse(b, "alice@example.test")
	for i := 0; i < n; {
		batch := store.NewBatch()
		for range min(1000, n-i) {
			to := parse(b, fmt.Sprintf("someone@d%d.example.test", i%10_000))
			m := queue.Message{Account: from, Blob: batch.AppendBlob([]byte("Subject: x\r\n\r\nbody\r\n")), Size: 20, Received: noon}
			m.Sender.Address = from
			if _, err := q.Add(batch, m, []queue.Recipient{{Address: to, Destination: to.Domain}}); err != nil {
				b.Fatal(err)
			}
			i++
		}
		if err := storage.Commit(store, batch); err != nil {
			b.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
}

// start opens the store as a server does, until it has the first hundred works.
func start(b *testing.B, dir string) {
	began := time.Now()
	store, err := embedded.Open(dir, embedded.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	q := queue.New(store, queue.Options{})
	if _, err := q.ReleaseOwner("node"); err != nil {
		b.Fatal(err)
	}
	room := func(queue.Hop) int { return 2 }
	for works := 0; works < 100; {
		works += leaseSome(b, q, room)
	}
	b.ReportMetric(time.Since(began).Seconds(), "s/start")
	began = time.Now()
	n := 0
	err = q.List(queue.Filter{}, func(queue.Message, queue.Recipient) error { n++; return nil })
	if n != 1_000_000 || err != nil {
		b.Fatal(n, err)
	}
	b.ReportMetric(time.Since(began).Seconds(), "s/list")
	for leased := 0; leased < 1000; {
		leased += leaseSome(b, q, room)
	}
	b.ReportMetric(float64(heap())/(1<<20), "MB-heap")
}

// leaseSome leases what the store finds next.
func leaseSome(b *testing.B, q *queue.Queue, room func(queue.Hop) int) int {
	n := len(lease(b, q, noon, queue.LeaseOptions{MaxWorks: 500, Room: room}).Works)
	if n == 0 {
		b.Fatal("nothing more to lease")
	}
	return n
}

// heap is the memory in use after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
