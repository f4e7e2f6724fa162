package embedded

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/storagetest"
)

// TestUnreadableLocation deletes a blob whose place in the index cannot be
// read: the store goes on, and starts again.
func TestUnreadableLocation(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	bad := &fault{err: syscall.EIO, match: func(op errorfs.Op) bool {
		return op.Kind == errorfs.OpFileReadAt && strings.HasSuffix(op.Path, ".sst")
	}}
	opts := smallOptions(t, errorfs.Wrap(fs, bad))
	s := open(t, opts)
	id, err := addBlob(s, "gone", storagetest.Text(1, 5000))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	bad.on.Store(true)
	b := s.NewBatch()
	b.Delete([]byte("gone"))
	b.DeleteBlob(id)
	if err := storage.Commit(s, b); err != nil || bad.hits.Load() == 0 {
		t.Fatalf("deletion: %v after %d failed reads", err, bad.hits.Load())
	}
	bad.on.Store(false)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, opts)
	if _, err := s.OpenBlob(id); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("the deleted blob: %v", err)
	}
}

// TestLogFails wants the store to end in its own way when Pebble can write its
// log no more, or make no new one: Pebble itself would panic.
func TestLogFails(t *testing.T) {
	t.Parallel()
	for name, kinds := range map[string][]errorfs.OpKind{
		"write":  {errorfs.OpFileWrite},
		"sync":   {errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo},
		"create": {errorfs.OpCreate, errorfs.OpReuseForWrite},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := &fault{err: syscall.EIO, match: func(op errorfs.Op) bool {
				return slices.Contains(kinds, op.Kind) && strings.HasSuffix(op.Path, logSuffix)
			}}
			var end fatal
			ended := make(chan error, 1)
			end.report = func(err error) { ended <- err }
			fs := logFS{errorfs.Wrap(vfs.NewMem(), bad), &end, ""}
			f, err := fs.Create("1.log", vfs.WriteCategoryUnspecified)
			if err != nil {
				t.Fatal(err)
			}
			bad.on.Store(true)
			failed := useLog(fs, f)
			if !errors.Is(failed, syscall.EIO) {
				t.Errorf("the log: %v", failed)
			}
			select {
			case err := <-ended:
				if !errors.Is(err, syscall.EIO) {
					t.Errorf("the store ended with %v", err)
				}
			default:
				t.Error("the store has not ended")
			}
		})
	}
}

// useLog does with a log what Pebble does.
func useLog(fs vfs.FS, f vfs.File) error {
	_, err := f.Write([]byte("record"))
	err = errors.Join(err, f.Sync(), f.Close())
	next, made := fs.Create("2.log", vfs.WriteCategoryUnspecified)
	if made != nil {
		return errors.Join(err, made)
	}
	return errors.Join(err, next.Close())
}
