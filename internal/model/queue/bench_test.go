package queue_test

import (
	"fmt"
	"testing"

	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

// BenchmarkDeliver leases and finishes one recipient at a time, while another
// destination that takes nothing has ten thousand.
func BenchmarkDeliver(b *testing.B) {
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	for range 100 {
		var to []string
		for i := range 100 {
			to = append(to, fmt.Sprintf("u%d@busy.test", i))
		}
		add(b, store, q, to...)
	}
	for range b.N {
		add(b, store, q, "a@free.test")
	}
	room := func(h queue.Hop) int {
		if h == "busy.test" {
			return 0
		}
		return 1
	}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		l := lease(b, q, noon, queue.LeaseOptions{Room: room, MaxWorks: 1})
		finish(b, q, l.Works[0], queue.Outcome{Kind: queue.Delivered})
	}
}
