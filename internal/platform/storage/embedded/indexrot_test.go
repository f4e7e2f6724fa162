package embedded

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/soak"
)

// A known is a store and all that was acknowledged in it.
type known struct {
	fs    *vfs.MemFS
	keys  map[string]string
	blobs map[storage.BlobID]int
}

// makeKnown makes a store whose index has tables, a log, and in both what was set
// once, overwritten and deleted.
func makeKnown(t *testing.T, random *rand.Rand) *known {
	t.Helper()
	k := &known{vfs.NewMem(), make(map[string]string), make(map[storage.BlobID]int)}
	s, err := Open("data", smallOptions(t, k.fs))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 120 {
		b := s.NewBatch()
		key := fmt.Sprintf("key %02d", random.IntN(40))
		if random.IntN(4) == 0 {
			b.Delete([]byte(key))
			delete(k.keys, key)
		} else {
			k.keys[key] = fmt.Sprintf("value %d", i)
			b.Set([]byte(key), []byte(k.keys[key]))
		}
		if random.IntN(3) == 0 {
			k.blobs[b.AppendBlob(content(i))] = i
		}
		if err := storage.Commit(s, b); err != nil {
			t.Fatal(err)
		}
		if i == 40 || i == 80 {
			if err := s.db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return k
}

// hurt damages a random file of the index. Markers have no content: they go.
func (k *known) hurt(t *testing.T, random *rand.Rand) (how string) {
	t.Helper()
	names, err := k.fs.List("data/index")
	if err != nil {
		t.Fatal(err)
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == lockName || strings.HasPrefix(n, "OPTIONS") })
	slices.Sort(names)
	name := names[random.IntN(len(names))]
	if strings.HasPrefix(name, "marker") {
		if err := k.fs.Remove("data/index/" + name); err != nil {
			t.Fatal(err)
		}
		return name + " removed"
	}
	return name + " " + rot(t, k.fs, "data/index/"+name, random)
}

// refused tells whether an error is one that `mailstead serve` answers with the
// advice to make the index again.
func refused(err error) bool {
	return errors.Is(err, storage.ErrCorrupt) || errors.Is(err, ErrNoIndex)
}

// TestIndexRot damages the index of a closed store at random. Either it opens,
// and each key and blob is as it was acknowledged or is refused; or it does not
// open, and says what helps.
func TestIndexRot(t *testing.T) {
	t.Parallel()
	runs, opened, late := soak.Times(20, 500), 0, 0
	for run := range runs {
		random := rand.New(rand.NewPCG(uint64(run), 23))
		k := makeKnown(t, random)
		how := k.hurt(t, random)
		opens, reads := k.use(t)
		if opens {
			opened++
		}
		if opens && !reads {
			late++
		}
		if t.Failed() {
			t.Fatalf("run %d: %s", run, how)
		}
	}
	t.Logf("%d indexes damaged: %d were refused at the start, %d while they were read, %d lost nothing", runs, runs-opened, late, opened-late)
}

// TestIndexRotUnlisted is the same after a crash, when nothing says how the
// index was left: what is refused is refused with what helps.
func TestIndexRotUnlisted(t *testing.T) {
	t.Parallel()
	runs, opened := soak.Times(20, 500), 0
	for run := range runs {
		random := rand.New(rand.NewPCG(uint64(run), 29))
		k := makeKnown(t, random)
		if err := k.fs.Remove("data/index/" + closedName); err != nil {
			t.Fatal(err)
		}
		how := k.hurt(t, random)
		s, err := Open("data", smallOptions(t, k.fs))
		if err == nil {
			opened++
			err = s.Close()
		}
		if err != nil && !refused(err) {
			t.Fatalf("run %d: %s: %v", run, how, err)
		}
	}
	t.Logf("%d indexes damaged after a crash: %d were refused at the start", runs, runs-opened)
}

// use opens the store and reads all of it. It reports whether that opened, and
// whether all could be read.
func (k *known) use(t *testing.T) (opens, reads bool) {
	t.Helper()
	opts := smallOptions(t, k.fs)
	opts.OnFatal = func(err error) {
		if !refused(err) {
			t.Errorf("the store ended with %v", err)
		}
	}
	s, err := Open("data", opts)
	if err != nil {
		if !refused(err) {
			t.Errorf("open: %v", err)
		}
		return false, false
	}
	defer func() {
		if err := s.Close(); err != nil && !refused(err) {
			t.Errorf("close: %v", err)
		}
	}()
	reads = true
	check := func(what string, err error) {
		reads = reads && err == nil
		if err != nil && !refused(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for key, want := range k.keys {
		got, err := s.Get(nil, []byte(key))
		check(key, err)
		if err == nil && string(got) != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	seen := 0
	err = s.Scan(storage.Range{}, func(key, value []byte) error {
		if seen++; k.keys[string(key)] != string(value) {
			t.Errorf("%q has %q, want %q", key, value, k.keys[string(key)])
		}
		return nil
	})
	check("scan", err)
	if err == nil && seen != len(k.keys) {
		t.Errorf("%d keys of %d", seen, len(k.keys))
	}
	for id, n := range k.blobs {
		check(fmt.Sprint("blob ", id), sameBlob(s, id, content(n)))
	}
	return true, reads
}
