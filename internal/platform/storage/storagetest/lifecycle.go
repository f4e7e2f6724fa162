package storagetest

import (
	"testing"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

func testStats(t *testing.T, f *fixture) {
	content := Noise(1, 10_000)
	id := f.appendBlob(content)
	f.want(storage.ErrConflict, f.try(func(b *storage.Batch) { b.Assert([]byte("k"), []byte("v")) }))
	s := f.Stats()
	if s.Commits != 1 || s.Groups != 1 || s.Conflicts != 1 {
		t.Errorf("%+v", s)
	}
	if s.BlobBytes < 10_000 || s.BlobGarbage != 0 {
		t.Errorf("%+v", s)
	}
	f.deleteBlob(id)
	if s := f.Stats(); s.BlobGarbage != s.BlobBytes {
		t.Errorf("after deleting: %+v", s)
	}
}

func testClosed(t *testing.T, f *fixture) {
	f.set("k", "v")
	id := f.appendBlob([]byte("x"))
	open, err := f.OpenBlob(id)
	f.want(nil, err)
	defer open.Close()
	b := f.NewBatch()
	b.Set([]byte("k"), []byte("late"))
	pending := f.enqueue(func(b *storage.Batch) { b.Set([]byte("in time"), nil) })
	f.want(nil, f.Close())
	f.want(nil, pending.Wait())
	f.want(storage.ErrClosed, storage.Commit(f, b))
	f.want(storage.ErrClosed, f.Close())
	f.content(open, []byte("x"))
	_, err = f.Get(nil, []byte("k"))
	f.want(storage.ErrClosed, err)
	_, err = f.Find(nil, []byte("k"))
	f.want(storage.ErrClosed, err)
	err = f.Scan(storage.Range{}, func(_, _ []byte) error { return nil })
	f.want(storage.ErrClosed, err)
	_, err = f.OpenBlob(id)
	f.want(storage.ErrClosed, err)
	r := f.BlobReader()
	_, err = r.Open(id, nil)
	f.want(storage.ErrClosed, err)
	r.Release()
	_, err = f.Stage()
	f.want(storage.ErrClosed, err)
	_, err = f.Reclaim(t.Context())
	f.want(storage.ErrClosed, err)
	snap := f.Snapshot()
	_, err = snap.Get(nil, []byte("k"))
	f.want(storage.ErrClosed, err)
	snap.Close()
	f.Stats()
}

func testReopen(t *testing.T, f *fixture) {
	if f.reopen == nil {
		return
	}
	text, large := Text(1, 5_000), Noise(1, 400_000)
	var id, staged storage.BlobID
	st := f.stage(large)
	f.commit(func(b *storage.Batch) {
		id, staged = b.AppendBlob(text), b.AppendStaged(st)
		b.Set([]byte("k"), []byte("v"))
	})
	gone := f.appendBlob(text)
	f.deleteBlob(gone)
	f.set("last", "write")
	leftOpen := f.Snapshot()
	f.want(nil, f.Close())
	leftOpen.Close()

	again, err := f.reopen()
	f.want(nil, err)
	f.Store = again
	f.value(f, "k", "v")
	f.value(f, "last", "write")
	f.blob(id, text)
	f.blob(staged, large)
	f.noBlob(gone)
	if next := f.appendBlob([]byte("next")); next <= gone {
		t.Errorf("blob ID %d after %d", next, gone)
	}
}
