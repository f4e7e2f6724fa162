package embedded

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/storagetest"
)

// A litter is a store most of whose blobs have been deleted.
type litter struct {
	kept map[string]storage.BlobID
	gone []storage.BlobID
}

func content(i int) []byte { return storagetest.Noise(uint64(i), 3000+i) }

// makeLitter commits blobs, and deletes all but every fifth.
func makeLitter(t *testing.T, s *Store, blobs int) *litter {
	l := &litter{kept: make(map[string]storage.BlobID)}
	for i := range blobs {
		b := s.NewBatch()
		id := b.AppendBlob(content(i))
		b.Set(fmt.Appendf(nil, "key%d", i), fmt.Append(nil, id))
		commit(t, s, b)
		if i%5 == 0 {
			l.kept[fmt.Sprint(i)] = id
		} else {
			l.gone = append(l.gone, id)
		}
	}
	b := s.NewBatch()
	for _, id := range l.gone {
		b.DeleteBlob(id)
	}
	commit(t, s, b)
	return l
}

func commit(t *testing.T, s *Store, b *storage.Batch) {
	t.Helper()
	if err := storage.Commit(s, b); err != nil {
		t.Fatal(err)
	}
}

// check looks for what has to be there and for what has not.
func (l *litter) check(s *Store) error {
	for i, id := range l.kept {
		var n int
		fmt.Sscan(i, &n)
		if err := sameBlob(s, id, content(n)); err != nil {
			return fmt.Errorf("kept blob %d: %w", id, err)
		}
		if v, err := s.Get(nil, []byte("key"+i)); err != nil || string(v) != fmt.Sprint(id) {
			return fmt.Errorf("key%s: %q, %v", i, v, err)
		}
	}
	for _, id := range l.gone {
		if _, err := s.OpenBlob(id); !errors.Is(err, storage.ErrNotFound) {
			return fmt.Errorf("deleted blob %d: %v", id, err)
		}
	}
	return nil
}

// TestReclaimShrinks checks that the disk gets space back.
func TestReclaimShrinks(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	s := open(t, smallOptions(t, fs))
	l := makeLitter(t, s, 200)
	before := packBytes(t, s)
	freed, err := s.Reclaim(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	after := packBytes(t, s)
	if freed < before/2 || after > before*45/100 {
		t.Errorf("%d bytes before, %d after, %d said to be freed", before, after, freed)
	}
	if err := l.check(s); err != nil {
		t.Error(err)
	}
	if freed, err := s.Reclaim(t.Context()); freed != 0 || err != nil {
		t.Errorf("a second Reclaim freed %d: %v", freed, err)
	}
}

// packBytes is the size of all packs.
func packBytes(t *testing.T, s *Store) (sum int64) {
	t.Helper()
	ids, err := s.packs.list()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		info, err := s.opts.FS.Stat(s.packs.path(id))
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Size()
	}
	return sum
}

// TestReclaimCut cuts the power before every single operation of a Reclaim.
func TestReclaimCut(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	cuts := &everyOperation{fs: fs, random: rand.New(rand.NewPCG(1, 2))}
	s := open(t, smallOptions(t, errorfs.Wrap(fs, cuts)))
	l := makeLitter(t, s, 120)
	cuts.start()
	if _, err := s.Reclaim(t.Context()); err != nil {
		t.Fatal(err)
	}
	clones := cuts.stop()
	if len(clones) < 20 {
		t.Fatalf("Reclaim did only %d operations", len(clones))
	}
	for i, clone := range clones {
		s := open(t, smallOptions(t, clone))
		if err := l.check(s); err != nil {
			t.Fatalf("cut %d of %d: %v", i, len(clones), err)
		}
		if _, err := s.Reclaim(t.Context()); err != nil {
			t.Fatalf("Reclaim after cut %d: %v", i, err)
		}
		if err := errors.Join(l.check(s), s.Close()); err != nil {
			t.Fatalf("after cut %d and another Reclaim: %v", i, err)
		}
	}
}

// everyOperation clones the file system before each operation.
type everyOperation struct {
	fs *vfs.MemFS

	mu     sync.Mutex
	random *rand.Rand
	on     bool
	clones []*vfs.MemFS
}

func (e *everyOperation) String() string { return "a power cut before every operation" }

func (e *everyOperation) MaybeError(op errorfs.Op) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.on && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
		cfg := vfs.CrashCloneCfg{UnsyncedDataPercent: 50 * (len(e.clones) % 2), RNG: e.random}
		e.clones = append(e.clones, e.fs.CrashClone(cfg))
	}
	return nil
}

func (e *everyOperation) start() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.on = true
}

func (e *everyOperation) stop() []*vfs.MemFS {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.on = false
	return e.clones
}

// TestReclaimRefusesCorruption checks that a broken live blob is not copied,
// and its pack not removed.
func TestReclaimRefusesCorruption(t *testing.T) {
	t.Parallel()
	s := open(t, smallOptions(t, vfs.NewMem()))
	l := makeLitter(t, s, 60)
	at, err := locate(s.db, l.kept["0"])
	if err != nil {
		t.Fatal(err)
	}
	corrupt(t, s, at)
	if _, err := s.Reclaim(t.Context()); !errors.Is(err, storage.ErrCorrupt) {
		t.Fatalf("Reclaim of a broken blob: %v", err)
	}
	if err := sameBlob(s, l.kept["0"], content(0)); !errors.Is(err, storage.ErrCorrupt) {
		t.Fatalf("read of a broken blob: %v", err)
	}
	delete(l.kept, "0")
	if err := l.check(s); err != nil {
		t.Error(err)
	}
}

// corrupt flips the last bit of a blob.
func corrupt(t *testing.T, s *Store, at location) {
	t.Helper()
	p, err := s.packs.acquire(at.pack)
	if err != nil {
		t.Fatal(err)
	}
	defer s.packs.release(p)
	var b [1]byte
	if _, err := p.file.ReadAt(b[:], at.offset+at.stored-1); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := p.file.WriteAt(b[:], at.offset+at.stored-1); err != nil {
		t.Fatal(err)
	}
}

// TestMoveOfDeletedBlob moves a blob that is deleted in the same group.
func TestMoveOfDeletedBlob(t *testing.T) {
	t.Parallel()
	s := open(t, smallOptions(t, vfs.NewMem()))
	id, err := addBlob(s, "key", content(0))
	if err != nil {
		t.Fatal(err)
	}
	at, err := locate(s.db, id)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.packs.acquire(at.pack)
	if err != nil {
		t.Fatal(err)
	}
	defer s.packs.release(p)
	b := s.NewBatch()
	b.DeleteBlob(id)
	b.Set([]byte("key"), []byte("new"))
	deleted := s.Enqueue(b)
	moved := s.queue.enqueue(&request{moves: &relocation{pack: p, batches: []movedBatch{{
		blobs: []movedBlob{{id, at}},
		sets:  []operation{{kind: opSet, key: []byte("key"), value: fmt.Append(nil, id)}},
	}}}})
	if err := errors.Join(moved.Wait(), deleted.Wait()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.OpenBlob(id); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the deleted blob was moved: %v", err)
	}
	if v, err := s.Get(nil, []byte("key")); string(v) != "new" {
		t.Errorf("an old value was carried over a new one: %q, %v", v, err)
	}
}

// TestReclaimBesideWriters moves blobs while others are deleted and read.
func TestReclaimBesideWriters(t *testing.T) {
	t.Parallel()
	s := open(t, smallOptions(t, vfs.NewMem()))
	l := makeLitter(t, s, 150)
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 5 {
			if err := l.check(s); err != nil {
				t.Error(err)
			}
		}
	})
	more := newLedger()
	wg.Go(func() {
		random := rand.New(rand.NewPCG(3, 4))
		for range 150 {
			if err := more.step(s, random); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for range 10 {
			if _, err := s.Reclaim(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	if err := l.check(s); err != nil {
		t.Error(err)
	}
	for name, it := range more.items {
		if there, err := whole(s, name, it); err != nil || there != (it.state == itemThere) {
			t.Errorf("item %s: there %v, %v", name, there, err)
		}
	}
}

// TestRebuild loses the index after a Reclaim, and makes it again.
func TestRebuild(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	opts := smallOptions(t, fs)
	s := open(t, opts)
	l := makeLitter(t, s, 120)
	if _, err := s.Reclaim(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := s.NextID()
	if err := errors.Join(s.Close(), fs.RemoveAll("data/index")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("data", opts); !errors.Is(err, ErrNoIndex) {
		t.Fatalf("open without an index: %v", err)
	}
	found, err := Rebuild("data", RebuildOptions{Options: opts})
	if err != nil || found.Blobs < len(l.kept) || found.Broken != 0 {
		t.Fatalf("rebuilt %+v: %v", found, err)
	}
	s = open(t, opts)
	l.gone = nil // those that Reclaim has not collected may be back
	if err := l.check(s); err != nil {
		t.Error(err)
	}
	if id := s.NextID(); id < next-1 {
		t.Errorf("blob ID %d after %d", id, next)
	}
}
