package storagetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

func testGetSetDelete(t *testing.T, f *fixture) {
	f.absent(f, "k")
	f.set("k", "v")
	f.value(f, "k", "v")
	f.set("k", "")
	f.value(f, "k", "")
	f.commit(func(b *storage.Batch) { b.Delete([]byte("k")); b.Delete([]byte("never")) })
	f.absent(f, "k")

	key, value := []byte("mine"), []byte("value")
	b := f.NewBatch()
	b.Set(key, value)
	key[0], value[0] = 'X', 'X'
	f.want(nil, storage.Commit(f, b))
	f.value(f, "mine", "value")
}

func testOrderWithinBatch(t *testing.T, f *fixture) {
	f.commit(func(b *storage.Batch) {
		b.Set([]byte("a"), []byte("1"))
		b.Set([]byte("a"), []byte("2"))
		b.Set([]byte("b"), []byte("1"))
		b.Delete([]byte("b"))
		b.Delete([]byte("c"))
		b.Set([]byte("c"), []byte("1"))
		b.Set([]byte("d"), []byte("1"))
		b.DeleteRange([]byte("d"), []byte("e"))
		b.Set([]byte("da"), []byte("1"))
	})
	if got := f.scan(f, storage.Range{}); !slices.Equal(got, []string{"a=2", "c=1", "da=1"}) {
		t.Fatalf("got %q", got)
	}
}

func testScan(t *testing.T, f *fixture) {
	for _, k := range []string{"a", "b", "b\x00", "ba", "c", "\xef\xff"} {
		f.set(k, "v")
	}
	tests := []struct {
		start, end string
		want       []string
	}{
		{"", "", []string{"a=v", "b=v", "b\x00=v", "ba=v", "c=v", "\xef\xff=v"}},
		{"b", "", []string{"b=v", "b\x00=v", "ba=v", "c=v", "\xef\xff=v"}},
		{"", "b", []string{"a=v"}},
		{"b", "c", []string{"b=v", "b\x00=v", "ba=v"}},
		{"b\x00", "bb", []string{"b\x00=v", "ba=v"}},
		{"c", "\xff\xff", []string{"c=v", "\xef\xff=v"}},
		{"b", "b", nil},
		{"c", "b", nil},
		{"x", "y", nil},
	}
	for _, tt := range tests {
		r := storage.Range{Start: []byte(tt.start), End: []byte(tt.end)}
		if got := f.scan(f, r); !slices.Equal(got, tt.want) {
			t.Errorf("scan %q to %q: %q, want %q", tt.start, tt.end, got, tt.want)
		}
		r.Reverse = true
		slices.Reverse(tt.want)
		if got := f.scan(f, r); !slices.Equal(got, tt.want) {
			t.Errorf("scan back %q to %q: %q, want %q", tt.start, tt.end, got, tt.want)
		}
	}
}

func testScanStops(t *testing.T, f *fixture) {
	f.set("a", "1")
	f.set("b", "2")
	failure := errors.New("enough")
	for _, tt := range []struct{ give, want error }{{storage.ErrStop, nil}, {failure, failure}} {
		calls := 0
		err := f.Scan(storage.Range{}, func(_, _ []byte) error { calls++; return tt.give })
		f.want(tt.want, err)
		if calls != 1 {
			t.Errorf("%d calls after %v", calls, tt.give)
		}
	}
}

func testDeleteRange(t *testing.T, f *fixture) {
	for _, k := range []string{"a", "b", "b1", "b2", "c", "d"} {
		f.set(k, "")
	}
	f.commit(func(b *storage.Batch) {
		b.DeleteRange([]byte("b"), []byte("c"))
		b.DeleteRange([]byte("d"), nil)
		b.DeleteRange([]byte("d"), []byte("a"))
		b.DeleteRange([]byte("x"), []byte("y"))
	})
	if got := f.scan(f, storage.Range{}); !slices.Equal(got, []string{"a=", "c=", "d="}) {
		t.Fatalf("got %q", got)
	}
	f.set("b1", "again")
	f.value(f, "b1", "again")
}

func testSnapshot(t *testing.T, f *fixture) {
	f.set("k", "old")
	f.set("gone", "old")
	snap := f.Snapshot()
	defer snap.Close()
	f.commit(func(b *storage.Batch) {
		b.Set([]byte("k"), []byte("new"))
		b.DeleteRange([]byte("gone"), []byte("h"))
		b.Set([]byte("more"), nil)
	})
	f.value(snap, "k", "old")
	f.value(snap, "gone", "old")
	f.absent(snap, "more")
	if got := f.scan(snap, storage.Range{Reverse: true}); !slices.Equal(got, []string{"k=old", "gone=old"}) {
		t.Fatalf("snapshot shows %q", got)
	}
	f.value(f, "k", "new")
	f.absent(f, "gone")
}

func testLimits(t *testing.T, f *fixture) {
	key := make([]byte, storage.MaxKeySize)
	value := make([]byte, storage.MaxValueSize)
	f.commit(func(b *storage.Batch) { b.Set(key, value) })
	f.value(f, string(key), string(value))

	tooLarge := map[string]func(*storage.Batch){
		"key":       func(b *storage.Batch) { b.Set(append(key, 0), nil) },
		"value":     func(b *storage.Batch) { b.Set(key, append(value, 0)) },
		"deleted":   func(b *storage.Batch) { b.Delete(append(key, 0)) },
		"range end": func(b *storage.Batch) { b.DeleteRange(nil, append(key, 0)) },
		"blob":      func(b *storage.Batch) { b.AppendBlob(make([]byte, storage.MaxBatchSize+1)) },
		"sum": func(b *storage.Batch) {
			b.AppendBlob(make([]byte, storage.MaxBatchSize-10))
			b.Set([]byte("0123456789"), []byte("x"))
		},
	}
	for name, build := range tooLarge {
		err := f.try(func(b *storage.Batch) {
			b.Set([]byte("side effect"), nil)
			build(b)
		})
		if !errors.Is(err, storage.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.absent(f, "side effect")
	content := Noise(1, storage.MaxBatchSize)
	f.blob(f.appendBlob(content), content)
}

func testReserved(t *testing.T, f *fixture) {
	f.commit(func(b *storage.Batch) {
		b.Set([]byte{0xef, 0xff}, nil)
		b.DeleteRange([]byte{0xe0}, []byte{0xf0})
	})
	reserved := map[string]func(*storage.Batch){
		"set":          func(b *storage.Batch) { b.Set([]byte{0xf0, 0}, nil) },
		"delete":       func(b *storage.Batch) { b.Delete([]byte{0xf0, 1}) },
		"assert":       func(b *storage.Batch) { b.Assert([]byte{0xff}, nil) },
		"delete range": func(b *storage.Batch) { b.DeleteRange([]byte{0}, []byte{0xf0, 0}) },
	}
	for name, build := range reserved {
		if err := f.try(build); !errors.Is(err, storage.ErrReserved) {
			t.Errorf("%s: %v", name, err)
		}
	}
	id := f.appendBlob([]byte("makes the engine write keys"))
	if got := f.scan(f, storage.Range{}); len(got) != 0 {
		t.Errorf("the engine's keys are shown: %q", got)
	}
	f.absent(f, "\xf0\x00")
	_, err := f.Find(nil, []byte("\xf0\x00"))
	f.want(storage.ErrNotFound, err)
	f.noBlob(id + 1)
}
