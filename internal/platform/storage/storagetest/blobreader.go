package storagetest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// testBlobReader reads blobs of all sizes in order, backwards and at random,
// with true and with wrong hints of what comes next.
func testBlobReader(t *testing.T, f *fixture) {
	contents, ids := f.appendMixed()
	r := f.BlobReader()
	defer r.Release()
	rng := rand.New(rand.NewPCG(1, 2))
	read := func(i int, next []storage.BlobID) {
		t.Helper()
		b, err := r.Open(ids[i], next)
		f.want(nil, err)
		f.content(b, contents[i])
		readAt(t, b, contents[i], len(contents[i])/2, 100)
		f.want(nil, b.Close())
	}
	wrong := []storage.BlobID{1 << 60, 0, ids[3], ids[3], ids[0]}
	for i := range ids {
		read(i, ids[i+1:])
	}
	for i := range slices.Backward(ids) {
		read(i, ids[i+1:])
		read(i, nil)
	}
	for range 200 {
		i := rng.IntN(len(ids))
		read(i, ids[rng.IntN(len(ids)):])
		read(i, wrong)
		if rng.IntN(20) == 0 {
			r.Release()
		}
	}
	_, err := r.Open(1<<60, ids)
	f.want(storage.ErrNotFound, err)
	_, err = r.Open(0, nil)
	f.want(storage.ErrNotFound, err)
	if _, err := f.mustOpen(r, ids[1]).ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("read at a negative offset")
	}
}

// appendMixed commits many blobs, several at a time with keys between.
func (f *fixture) appendMixed() (contents [][]byte, ids []storage.BlobID) {
	f.t.Helper()
	for i := range 150 {
		size := []int{100, 4 << 10, 1, 20 << 10, 7_000, 0, 64 << 10, 9_000}[i%8]
		if i%40 == 39 {
			size = 200_000
		}
		contents = append(contents, Text(uint64(i), size))
		if i%3 == 1 {
			contents[i] = Noise(uint64(i), size)
		}
	}
	for part := range slices.Chunk(contents, 7) {
		f.commit(func(b *storage.Batch) {
			for _, content := range part {
				ids = append(ids, b.AppendBlob(content))
				b.Set([]byte("key"), Text(1, len(ids)*10))
			}
		})
	}
	return contents, ids
}

func (f *fixture) mustOpen(r storage.BlobReader, id storage.BlobID) storage.Blob {
	f.t.Helper()
	b, err := r.Open(id, nil)
	f.want(nil, err)
	return b
}

// testBlobReaderOfDeleted deletes blobs, and reclaims their space, while readers
// have read them ahead: what a reader still returns must be right, and what
// lives must be found.
func testBlobReaderOfDeleted(t *testing.T, f *fixture) {
	contents, ids := f.appendMixed()
	readers := make([]storage.BlobReader, 20)
	for i := range readers {
		readers[i] = f.BlobReader()
		defer readers[i].Release()
		b, err := readers[i].Open(ids[7*i], ids[7*i+1:])
		f.want(nil, err)
		f.want(nil, b.Close())
	}
	for i, id := range ids {
		if i%5 != 0 {
			f.deleteBlob(id)
		}
	}
	_, err := f.Reclaim(t.Context())
	f.want(nil, err)
	for _, r := range readers {
		for i, id := range ids {
			b, err := r.Open(id, ids[i+1:])
			if i%5 != 0 && err != nil {
				f.want(storage.ErrNotFound, err)
				continue
			}
			f.want(nil, err)
			f.content(b, contents[i])
			f.want(nil, b.Close())
		}
		r.Release()
		_, err := r.Open(ids[1], ids)
		f.want(storage.ErrNotFound, err)
	}
}
