package embedded

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// TestDamagedTail damages a record that the index does not know yet. Open must
// not take it for the end of the log and write over those that follow; Rebuild
// keeps them.
func TestDamagedTail(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	s, err := Open("data", smallOptions(t, fs))
	if err != nil {
		t.Fatal(err)
	}
	var last storage.BlobID
	for i := range 5 {
		if last, err = addBlob(s, string(rune('a'+i)), content(i)); err != nil {
			t.Fatal(err)
		}
	}
	clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0, RNG: rand.New(rand.NewPCG(1, 2))})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := clone.OpenReadWrite("data/packs/00000001.pack", vfs.WriteCategoryUnspecified)
	if err == nil {
		_, err = f.WriteAt([]byte("damage"), packHeaderSize+8)
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
	opts := smallOptions(t, clone)
	if _, err := Open("data", opts); !errors.Is(err, storage.ErrCorrupt) {
		t.Fatalf("Open: %v", err)
	}
	found, err := Rebuild("data", RebuildOptions{Options: opts})
	if err != nil || found.Damaged != 1 {
		t.Fatalf("Rebuild: %+v, %v", found, err)
	}
	s = open(t, opts)
	if err := sameBlob(s, last, content(4)); err != nil {
		t.Error(err)
	}
}
