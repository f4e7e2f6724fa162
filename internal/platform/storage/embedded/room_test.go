package embedded

import (
	"errors"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/storagetest"
)

// A cramped file system says how much room it has.
type cramped struct {
	vfs.FS
	free uint64
}

// GetDiskUsage implements vfs.FS.
func (c *cramped) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: c.free}, nil
}

// TestNoRoomToOpen opens a store on a disk without room for a ballast. Without
// room for the index's logs it says so; with a little it opens, and shows what
// is there.
func TestNoRoomToOpen(t *testing.T) {
	t.Parallel()
	mem := vfs.NewMem()
	s := open(t, smallOptions(t, mem))
	kept := storagetest.Text(1, 5000)
	id, err := addBlob(s, "kept", kept)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := mem.Remove("data/" + ballast); err != nil {
		t.Fatal(err)
	}
	noBallast := &fault{err: syscall.ENOSPC, match: func(op errorfs.Op) bool { return op.Kind == errorfs.OpFilePreallocate }}
	noBallast.on.Store(true)
	disk := &cramped{FS: errorfs.Wrap(mem, noBallast), free: 100 << 10}
	if s, err := Open("data", smallOptions(t, disk)); !errors.Is(err, storage.ErrFull) {
		t.Fatalf("opened %v on a full disk: %v", s, err)
	}
	disk.free = 2 << 20
	s = open(t, smallOptions(t, disk))
	if err := sameBlob(s, id, kept); err != nil {
		t.Error(err)
	}
	if _, err := addBlob(s, "more", kept); !errors.Is(err, storage.ErrFull) {
		t.Errorf("commit without a ballast: %v", err)
	}
}
