package embedded

import (
	"bytes"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A crowdedFS refuses to open files: the next few, or all while it is full.
type crowdedFS struct {
	vfs.FS
	refuse atomic.Int64
	asked  atomic.Int64
}

// OpenReadWrite implements [vfs.FS].
func (fs *crowdedFS) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	if fs.full() {
		return nil, &os.PathError{Op: "open", Path: name, Err: syscall.EMFILE}
	}
	return fs.FS.OpenReadWrite(name, c, opts...)
}

// Create implements [vfs.FS].
func (fs *crowdedFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if fs.full() {
		return nil, &os.PathError{Op: "open", Path: name, Err: syscall.ENFILE}
	}
	return fs.FS.Create(name, c)
}

func (fs *crowdedFS) full() bool {
	fs.asked.Add(1)
	return fs.refuse.Add(-1) >= 0
}

// TestTooManyFilesOpen begins packs and files of the index while the process
// may open no files: the store waits until it may.
func TestTooManyFilesOpen(t *testing.T) {
	t.Parallel()
	fs := &crowdedFS{FS: vfs.NewMem()}
	s, err := Open("store", Options{
		FS: fs, PackSize: 64 << 10, MemTableSize: 256 << 10, BallastSize: 1 << 10,
		OnFatal: func(err error) { t.Errorf("the store has ended: %v", err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	noise := rand.NewChaCha8([32]byte{})
	for i := range 60 {
		fs.refuse.Store(3)
		b := s.NewBatch()
		content := make([]byte, 30<<10)
		noise.Read(content)
		b.AppendBlob(content)
		for k := range 10 {
			b.Set([]byte{1, byte(i), byte(k)}, bytes.Repeat([]byte{byte(i)}, 1000))
		}
		if err := storage.Commit(s, b); err != nil {
			t.Fatal(err)
		}
	}
	if fs.asked.Load() < 10 {
		t.Errorf("files were opened %d times only", fs.asked.Load())
	}
}

// TestSpoolIsRefused stages blobs that need a file when none may be opened, or
// when those that are left are for packs and the index.
func TestSpoolIsRefused(t *testing.T) {
	t.Parallel()
	large := make([]byte, 3*chunkSize)
	write := func(s *Store) error {
		staged, err := s.Stage()
		if err != nil {
			return err
		}
		defer staged.Discard()
		_, err = staged.Write(large)
		return err
	}
	fs := &crowdedFS{FS: vfs.NewMem()}
	s := open(t, Options{FS: fs})
	fs.refuse.Store(1)
	if err := write(s); !errors.Is(err, storage.ErrBusy) {
		t.Errorf("without files: %v", err)
	}
	if err := write(s); err != nil {
		t.Errorf("with a file: %v", err)
	}
	onDisk, err := Open(t.TempDir(), Options{Reserved: 1, BallastSize: 1 << 10, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer onDisk.Close()
	if err := write(onDisk); !errors.Is(err, storage.ErrBusy) {
		t.Errorf("with a reserved file: %v", err)
	}
	if names, err := os.ReadDir(onDisk.path(stagingDir)); err != nil || len(names) > 0 {
		t.Errorf("left: %v, %v", names, err)
	}
}
