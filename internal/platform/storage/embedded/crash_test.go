package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/storagetest"
	"github.com/mailstead/mailstead/internal/soak"
)

// TestPowerCut has writers at work, cuts the power at some operation on the
// file system, looks at what is left, and goes on from there, many times.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	for _, survives := range []int{0, 50, 90} {
		t.Run(fmt.Sprintf("unsynced=%d%%", survives), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(uint64(survives), 7))
			l := newLedger()
			fs := vfs.NewCrashableMem()
			for round := range soak.Times(15, 150) {
				cut := newPowerCut(fs, l, vfs.CrashCloneCfg{UnsyncedDataPercent: survives, RNG: random})
				cut.after.Store(random.Int64N(300))
				writeUntilCut(t, l, cut, uint64(round))
				fs = cut.clone
				l.settle(t, fs, cut.before)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// smallOptions make packs and memtables turn over quickly.
func smallOptions(t *testing.T, fs vfs.FS) Options {
	return Options{
		FS:           fs,
		PackSize:     100 << 10,
		MemTableSize: 64 << 10,
		OnFatal:      func(err error) { t.Errorf("fatal: %v", err) },
	}
}

// A powerCut clones the file system as it might be found after a cut, before
// the operation that is the given number of operations away.
type powerCut struct {
	fs    *vfs.MemFS
	cfg   vfs.CrashCloneCfg
	after atomic.Int64
	done  chan struct{}

	ledger *ledger
	before map[string]item // the ledger just before the cut
	clone  *vfs.MemFS
}

func newPowerCut(fs *vfs.MemFS, l *ledger, cfg vfs.CrashCloneCfg) *powerCut {
	return &powerCut{fs: fs, ledger: l, cfg: cfg, done: make(chan struct{})}
}

// MaybeError implements [errorfs.Injector]. It never returns an error.
func (c *powerCut) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && c.after.Add(-1) == -1 {
		c.before = c.ledger.copy()
		c.clone = c.fs.CrashClone(c.cfg)
		close(c.done)
	}
	return nil
}

func (c *powerCut) String() string { return "power cut" }

// writeUntilCut opens the store and lets writers work until the cut.
func writeUntilCut(t *testing.T, l *ledger, cut *powerCut, seed uint64) {
	s, err := Open("data", smallOptions(t, errorfs.Wrap(cut.fs, cut)))
	if err != nil {
		t.Fatalf("open after a cut: %v", err)
	}
	var wg sync.WaitGroup
	for w := range uint64(4) {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(seed, w))
			for !isClosed(cut.done) {
				if err := l.step(s, random); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if !isClosed(cut.done) {
		t.Fatal("the writers stopped before the cut")
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// An item is what one commit of a writer has written: a blob and two keys.
type item struct {
	id      storage.BlobID
	content []byte
	state   itemState
}

type itemState uint8

const (
	itemWriting  itemState = iota // may or may not be there, whole
	itemThere                     // acknowledged
	itemDeleting                  // may or may not be there, whole
	itemGone                      // deletion acknowledged
)

// A ledger knows what was acknowledged.
type ledger struct {
	mu    sync.Mutex
	items map[string]item
	next  int
}

func newLedger() *ledger { return &ledger{items: make(map[string]item)} }

func (l *ledger) copy() map[string]item {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.items)
}

func (l *ledger) put(name string, it item) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items[name] = it
}

func (l *ledger) newName() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	return strconv.Itoa(l.next)
}

// pick returns an item that is there, and marks it as being deleted.
func (l *ledger) pick() (name string, it item, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for name, it := range l.items {
		if it.state == itemThere {
			it.state = itemDeleting
			l.items[name] = it
			return name, it, true
		}
	}
	return "", item{}, false
}

// step does one commit, or a Reclaim.
func (l *ledger) step(s *Store, random *rand.Rand) error {
	if random.IntN(20) == 0 {
		_, err := s.Reclaim(context.Background())
		return err
	}
	if random.IntN(3) == 0 {
		if name, it, ok := l.pick(); ok {
			return l.remove(s, name, it, random.IntN(2) == 0)
		}
	}
	size := random.IntN(6000)
	if random.IntN(20) == 0 {
		size = random.IntN(200_000)
	}
	return l.add(s, size, random)
}

func (l *ledger) add(s *Store, size int, random *rand.Rand) error {
	seed := random.Uint64()
	it := item{content: append(storagetest.Text(seed, size/2), storagetest.Noise(seed, size-size/2)...)}
	b := s.NewBatch()
	if size%3 == 0 {
		st, err := stage(s, it.content)
		if err != nil {
			return err
		}
		defer st.Discard()
		it.id = b.AppendStaged(st)
	} else {
		it.id = b.AppendBlob(it.content)
	}
	name := l.newName()
	value := strconv.AppendUint(nil, uint64(it.id), 10)
	b.Set([]byte("a/"+name), value)
	b.Set([]byte("b/"+name), value)
	l.put(name, it)
	if err := storage.Commit(s, b); err != nil {
		return err
	}
	it.state = itemThere
	l.put(name, it)
	return nil
}

func stage(s *Store, content []byte) (storage.Staged, error) {
	st, err := s.Stage()
	if err != nil {
		return nil, err
	}
	if _, err := st.Write(content); err != nil {
		return nil, err
	}
	return st, st.Seal()
}

// remove deletes an item, in a group with blobs or in one that may have none.
func (l *ledger) remove(s *Store, name string, it item, withBlob bool) error {
	b := s.NewBatch()
	b.Delete([]byte("a/" + name))
	b.DeleteRange([]byte("b/"+name), []byte("b/"+name+"\x00"))
	b.DeleteBlob(it.id)
	if withBlob {
		b.DeleteBlob(b.AppendBlob([]byte("passing")))
	}
	if err := storage.Commit(s, b); err != nil {
		return err
	}
	it.state = itemGone
	l.put(name, it)
	return nil
}

// settle compares what is left after a cut with the ledger as it was before
// and after the cut was made, and makes the ledger say what is there.
func (l *ledger) settle(t *testing.T, fs *vfs.MemFS, before map[string]item) {
	wantCleanFolder(t, smallOptions(t, fs))
	s, err := Open("data", smallOptions(t, fs))
	if err != nil {
		t.Fatalf("open after a cut: %v", err)
	}
	defer s.Close()
	wantClean(t, s)
	for name, it := range l.items {
		there, err := whole(s, name, it)
		if err != nil {
			t.Errorf("item %s: %v", name, err)
			continue
		}
		was, known := before[name]
		if !there && known && was.state == itemThere && it.state == itemThere {
			t.Errorf("item %s was acknowledged and is lost", name)
		}
		if there && known && was.state == itemGone {
			t.Errorf("item %s was deleted and is back", name)
		}
		switch {
		case there:
			it.state = itemThere
			l.items[name] = it
		case known && was.state != itemWriting:
			it.state = itemGone
			l.items[name] = it
		default: // it never was, and its ID may be used
			delete(l.items, name)
		}
	}
	next := s.NextID()
	for name, it := range l.items {
		if it.id >= next {
			t.Errorf("blob ID %d may be given out again: item %s has it", next, name)
		}
	}
}

// whole says whether an item is there, and fails if it is half there.
func whole(s *Store, name string, it item) (bool, error) {
	_, errA := s.Get(nil, []byte("a/"+name))
	_, errB := s.Get(nil, []byte("b/"+name))
	blob, errBlob := s.OpenBlob(it.id)
	if errBlob == nil {
		defer blob.Close()
	}
	missing := func(err error) bool { return errors.Is(err, storage.ErrNotFound) }
	if missing(errA) && missing(errB) && missing(errBlob) {
		return false, nil
	}
	if err := errors.Join(errA, errB, errBlob); err != nil {
		return false, fmt.Errorf("half there: %w", err)
	}
	got, err := io.ReadAll(io.NewSectionReader(blob, 0, blob.Size()))
	if err != nil {
		return false, err
	}
	if !bytes.Equal(got, it.content) {
		return false, errors.New("blob differs")
	}
	return true, nil
}
