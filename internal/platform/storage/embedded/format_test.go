package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"path"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/mailstead/mailstead/internal/platform/damage"
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
// nobody understands, to be left as it is: no byte changes, no file comes or goes,
// though a start would make some and remove others.
func TestNewerFormat(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		fmt.Sprintf("%s%d\n", formatLine, newestFormat+1), formatLine + "999999999999999999999\n", formatLine + "0\n", formatLine + "-1\n",
		formatLine + "1 and more\n", formatLine + "\n", "something else\n", "",
	} {
		fs, _ := oldFolder(t)
		err := errors.Join(writeText(fs, "data/"+formatName, line), writeText(fs, "data/"+stagingDir+"/7", "half a message"),
			fs.Remove("data/"+lockName), fs.RemoveAll("data/"+ballast))
		if err != nil {
			t.Fatal(err)
		}
		before := everythingIn(t, fs, "data")
		opts := smallOptions(t, fs)
		_, opened := Open("data", opts)
		_, existing := OpenExisting("data", opts)
		_, viewed := OpenView("data", opts)
		_, rebuilt := Rebuild("data", RebuildOptions{Options: opts})
		_, tried := Rebuild("data", RebuildOptions{Options: opts, DryRun: true})
		for i, err := range []error{opened, existing, viewed, rebuilt, tried} {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%q, %d: %v", line, i, err)
			}
		}
		if after := everythingIn(t, fs, "data"); after != before {
			t.Errorf("%q: the folder is\n%swas\n%s", line, after, before)
		}
	}
}

// TestOldFormatIsOnlyRead wants a view of a store of the time before FORMAT, which
// is what `mailstead verify` takes, to see what is in it and to change nothing.
func TestOldFormatIsOnlyRead(t *testing.T) {
	t.Parallel()
	fs, id := oldFolder(t)
	before := everythingIn(t, fs, "data")
	v, err := OpenView("data", smallOptions(t, fs))
	if err != nil {
		t.Fatal(err)
	}
	b, err := v.OpenBlob(id)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
	if err = errors.Join(err, b.Close()); err != nil || !bytes.Equal(got, content(1)) {
		t.Errorf("the blob is %.50q, %v", got, err)
	}
	_, err = v.Verify(t.Context(), VerifyOptions{Found: func(f damage.Finding) { t.Error(f) }})
	if err = errors.Join(err, v.Close()); err != nil {
		t.Error(err)
	}
	if after := everythingIn(t, fs, "data"); after != before {
		t.Errorf("the folder is\n%swas\n%s", after, before)
	}
}

// everythingIn lists a folder and all below it, with a checksum of each file.
func everythingIn(t *testing.T, fs vfs.FS, dir string) string {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	out := dir + "/\n"
	for _, name := range names {
		name = path.Join(dir, name)
		if info, err := fs.Stat(name); err != nil || info.IsDir() {
			out += everythingIn(t, fs, name)
			continue
		}
		f, err := fs.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		out += fmt.Sprintf("%s %d %08x\n", name, len(text), crc32.Checksum(text, castagnoli))
	}
	return out
}
