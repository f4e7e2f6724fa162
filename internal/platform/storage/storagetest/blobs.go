package storagetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// sizes of blobs around the sizes of an engine's units.
var sizes = []int{0, 1, 4 << 10, 64<<10 - 1, 64 << 10, 64<<10 + 1, 300_000}

func testBlob(t *testing.T, f *fixture) {
	for i, size := range sizes {
		for _, content := range [][]byte{Text(uint64(i), size), Noise(uint64(i), size), make([]byte, size)} {
			id := f.appendBlob(content)
			if id == 0 {
				t.Fatal("blob has the ID 0")
			}
			f.blob(id, content)
		}
	}
	f.noBlob(0)
	f.noBlob(1 << 60)
}

func testBlobAtOffset(t *testing.T, f *fixture) {
	content := append(Text(1, 150_000), Noise(1, 150_000)...)
	b, err := f.OpenBlob(f.appendBlob(content))
	f.want(nil, err)
	defer b.Close()
	var wg sync.WaitGroup
	for _, offset := range []int{0, 1, 65_535, 65_536, 131_072, 149_990, 299_999, 300_000, 400_000} {
		for _, n := range []int{0, 1, 100, 70_000, 300_001} {
			wg.Go(func() { readAt(t, b, content, offset, n) })
		}
	}
	wg.Wait()
	if _, err := b.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("read at a negative offset")
	}
}

// readAt checks a read against what a read of the content gives.
func readAt(t *testing.T, b io.ReaderAt, content []byte, offset, n int) {
	got, want := make([]byte, n), make([]byte, n)
	gotN, gotErr := b.ReadAt(got, int64(offset))
	wantN, wantErr := bytes.NewReader(content).ReadAt(want, int64(offset))
	if n == 0 { // whether an empty read at the end says so is left open
		gotErr, wantErr = nil, nil
	}
	if gotN != wantN || gotErr != wantErr || !bytes.Equal(got, want) {
		t.Errorf("read of %d at %d: %d, %v; want %d, %v", n, offset, gotN, gotErr, wantN, wantErr)
	}
}

func testBlobOfFailedBatch(t *testing.T, f *fixture) {
	var id storage.BlobID
	err := f.try(func(b *storage.Batch) {
		id = b.AppendBlob([]byte("x"))
		b.Assert([]byte("none"), []byte("there"))
	})
	f.want(storage.ErrConflict, err)
	f.noBlob(id)
	if other := f.appendBlob([]byte("y")); other == id {
		t.Error("the ID was given out again")
	}
}

func testDeleteBlob(t *testing.T, f *fixture) {
	content := Text(1, 200_000)
	id, other := f.appendBlob(content), f.appendBlob([]byte("other"))
	open, err := f.OpenBlob(id)
	f.want(nil, err)
	defer open.Close()
	f.deleteBlob(id)
	f.deleteBlob(id)
	f.deleteBlob(1 << 60)
	f.noBlob(id)
	f.blob(other, []byte("other"))
	f.content(open, content)
	if next := f.appendBlob([]byte("next")); next == id {
		t.Error("the ID of a deleted blob was given out again")
	}
}

func testDeleteBlobOfSameBatch(t *testing.T, f *fixture) {
	var gone, kept storage.BlobID
	f.commit(func(b *storage.Batch) {
		gone = b.AppendBlob([]byte("gone"))
		b.DeleteBlob(gone)
		kept = b.AppendBlob([]byte("kept"))
	})
	f.noBlob(gone)
	f.blob(kept, []byte("kept"))
}

func testStaged(t *testing.T, f *fixture) {
	for i, size := range append(sizes, 5<<20) {
		content := append(Text(uint64(i), size/2), Noise(uint64(i), size-size/2)...)
		st := f.stage(content)
		if st.Size() != int64(size) {
			t.Fatalf("size %d, want %d", st.Size(), size)
		}
		before, err := st.Open()
		f.want(nil, err)
		f.content(before, content)
		var id storage.BlobID
		f.commit(func(b *storage.Batch) {
			b.AppendBlob([]byte("before"))
			id = b.AppendStaged(st)
			b.AppendBlob([]byte("after"))
		})
		st.Discard()
		f.blob(id, content)
		f.blob(id-1, []byte("before"))
		f.blob(id+1, []byte("after"))
		f.content(before, content)
		f.want(nil, before.Close())
	}
}

func testStagedStates(t *testing.T, f *fixture) {
	st, err := f.Stage()
	f.want(nil, err)
	_, err = st.Open()
	f.want(storage.ErrStaged, err)
	f.want(storage.ErrStaged, f.try(func(b *storage.Batch) { b.AppendStaged(st) }))
	f.want(nil, st.Seal())
	f.want(storage.ErrStaged, st.Seal())
	_, err = st.Write([]byte("late"))
	f.want(storage.ErrStaged, err)

	sealed := f.stage([]byte("sealed"))
	err = f.try(func(b *storage.Batch) { b.AppendStaged(sealed); b.AppendStaged(sealed) })
	f.want(storage.ErrStaged, err)
	f.commit(func(b *storage.Batch) { b.AppendStaged(sealed) })
	f.want(storage.ErrStaged, f.try(func(b *storage.Batch) { b.AppendStaged(sealed) }))
}

func testStagedRetry(t *testing.T, f *fixture) {
	content := Text(3, 500_000)
	st := f.stage(content)
	defer st.Discard()
	err := f.try(func(b *storage.Batch) {
		b.AppendStaged(st)
		b.Assert([]byte("none"), []byte("there"))
	})
	f.want(storage.ErrConflict, err)
	var id storage.BlobID
	f.commit(func(b *storage.Batch) { id = b.AppendStaged(st) })
	f.blob(id, content)
}

func testStagedDiscard(t *testing.T, f *fixture) {
	st := f.stage(Text(4, 300_000))
	st.Discard()
	st.Discard()
	f.want(storage.ErrStaged, f.try(func(b *storage.Batch) { b.AppendStaged(st) }))
	_, err := st.Open()
	f.want(storage.ErrStaged, err)
}

// testReclaim deletes most blobs and reclaims, while others read.
func testReclaim(t *testing.T, f *fixture) {
	kept := make(map[storage.BlobID][]byte)
	var gone []storage.BlobID
	for i := range 60 {
		content := Noise(uint64(i), 20_000)
		id := f.appendBlob(content)
		if i%5 == 0 {
			kept[id] = content
		} else {
			gone = append(gone, id)
		}
	}
	open, err := f.OpenBlob(gone[0])
	f.want(nil, err)
	defer open.Close()
	for _, id := range gone {
		f.deleteBlob(id)
	}
	_, err = f.Reclaim(t.Context())
	f.want(nil, err)
	for id, content := range kept {
		f.blob(id, content)
	}
	for _, id := range gone {
		f.noBlob(id)
	}
	f.content(open, Noise(1, 20_000))
	if s := f.Stats(); s.BlobBytes > 30*21_000 || s.BlobGarbage > s.BlobBytes {
		t.Errorf("%d bytes of blobs, %d of them garbage", s.BlobBytes, s.BlobGarbage)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Reclaim(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
