package embedded

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// TestLocationAfterDeletion has a search of the index begin before a deletion and
// end after it: what it found must not be remembered.
func TestLocationAfterDeletion(t *testing.T) {
	t.Parallel()
	s := open(t, smallOptions(t, vfs.NewMem()))
	id := appendAll(t, s, content(1))[0]
	l, known := s.locations.get(id)
	if !known {
		t.Fatal("a blob that has just been committed is not remembered")
	}
	deletions := s.locations.deletions.Load()
	deleteBlobs(t, s, id)
	s.locations.put(id, l, deletions)
	if _, known := s.locations.get(id); known {
		t.Error("a deleted blob is remembered")
	}
}

func deleteBlobs(t *testing.T, s *Store, ids ...storage.BlobID) {
	t.Helper()
	b := s.NewBatch()
	for _, id := range ids {
		b.DeleteBlob(id)
	}
	commit(t, s, b)
}

// TestLocationsMove reads blobs, one by one and ahead, while others are
// committed, deleted and moved to other packs. What has been deleted is gone as
// soon as that has been acknowledged, and everything else is right.
func TestLocationsMove(t *testing.T) {
	t.Parallel()
	s := open(t, smallOptions(t, vfs.NewMem()))
	const rounds, blobs = 12, 50
	var (
		ids     [rounds * blobs]storage.BlobID
		written atomic.Int64
		readers sync.WaitGroup
	)
	for seed := range 2 {
		readers.Go(func() {
			r := s.BlobReader()
			defer r.Release()
			random := rand.New(rand.NewPCG(7, uint64(seed)))
			for n := written.Load(); n < rounds*blobs; n = written.Load() {
				i := int(random.Int64N(n + 1))
				if i < int(n) {
					readEither(t, s, r, ids[i:n], i)
				}
			}
		})
	}
	for round := range rounds {
		for i := round * blobs; i < (round+1)*blobs; i++ {
			ids[i] = appendAll(t, s, content(i))[0]
			written.Store(int64(i + 1))
		}
		for i := range (round + 1) * blobs {
			if i%7 != 0 && i/blobs+i%7 == round {
				deleteBlobs(t, s, ids[i])
				if _, err := s.OpenBlob(ids[i]); !errors.Is(err, storage.ErrNotFound) {
					t.Fatalf("blob %d after it was deleted: %v", i, err)
				}
			}
		}
		if _, err := s.Reclaim(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	readers.Wait()
	for i := 0; i < len(ids); i += 7 {
		if err := sameBlob(s, ids[i], content(i)); err != nil {
			t.Errorf("blob %d: %v", i, err)
		}
	}
}

// readEither reads the first of some blobs, number i of all, in both ways: it is
// whole or gone.
func readEither(t *testing.T, s *Store, r storage.BlobReader, ids []storage.BlobID, i int) {
	if err := sameBlob(s, ids[0], content(i)); err != nil && (!errors.Is(err, storage.ErrNotFound) || i%7 == 0) {
		t.Errorf("blob %d: %v", i, err)
	}
	b, err := r.Open(ids[0], ids[1:])
	if errors.Is(err, storage.ErrNotFound) && i%7 != 0 {
		return
	}
	if err != nil {
		t.Errorf("blob %d, read ahead: %v", i, err)
		return
	}
	defer b.Close()
	got := make([]byte, b.Size())
	if _, err := b.ReadAt(got, 0); err != nil || string(got) != string(content(i)) {
		t.Errorf("blob %d, read ahead: %d bytes that differ, %v", i, len(got), err)
	}
}

// BenchmarkLocate finds blobs in no order, as they are remembered and as the
// index knows them.
func BenchmarkLocate(b *testing.B) {
	s, ids := benchBlobs(b, 4<<10)
	defer s.Close()
	random := rand.New(rand.NewPCG(1, 2))
	for name, locate := range map[string]func(storage.BlobID) (location, error){"remembered": s.locate, "index": s.search} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := locate(ids[random.IntN(len(ids))]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
