package storagetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

func testAssertions(t *testing.T, f *fixture) {
	f.set("k", "v")
	f.set("empty", "")
	tests := []struct {
		key   string
		value []byte
		want  error
	}{
		{"k", []byte("v"), nil},
		{"k", []byte("w"), storage.ErrConflict},
		{"k", []byte(""), storage.ErrConflict},
		{"k", nil, storage.ErrConflict},
		{"empty", []byte{}, nil},
		{"empty", nil, storage.ErrConflict},
		{"none", nil, nil},
		{"none", []byte{}, storage.ErrConflict},
	}
	for i, tt := range tests {
		mark := fmt.Sprint("mark", i)
		err := f.try(func(b *storage.Batch) {
			b.Set([]byte(mark), nil)
			b.Assert([]byte(tt.key), tt.value)
		})
		f.want(tt.want, err)
		if tt.want == nil {
			f.value(f, mark, "")
		} else {
			f.absent(f, mark)
		}
	}
}

func testAssertionsSeeStateBefore(t *testing.T, f *fixture) {
	f.set("k", "old")
	f.commit(func(b *storage.Batch) {
		b.Set([]byte("k"), []byte("new"))
		b.Assert([]byte("k"), []byte("old"))
	})
	f.value(f, "k", "new")
}

// testChain enqueues batches each of which asserts what the one before has
// written. The third fails, and so must all after it.
func testChain(t *testing.T, f *fixture) {
	var pendings []*storage.Pending
	for i := range 10 {
		pendings = append(pendings, f.enqueue(func(b *storage.Batch) {
			if i > 0 {
				b.Assert([]byte("n"), []byte(strconv.Itoa(i-1)))
			}
			if i == 3 {
				b.Assert([]byte("never"), []byte("there"))
			}
			b.Set([]byte("n"), []byte(strconv.Itoa(i)))
			b.AppendBlob([]byte("blob"))
		}))
	}
	for i, p := range pendings {
		if err := p.Wait(); (i < 3) != (err == nil) || (i >= 3 && !errors.Is(err, storage.ErrConflict)) {
			t.Errorf("batch %d: %v", i, err)
		}
	}
	f.value(f, "n", "2")
}

// testChainOfRangeDeletes has assertions that look through the deletes and
// sets of batches that may be in the same group.
func testChainOfRangeDeletes(t *testing.T, f *fixture) {
	f.set("a1", "x")
	f.set("a2", "x")
	pendings := []*storage.Pending{
		f.enqueue(func(b *storage.Batch) { b.Set([]byte("a3"), []byte("x")) }),
		f.enqueue(func(b *storage.Batch) { b.DeleteRange([]byte("a"), []byte("b")) }),
		f.enqueue(func(b *storage.Batch) {
			for _, k := range []string{"a1", "a2", "a3"} {
				b.Assert([]byte(k), nil)
			}
			b.Set([]byte("a2"), []byte("y"))
		}),
		f.enqueue(func(b *storage.Batch) {
			b.Assert([]byte("a2"), []byte("y"))
			b.Delete([]byte("a2"))
		}),
		f.enqueue(func(b *storage.Batch) { b.Assert([]byte("a2"), nil); b.Set([]byte("end"), nil) }),
	}
	for i, p := range pendings {
		if err := p.Wait(); err != nil {
			t.Errorf("batch %d: %v", i, err)
		}
	}
	f.value(f, "end", "")
	f.absent(f, "a3")
}

// testConcurrentCounter has writers that read, add one, and assert.
func testConcurrentCounter(t *testing.T, f *fixture) {
	const writers, each = 8, 25
	f.set("n", "0")
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for done := 0; done < each; {
				err := f.increment("n")
				if err == nil {
					done++
				} else if !errors.Is(err, storage.ErrConflict) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	f.value(f, "n", strconv.Itoa(writers*each))
	if stats := f.Stats(); stats.Commits != writers*each+1 {
		t.Errorf("%d commits counted", stats.Commits)
	}
}

func (f *fixture) increment(key string) error {
	old, err := f.Get(nil, []byte(key))
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(old))
	if err != nil {
		return err
	}
	return f.try(func(b *storage.Batch) {
		b.Assert([]byte(key), old)
		b.Set([]byte(key), strconv.AppendInt(nil, int64(n+1), 10))
	})
}

// testEnqueueOrder allocates numbers and enqueues in one critical section, and
// waits outside of it, from many goroutines: no assertion may fail.
func testEnqueueOrder(t *testing.T, f *fixture) {
	const writers, each = 16, 20
	var mu sync.Mutex
	next := 0
	allocate := func() *storage.Pending {
		mu.Lock()
		defer mu.Unlock()
		next++
		return f.enqueue(func(b *storage.Batch) {
			if next > 1 {
				b.Assert([]byte("last"), []byte(strconv.Itoa(next-1)))
			}
			b.Set([]byte("last"), []byte(strconv.Itoa(next)))
			id := b.AppendBlob([]byte(strconv.Itoa(next)))
			b.Set(fmt.Appendf(nil, "blob%d", id), nil)
		})
	}
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				if err := allocate().Wait(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	f.value(f, "last", strconv.Itoa(writers*each))
}
