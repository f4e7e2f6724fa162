package storagetest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"pgregory.net/rapid"
)

// testRandom does random operations on the store and on a model of it, and
// compares. Each run of it works in a part of the keys of its own.
func testRandom(t *testing.T, f *fixture) {
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		m := &model{
			fixture: &fixture{t: rt, Store: f.Store, reopen: f.reopen},
			prefix:  fmt.Sprintf("run%d/", runs),
			keys:    make(map[string]string),
			blobs:   make(map[storage.BlobID][]byte),
		}
		rt.Repeat(map[string]func(*rapid.T){
			"commit":   m.doCommit,
			"chain":    m.doChain,
			"snapshot": m.doSnapshot,
			"reclaim":  m.doReclaim,
			"reopen":   func(*rapid.T) { f.Store = m.doReopen() },
			"":         m.check,
		})
	})
}

// A model is what the store should hold.
type model struct {
	*fixture
	prefix string
	keys   map[string]string
	blobs  map[storage.BlobID][]byte
}

func (m *model) clone() *model {
	c := *m
	c.keys, c.blobs = maps.Clone(m.keys), maps.Clone(m.blobs)
	return &c
}

func (m *model) key(rt *rapid.T) string {
	return m.prefix + rapid.StringMatching(`[a-c]{1,2}`).Draw(rt, "key")
}

// fill puts random operations into a batch, and into the model. It returns
// whether the batch has to commit.
func (m *model) fill(rt *rapid.T, b *storage.Batch) (holds bool) {
	holds = m.assert(rt, b)
	for range rapid.IntRange(1, 6).Draw(rt, "operations") {
		switch key := m.key(rt); rapid.IntRange(0, 6).Draw(rt, "kind") {
		case 0, 1, 2:
			value := rapid.StringMatching(`[x-z]{0,3}`).Draw(rt, "value")
			b.Set([]byte(key), []byte(value))
			m.keys[key] = value
		case 3:
			b.Delete([]byte(key))
			delete(m.keys, key)
		case 4:
			end := m.key(rt)
			b.DeleteRange([]byte(key), []byte(end))
			maps.DeleteFunc(m.keys, func(k, _ string) bool { return key <= k && k < end })
		case 5:
			content := Text(rapid.Uint64Range(0, 9).Draw(rt, "seed"), rapid.IntRange(0, 70_000).Draw(rt, "size"))
			m.blobs[b.AppendBlob(content)] = content
		case 6:
			m.dropBlob(rt, b)
		}
	}
	return holds
}

// assert adds an assertion that may or may not hold.
func (m *model) assert(rt *rapid.T, b *storage.Batch) (holds bool) {
	key := m.key(rt)
	value, ok := m.keys[key]
	switch rapid.IntRange(0, 3).Draw(rt, "assertion") {
	case 0:
		b.Assert([]byte(key), []byte("wrong"))
		return false
	case 1:
		b.Assert([]byte(key), nil)
		return !ok
	case 2:
		b.Assert([]byte(key), []byte(value))
		return ok
	}
	return true
}

func (m *model) dropBlob(rt *rapid.T, b *storage.Batch) {
	if len(m.blobs) == 0 {
		return
	}
	ids := slices.Sorted(maps.Keys(m.blobs))
	id := rapid.SampledFrom(ids).Draw(rt, "blob")
	b.DeleteBlob(id)
	delete(m.blobs, id)
}

func (m *model) doCommit(rt *rapid.T) {
	after := m.clone()
	b := m.NewBatch()
	holds := after.fill(rt, b)
	m.settle(rt, storage.Commit(m, b), holds, after)
}

// settle takes over the model after a commit, if it had to succeed.
func (m *model) settle(rt *rapid.T, err error, holds bool, after *model) {
	if holds != (err == nil) || (!holds && !errors.Is(err, storage.ErrConflict)) {
		rt.Fatalf("commit: %v, assertion holds: %v", err, holds)
	}
	if holds {
		m.keys, m.blobs = after.keys, after.blobs
	}
}

// doChain enqueues several batches before it waits for the first.
func (m *model) doChain(rt *rapid.T) {
	type link struct {
		pending *storage.Pending
		holds   bool
		after   *model
	}
	var links []link
	now := m
	for range rapid.IntRange(2, 5).Draw(rt, "batches") {
		l := link{after: now.clone()}
		b := m.NewBatch()
		l.holds = l.after.fill(rt, b)
		l.pending = m.Enqueue(b)
		if l.holds {
			now = l.after
		}
		links = append(links, l)
	}
	for i := len(links) - 1; i > 0; i-- {
		_ = links[i].pending.Wait() // the outcome is asked for below
	}
	for _, l := range links {
		m.settle(rt, l.pending.Wait(), l.holds, l.after)
	}
}

func (m *model) doSnapshot(rt *rapid.T) {
	snap := m.Snapshot()
	defer snap.Close()
	before := m.clone()
	m.doCommit(rt)
	before.compareKeys(rt, snap)
}

func (m *model) doReclaim(rt *rapid.T) {
	_, err := m.Reclaim(rt.Context())
	m.want(nil, err)
}

func (m *model) doReopen() storage.Store {
	if m.reopen == nil {
		return m.Store
	}
	m.want(nil, m.Close())
	s, err := m.reopen()
	m.want(nil, err)
	m.Store = s
	return s
}

func (m *model) check(rt *rapid.T) {
	m.compareKeys(rt, m)
	m.find(rt)
	for id, content := range m.blobs {
		m.blob(id, content)
	}
}

// find looks for keys of which some are not there.
func (m *model) find(rt *rapid.T) {
	for _, name := range []string{"", "a", "aa", "b", "bc", "c", "cc", "d"} {
		want, ok := m.keys[m.prefix+name]
		got, err := m.Find([]byte("dst:"), []byte(m.prefix+name))
		if ok && (err != nil || string(got) != "dst:"+want) || !ok && !errors.Is(err, storage.ErrNotFound) {
			rt.Fatalf("found %q: %q, %v", name, got, err)
		}
	}
}

func (m *model) compareKeys(rt *rapid.T, r storage.Reader) {
	want := slices.Sorted(maps.Keys(m.keys))
	end := []byte(m.prefix)
	end[len(end)-1]++
	var got []string
	err := r.Scan(storage.Range{Start: []byte(m.prefix), End: end}, func(key, value []byte) error {
		if !bytes.Equal(value, []byte(m.keys[string(key)])) {
			return fmt.Errorf("%q is %q, want %q", key, value, m.keys[string(key)])
		}
		got = append(got, string(key))
		return nil
	})
	if err != nil || !slices.Equal(got, want) {
		rt.Fatalf("keys %q, %v; want %q", got, err, want)
	}
}
