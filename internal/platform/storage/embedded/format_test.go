package embedded

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// oldFolder makes a store of the time before FORMAT, with some content, on a
// file system that can crash.
func oldFolder(t *testing.T) (*vfs.MemFS, storage.BlobID) {
	t.Helper()
	fs := vfs.NewCrashableMem()
	s, err := Open("data", smallOptions(t, fs))
	if err != nil {
		t.Fatal(err)
	}
	id, err := addBlob(s, "key", content(1))
	if err = errors.Join(err, s.Close(), fs.Remove("data/"+formatName), syncDir(fs, "data")); err != nil {
		t.Fatal(err)
	}
	return fs, id
}

// A crashes takes a copy of a file system as a crash leaves it, before each
// operation that changes something.
type crashes struct {
	fs     *vfs.MemFS
	clones []*vfs.MemFS
}

func (*crashes) String() string { return "crashes" }

func (c *crashes) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && path.Dir(op.Path) == "data" || path.Base(op.Path) == "data" {
		for _, survives := range []int{0, 50, 100} {
			random := rand.New(rand.NewPCG(uint64(len(c.clones)), 1))
			c.clones = append(c.clones, c.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: survives, RNG: random}))
		}
	}
	return nil
}

// TestFormatIsWritten opens a store of the time before FORMAT, and lets the power
// go at each step. The store opens then, with all that was in it, and says which
// format it has.
func TestFormatIsWritten(t *testing.T) {
	t.Parallel()
	fs, id := oldFolder(t)
	c := &crashes{fs: fs}
	s, err := Open("data", smallOptions(t, errorfs.Wrap(fs, c)))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(c.clones) < 12 {
		t.Errorf("only %d crashes", len(c.clones))
	}
	before := 0
	for i, clone := range c.clones {
		format, err := readFormat(clone, "data")
		if format != newestFormat || err != nil {
			t.Errorf("crash %d leaves format %d, %v", i, format, err)
		}
		if _, err := clone.Stat("data/" + formatName); err != nil {
			before++
		}
		s, err := Open("data", smallOptions(t, clone))
		if err != nil {
			t.Errorf("crash %d: %v", i, err)
			continue
		}
		if err := errors.Join(sameBlob(s, id, content(1)), s.Close()); err != nil {
			t.Errorf("crash %d: %v", i, err)
		}
		if _, err := clone.Stat("data/" + formatName); err != nil {
			t.Errorf("crash %d: %v", i, err)
		}
	}
	if before == 0 || before == len(c.clones) {
		t.Errorf("FORMAT was missing after %d of %d crashes", before, len(c.clones))
	}
}

// TestNewerFormat wants a store of a newer version, and one that says what
// nobody understands, to be left as it is.
func TestNewerFormat(t *testing.T) {
	t.Parallel()
	for _, line := range []string{fmt.Sprintf("%s%d\n", formatLine, newestFormat+1), formatLine + "0\n", "something else\n", ""} {
		fs, _ := oldFolder(t)
		if err := writeText(fs, "data/"+formatName, line); err != nil {
			t.Fatal(err)
		}
		before := snapshotOf(t, fs)
		opts := smallOptions(t, fs)
		_, opened := Open("data", opts)
		_, viewed := OpenView("data", opts)
		_, rebuilt := Rebuild("data", RebuildOptions{Options: opts})
		for i, err := range []error{opened, viewed, rebuilt} {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%q, %d: %v", line, i, err)
			}
		}
		if after := snapshotOf(t, fs); after != before {
			t.Errorf("%q: the folder is\n%swas\n%s", line, after, before)
		}
	}
}
