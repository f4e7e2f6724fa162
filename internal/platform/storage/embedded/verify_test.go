package embedded

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/soak"
)

// verifyView verifies a view, and returns what was found and which blobs cannot
// be read.
func verifyView(t *testing.T, v *View) (found []damage.Finding, broken []storage.BlobID) {
	t.Helper()
	_, err := v.Verify(t.Context(), VerifyOptions{
		Found:  func(f damage.Finding) { found = append(found, f) },
		Broken: func(id storage.BlobID) { broken = append(broken, id) },
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(broken)
	return found, slices.Compact(broken)
}

// wantClean wants a running store to be whole, and what it looks like from
// outside after a power cut at this moment too.
func wantClean(t *testing.T, s *Store) {
	t.Helper()
	v, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if found, _ := verifyView(t, v); len(found) > 0 {
		t.Errorf("verify: %v", found)
	}
}

func wantCleanFolder(t *testing.T, opts Options) {
	t.Helper()
	v, err := OpenView("data", opts)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if found, _ := verifyView(t, v); len(found) > 0 {
		t.Errorf("verify: %v", found)
	}
}

// TestVerifyClean wants nothing to be found in what was never damaged: beside
// writers, after Reclaim, after a close, and after a power cut.
func TestVerifyClean(t *testing.T) {
	t.Parallel()
	fs := vfs.NewCrashableMem()
	opts := smallOptions(t, fs)
	s, err := Open("data", opts)
	if err != nil {
		t.Fatal(err)
	}
	makeLitter(t, s, 100)
	wantClean(t, s)
	if _, err := s.Reclaim(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantClean(t, s)
	makeLitter(t, s, 30)
	for _, survives := range []int{0, 50, 100} {
		random := rand.New(rand.NewPCG(1, uint64(survives)))
		clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: survives, RNG: random})
		before := snapshotOf(t, clone)
		wantCleanFolder(t, smallOptions(t, clone))
		if after := snapshotOf(t, clone); before != after {
			t.Errorf("verify has changed the folder:\n%s\nwas\n%s", after, before)
		}
	}
	if _, err := OpenView("data", opts); !errors.Is(err, ErrLocked) {
		t.Errorf("a view of a folder in use: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantCleanFolder(t, opts)
}

// snapshotOf describes all files of a store but locks.
func snapshotOf(t *testing.T, fs vfs.FS) string {
	t.Helper()
	var out strings.Builder
	for _, dir := range []string{"data", "data/packs", "data/index"} {
		names, err := fs.List(dir)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(names)
		for _, name := range names {
			info, err := fs.Stat(fs.PathJoin(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if name != lockName && !info.IsDir() {
				fmt.Fprintln(&out, dir, name, info.Size())
			}
		}
	}
	return out.String()
}

// TestViewHoldsReclaim wants no pack to go while somebody looks at them.
func TestViewHoldsReclaim(t *testing.T) {
	t.Parallel()
	s := open(t, smallOptions(t, vfs.NewMem()))
	makeLitter(t, s, 100)
	v, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if freed, err := s.Reclaim(t.Context()); freed != 0 || err != nil {
		t.Errorf("reclaimed %d beside a view, %v", freed, err)
	}
	if found, _ := verifyView(t, v); len(found) > 0 {
		t.Errorf("verify: %v", found)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if freed, err := s.Reclaim(t.Context()); freed == 0 || err != nil {
		t.Errorf("reclaimed %d after a view, %v", freed, err)
	}
}

// rot damages a file: it flips a bit, zeroes a sector, overwrites a sector with
// noise, or cuts the file off.
func rot(t *testing.T, fs vfs.FS, name string, random *rand.Rand) (how string) {
	t.Helper()
	f, err := fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, info.Size())
	if _, err := f.ReadAt(content, 0); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	content, how = rotten(content, random)
	f, err = fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return how
}

func rotten(content []byte, random *rand.Rand) (after []byte, how string) {
	if len(content) == 0 {
		return content, "nothing"
	}
	at := random.IntN(len(content))
	sector := content[at&^511 : min(at&^511+512, len(content))]
	switch random.IntN(4) {
	case 0:
		content[at] ^= 1 << random.IntN(8)
		return content, fmt.Sprintf("flipped a bit at %d", at)
	case 1:
		clear(sector)
		return content, fmt.Sprintf("zeroed the sector of %d", at)
	case 2:
		for i := range sector {
			sector[i] = byte(random.Uint32())
		}
		return content, fmt.Sprintf("overwrote the sector of %d", at)
	}
	return content[:at], fmt.Sprintf("cut at %d", at)
}

// TestPackRot damages packs of a closed store at random, and wants each blob to
// be read as it was written or not at all, verify to name exactly those that
// cannot be read, Reclaim to lose none of the others, and an index made again
// from the packs to know them all.
func TestPackRot(t *testing.T) {
	t.Parallel()
	lost := 0
	runs := soak.Times(60, 600)
	for run := range runs {
		lost += rotPack(t, uint64(run))
		if t.Failed() {
			return
		}
	}
	t.Logf("%d packs damaged, %d blobs could not be read and were named, no other byte differed", runs, lost)
}

func rotPack(t *testing.T, seed uint64) (lost int) {
	random := rand.New(rand.NewPCG(seed, 17))
	fs := vfs.NewMem()
	opts := smallOptions(t, fs)
	s, err := Open("data", opts)
	if err != nil {
		t.Fatal(err)
	}
	l := makeLitter(t, s, 90)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	names, _ := fs.List("data/packs")
	slices.Sort(names)
	name := names[random.IntN(len(names)-1)] // the last is another matter: see TestTailRot
	how := rot(t, fs, "data/packs/"+name, random)
	defer func() {
		if t.Failed() {
			t.Logf("seed %d: %s: %s", seed, name, how)
		}
	}()
	view, err := OpenView("data", opts)
	if err != nil {
		t.Fatal(err)
	}
	_, broken := verifyView(t, view)
	if err := view.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open("data", opts); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	l.wantOnlyBroken(t, s, broken)
	for range 2 { // the second round finds nothing to say
		_, err = s.Reclaim(t.Context())
		if err != nil && !errors.Is(err, storage.ErrCorrupt) {
			t.Error(err)
		}
	}
	if err != nil {
		t.Errorf("Reclaim says again: %v", err)
	}
	l.wantOnlyBroken(t, s, broken)
	return len(broken)
}

// wantOnlyBroken wants all that was kept to be there but some blobs, which must
// not be read as anything.
func (l *litter) wantOnlyBroken(t *testing.T, s *Store, broken []storage.BlobID) {
	t.Helper()
	for i, id := range l.kept {
		var n int
		fmt.Sscan(i, &n)
		err := sameBlob(s, id, content(n))
		if slices.Contains(broken, id) != (err != nil) {
			t.Errorf("blob %d: %v; verify says that %v are broken", id, err, broken)
		}
		if err != nil && !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("blob %d: %v", id, err)
		}
	}
}

// TestVerifyNames wants each kind of damage to be told with the file.
func TestVerifyNames(t *testing.T) {
	t.Parallel()
	write := func(at int64, p ...byte) func(*testing.T, vfs.FS, string) {
		return func(t *testing.T, fs vfs.FS, name string) {
			f, err := fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
			if err == nil {
				_, err = f.WriteAt(p, at)
			}
			if err = errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
		}
	}
	tests := map[string]struct {
		damage func(*testing.T, vfs.FS, string)
		want   string
		broken bool
	}{
		"head of the pack":  {write(3, 'X'), "the head of the file is damaged", true},
		"magic of a record": {write(packHeaderSize, 'X'), "a record is damaged", false},
		"operations":        {write(packHeaderSize+groupHeaderSize+3, 'X'), "a record is damaged", false},
		"chunk":             {write(packHeaderSize+1000, bytes.Repeat([]byte{0xa5}, 64)...), "the content cannot be read", true},
		"missing": {func(t *testing.T, fs vfs.FS, name string) {
			if err := fs.Remove(name); err != nil {
				t.Fatal(err)
			}
		}, "the file is missing", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fs := vfs.NewMem()
			opts := smallOptions(t, fs)
			s, err := Open("data", opts)
			if err != nil {
				t.Fatal(err)
			}
			makeLitter(t, s, 90)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			tt.damage(t, fs, "data/packs/00000001.pack")
			v, err := OpenView("data", opts)
			if err != nil {
				t.Fatal(err)
			}
			defer v.Close()
			found, broken := verifyView(t, v)
			if len(found) == 0 || !strings.Contains(found[0].String(), tt.want) || found[0].File != "packs/00000001.pack" || found[0].Do == "" {
				t.Errorf("found %v, want %q", found, tt.want)
			}
			if (len(broken) > 0) != tt.broken {
				t.Errorf("%v cannot be read", broken)
			}
		})
	}
}
