package embedded

import (
	"errors"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// wantKey opens the store and wants a key to be there.
func wantKey(t *testing.T, fs vfs.FS, key string) {
	t.Helper()
	s := open(t, smallOptions(t, fs))
	if _, err := s.Get(nil, []byte(key)); err != nil {
		t.Errorf("%s: %v", key, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func setKey(s *Store, key string) error {
	b := s.NewBatch()
	b.Set([]byte(key), []byte("value"))
	return storage.Commit(s, b)
}

// TestClosedPowerCut cuts the power before each change of the disk while a store
// is closed, opened, written to and closed again: the next start refuses nothing.
func TestClosedPowerCut(t *testing.T) {
	t.Parallel()
	for n := int64(0); ; n++ {
		clone := closeAndCut(t, n)
		if clone == nil {
			t.Logf("%d cuts", n)
			return
		}
		wantKey(t, clone, "first")
		if t.Failed() {
			t.Fatalf("cut before change %d", n)
		}
	}
}

// closeAndCut returns what is left by a cut before the n-th change, nil if there
// are not that many.
func closeAndCut(t *testing.T, n int64) (clone *vfs.MemFS) {
	t.Helper()
	mem := vfs.NewCrashableMem()
	random := rand.New(rand.NewPCG(uint64(n), 31))
	var left atomic.Int64
	left.Store(1 << 40)
	survives := int(n%3) * 45
	fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && left.Add(-1) == -1 {
			clone = mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: survives, RNG: random})
		}
		return nil
	}))
	s := open(t, smallOptions(t, fs))
	if err := setKey(s, "first"); err != nil {
		t.Fatal(err)
	}
	left.Store(n)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, smallOptions(t, fs))
	if err := setKey(s, "second"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return clone
}

// TestClosedFaults fails each kind of operation on the list: a stop does without
// it, a start fails as with any fault of the disk, and the next one goes on.
func TestClosedFaults(t *testing.T) {
	t.Parallel()
	mem := vfs.NewMem()
	bad := &fault{err: syscall.EIO, match: func(op errorfs.Op) bool { return strings.Contains(op.Path, closedName) }}
	opts := smallOptions(t, errorfs.Wrap(mem, bad))
	s := open(t, opts)
	if err := setKey(s, "first"); err != nil {
		t.Fatal(err)
	}
	bad.on.Store(true)
	if err := s.Close(); err != nil || bad.hits.Load() == 0 {
		t.Fatalf("close: %v after %d faults", err, bad.hits.Load())
	}
	bad.on.Store(false)
	wantKey(t, mem, "first")
	for _, kind := range []errorfs.OpKind{errorfs.OpOpen, errorfs.OpRemove} {
		bad.match = func(op errorfs.Op) bool { return op.Kind == kind && strings.HasSuffix(op.Path, closedName) }
		bad.on.Store(true)
		if _, err := Open("data", opts); !errors.Is(err, syscall.EIO) || errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("open: %v", err)
		}
		bad.on.Store(false)
		wantKey(t, mem, "first")
	}
}

// TestClosedUnknown has the index used by somebody who knows nothing of the list,
// as an older Mailstead.
func TestClosedUnknown(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	s := open(t, smallOptions(t, fs))
	if err := setKey(s, "first"); err != nil {
		t.Fatal(err)
	}
	opts := s.indexOptions()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	opts.FS = fs
	db, err := pebble.Open("data/index", opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Set([]byte("second"), nil, pebble.Sync), db.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := fs.Stat("data/index/" + closedName); err != nil {
		t.Fatal(err)
	}
	wantKey(t, fs, "second")
}
