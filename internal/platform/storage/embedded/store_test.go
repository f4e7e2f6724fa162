package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/storagetest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens the store in folder "data", and closes it after the test.
func open(t *testing.T, opts Options) *Store {
	t.Helper()
	s, err := Open("data", opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil && !errors.Is(err, storage.ErrClosed) {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// sameBlob checks the content of a blob.
func sameBlob(s *Store, id storage.BlobID, want []byte) error {
	b, err := s.OpenBlob(id)
	if err != nil {
		return err
	}
	defer b.Close()
	got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("%d bytes differ from the %d that were written", len(got), len(want))
	}
	return err
}

// addBlob commits a blob under a key.
func addBlob(s *Store, key string, content []byte) (storage.BlobID, error) {
	b := s.NewBatch()
	id := b.AppendBlob(content)
	b.Set([]byte(key), fmt.Append(nil, id))
	return id, storage.Commit(s, b)
}

func TestLock(t *testing.T) {
	t.Parallel()
	opts := smallOptions(t, vfs.NewMem())
	s := open(t, opts)
	if _, err := Open("data", opts); !errors.Is(err, ErrLocked) {
		t.Fatalf("second open: %v", err)
	}
	if _, err := Rebuild("data", RebuildOptions{Options: opts}); !errors.Is(err, ErrLocked) {
		t.Fatalf("rebuild of an open store: %v", err)
	}
	if _, err := opts.FS.Stat("data/" + newIndexDir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a rebuild that was refused has left something: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, opts)
}

// TestNoStore names a folder that has no store: nothing may be made there.
func TestNoStore(t *testing.T) {
	t.Parallel()
	opts := smallOptions(t, vfs.NewMem())
	for name, try := range map[string]func() error{
		"open":    func() error { _, err := OpenExisting("data", opts); return err },
		"view":    func() error { _, err := OpenView("data", opts); return err },
		"rebuild": func() error { _, err := Rebuild("data", RebuildOptions{Options: opts}); return err },
	} {
		if err := try(); !errors.Is(err, ErrNoStore) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := opts.FS.Stat("data"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder has been made: %v", err)
	}
}

// TestFileOfIndexMissing wants a store whose manifest is gone to say that its
// index is missing, to who opens it and to who looks at it.
func TestFileOfIndexMissing(t *testing.T) {
	t.Parallel()
	opts := smallOptions(t, vfs.NewMem())
	s := open(t, opts)
	if _, err := addBlob(s, "kept", []byte("text")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := opts.FS.List("data/index")
	for _, name := range names {
		if strings.HasPrefix(name, "MANIFEST-") {
			err = errors.Join(err, opts.FS.Remove("data/index/"+name))
		}
	}
	_, opening := Open("data", opts)
	_, viewing := OpenView("data", opts)
	if err != nil || !errors.Is(opening, ErrNoIndex) || !errors.Is(viewing, ErrNoIndex) {
		t.Errorf("%v; open: %v; view: %v", err, opening, viewing)
	}
}

// A fault fails operations while it is on.
type fault struct {
	err   error
	match func(errorfs.Op) bool
	on    atomic.Bool
	hits  atomic.Int64
}

func (f *fault) String() string { return f.err.Error() }

func (f *fault) MaybeError(op errorfs.Op) error {
	if f.on.Load() && f.match(op) {
		f.hits.Add(1)
		return f.err
	}
	return nil
}

func isWrite(op errorfs.Op) bool {
	switch op.Kind {
	case errorfs.OpFileWrite, errorfs.OpFileWriteAt, errorfs.OpFilePreallocate, errorfs.OpCreate:
		return true
	}
	return false
}

func isSync(op errorfs.Op) bool {
	switch op.Kind {
	case errorfs.OpFileSync, errorfs.OpFileSyncData:
		return true
	}
	return false
}

// TestDiskFull fills the disk, and makes room again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	full := &fault{err: syscall.ENOSPC, match: isWrite}
	opts := smallOptions(t, errorfs.Wrap(fs, full))
	s := open(t, opts)
	kept := storagetest.Text(1, 5000)
	id, err := addBlob(s, "kept", kept)
	if err != nil {
		t.Fatal(err)
	}
	staged, err := s.Stage()
	if err != nil {
		t.Fatal(err)
	}
	full.on.Store(true)
	for range 3 {
		lost, err := addBlob(s, "lost", storagetest.Noise(1, 5000))
		if !errors.Is(err, storage.ErrFull) {
			t.Fatalf("commit on a full disk: %v", err)
		}
		if _, err := s.OpenBlob(lost); !errors.Is(err, storage.ErrNotFound) {
			t.Fatalf("blob of a failed commit: %v", err)
		}
	}
	if _, err := staged.Write(make([]byte, 200_000)); !errors.Is(err, storage.ErrFull) {
		t.Fatalf("staging on a full disk: %v", err)
	}
	if err := staged.Seal(); !errors.Is(err, storage.ErrFull) {
		t.Fatalf("sealing on a full disk: %v", err)
	}
	staged.Discard()
	if err := sameBlob(s, id, kept); err != nil {
		t.Fatalf("reading on a full disk: %v", err)
	}
	full.on.Store(false)
	checkAfterFull(t, s, opts, id, kept)
}

// checkAfterFull checks that the store works, before and after reopening.
func checkAfterFull(t *testing.T, s *Store, opts Options, id storage.BlobID, kept []byte) {
	t.Helper()
	again := storagetest.Text(2, 6000)
	id2, err := addBlob(s, "again", again)
	if err != nil {
		t.Fatalf("commit with room again: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, opts)
	if err := errors.Join(sameBlob(s, id, kept), sameBlob(s, id2, again)); err != nil {
		t.Error(err)
	}
	if _, err := s.Get(nil, []byte("lost")); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("key of a failed commit: %v", err)
	}
}

// A lateFS fails writes to packs after having done them, as a write that ran
// out of space in the zeros behind a group does.
type lateFS struct {
	vfs.FS
	full atomic.Bool
}

func (fs *lateFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := fs.FS.OpenReadWrite(name, c, opts...)
	return &lateFile{f, fs}, err
}

type lateFile struct {
	vfs.File
	fs *lateFS
}

func (f *lateFile) WriteAt(p []byte, offset int64) (int, error) {
	n, err := f.File.WriteAt(p, offset)
	if err == nil && f.fs.full.CompareAndSwap(true, false) {
		err = syscall.ENOSPC
	}
	return n, err
}

// TestFullLeavesNoTrace crashes after a group has failed for want of space all
// of whose bytes were written: it must not be replayed.
func TestFullLeavesNoTrace(t *testing.T) {
	t.Parallel()
	mem := vfs.NewCrashableMem()
	fs := &lateFS{FS: mem}
	s := open(t, smallOptions(t, fs))
	if _, err := addBlob(s, "kept", content(0)); err != nil {
		t.Fatal(err)
	}
	fs.full.Store(true)
	if _, err := addBlob(s, "lost", content(1)); !errors.Is(err, storage.ErrFull) {
		t.Fatalf("commit on a full disk: %v", err)
	}
	crashed := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))})
	s = open(t, smallOptions(t, crashed))
	if _, err := s.Get(nil, []byte("kept")); err != nil {
		t.Errorf("kept key: %v", err)
	}
	if _, err := s.Get(nil, []byte("lost")); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the failed commit was replayed: %v", err)
	}
}

// TestDiskFullForIndex has no room for Pebble: it gets the ballast, and later
// commits are refused until the ballast can be made again.
func TestDiskFullForIndex(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	// Room is short until the ballast is gone, and then for a new ballast.
	full := &fault{err: syscall.ENOSPC}
	full.match = func(op errorfs.Op) bool {
		if fs.PathBase(op.Path) == ballast {
			return op.Kind == errorfs.OpFilePreallocate
		}
		_, err := fs.Stat("data/" + ballast)
		return err == nil && isWrite(op)
	}
	opts := smallOptions(t, errorfs.Wrap(fs, full))
	s := open(t, opts)
	kept := storagetest.Text(1, 5000)
	id, err := addBlob(s, "kept", kept)
	if err != nil {
		t.Fatal(err)
	}
	set := func(key string) error {
		b := s.NewBatch()
		b.Set([]byte(key), nil)
		return storage.Commit(s, b)
	}
	full.on.Store(true)
	if err := set("with the ballast"); err != nil {
		t.Fatalf("the index did not get the ballast: %v", err)
	}
	for range 3 {
		if err := set("lost"); !errors.Is(err, storage.ErrFull) {
			t.Fatalf("commit without ballast: %v", err)
		}
	}
	full.on.Store(false)
	checkAfterFull(t, s, opts, id, kept)
}

// TestFailedSync checks that a failed fsync ends the store: it is not tried
// again, and what was acknowledged before is there after a crash.
func TestFailedSync(t *testing.T) {
	t.Parallel()
	for _, withBlob := range []bool{true, false} {
		t.Run(fmt.Sprintf("blob=%v", withBlob), func(t *testing.T) {
			t.Parallel()
			testFailedSync(t, withBlob)
		})
	}
}

func testFailedSync(t *testing.T, withBlob bool) {
	fs := vfs.NewCrashableMem()
	broken := &fault{err: syscall.EIO, match: isSync}
	opts := smallOptions(t, errorfs.Wrap(fs, broken))
	var fatal []error
	opts.OnFatal = func(err error) { fatal = append(fatal, err) }
	s, err := Open("data", opts)
	if err != nil {
		t.Fatal(err)
	}
	kept := storagetest.Text(1, 5000)
	id, err := addBlob(s, "kept", kept)
	if err != nil {
		t.Fatal(err)
	}
	broken.on.Store(true)
	for range 3 {
		b := s.NewBatch()
		b.Set([]byte("lost"), nil)
		if withBlob {
			b.AppendBlob(kept)
		}
		if err := storage.Commit(s, b); !errors.Is(err, syscall.EIO) {
			t.Fatalf("commit after a failed fsync: %v", err)
		}
	}
	if hits := broken.hits.Load(); hits != 1 {
		t.Errorf("%d fsyncs failed: it was tried again", hits)
	}
	if len(fatal) != 1 || !errors.Is(fatal[0], syscall.EIO) {
		t.Errorf("OnFatal got %v", fatal)
	}
	crashed := fs.CrashClone(vfs.CrashCloneCfg{})
	broken.on.Store(false)
	_ = s.Close() // Pebble may complain; the process would have ended

	s = open(t, smallOptions(t, crashed))
	if err := sameBlob(s, id, kept); err != nil {
		t.Error(err)
	}
}

func TestStagingIsCleaned(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	s := open(t, smallOptions(t, fs))
	st, err := stage(s, storagetest.Noise(1, 300_000))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Discard()
	crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))})
	if names, _ := crashed.List("data/staging"); len(names) != 1 {
		t.Fatalf("staging holds %q before", names)
	}
	open(t, smallOptions(t, crashed))
	if names, _ := crashed.List("data/staging"); len(names) != 0 {
		t.Errorf("staging holds %q after", names)
	}
}

// TestMissingPack checks that a store that has lost a file says so.
func TestMissingPack(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	opts := smallOptions(t, fs)
	s := open(t, opts)
	makeLitter(t, s, 100)
	if err := errors.Join(s.Close(), fs.Remove("data/packs/00000002.pack")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("data", opts); !errors.Is(err, storage.ErrCorrupt) {
		t.Fatalf("open without a pack: %v", err)
	}
}
