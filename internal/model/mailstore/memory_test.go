package mailstore

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

// A batchCounter counts the batches that are made and those that the garbage
// collector has taken.
type batchCounter struct {
	storage.Store
	made, collected atomic.Int64
}

func (c *batchCounter) NewBatch() *storage.Batch {
	b := c.Store.NewBatch()
	c.made.Add(1)
	runtime.AddCleanup(b, func(n *atomic.Int64) { n.Add(1) }, &c.collected)
	return b
}

// TestChangesAreForgotten shows that the state of an account does not keep the
// changes that led to it in memory.
func TestChangesAreForgotten(t *testing.T) {
	store := &batchCounter{Store: memstore.New()}
	s := New(store, Options{})
	a, err := s.Account(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if _, err := a.Create(t.Context(), fmt.Sprintf("box %d", i)); err != nil {
			t.Fatal(err)
		}
	}
	for round := 0; store.made.Load()-store.collected.Load() > 10; round++ {
		if round == 20 {
			t.Fatalf("%d batches made, %d collected", store.made.Load(), store.collected.Load())
		}
		runtime.GC()
		runtime.Gosched() // cleanups run in a goroutine of their own
	}
	runtime.KeepAlive(a)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
