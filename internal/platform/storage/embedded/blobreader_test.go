package embedded

import (
	"errors"
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/storagetest"
)

// appendAll commits blobs in one batch.
func appendAll(t testing.TB, s *Store, contents ...[]byte) []storage.BlobID {
	t.Helper()
	b := s.NewBatch()
	ids := make([]storage.BlobID, len(contents))
	for i, c := range contents {
		ids[i] = b.AppendBlob(c)
	}
	if err := storage.Commit(s, b); err != nil {
		t.Fatal(err)
	}
	return ids
}

// TestBitRotReadAhead breaks one of several blobs that are read together: it is
// refused, and the others are right.
func TestBitRotReadAhead(t *testing.T) {
	t.Parallel()
	for _, size := range []int{4 << 10, 20 << 10} { // as it is, and compressed
		s := open(t, smallOptions(t, vfs.NewMem()))
		var contents [][]byte
		for i := range 9 {
			contents = append(contents, storagetest.Text(uint64(i), size))
		}
		ids := appendAll(t, s, contents...)
		at, err := locate(s.db, ids[4])
		if err != nil {
			t.Fatal(err)
		}
		corrupt(t, s, at)
		r := s.BlobReader()
		for i, id := range ids {
			b, err := r.Open(id, ids[i+1:])
			if i == 4 {
				if !errors.Is(err, storage.ErrCorrupt) {
					t.Errorf("broken blob: %v", err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, b.Size())
			if _, err := b.ReadAt(got, 0); err != nil || string(got) != string(contents[i]) {
				t.Errorf("blob %d differs: %v", i, err)
			}
		}
		r.Release()
	}
}

// TestReadAheadIsBounded has more readers at once than may read ahead.
func TestReadAheadIsBounded(t *testing.T) {
	t.Parallel()
	opts := smallOptions(t, vfs.NewMem())
	opts.ReadAhead = 3 * windowSize
	s := open(t, opts)
	ids := appendAll(t, s, []byte("one"), []byte("two"), []byte("three"))
	readers := make([]storage.BlobReader, 5)
	windows := 0
	for i := range readers {
		readers[i] = s.BlobReader()
		for k, id := range ids {
			if b, err := readers[i].Open(id, ids[k+1:]); err != nil || b.Size() < 3 {
				t.Fatal(b, err)
			}
		}
		if readers[i].(*blobReader).window != nil {
			windows++
		}
	}
	if left := s.windows.left.Load(); windows != 3 || left != 0 {
		t.Errorf("%d readers have read ahead, %d more may", windows, left)
	}
	for _, r := range readers {
		r.Release()
		r.Release()
	}
	if left := s.windows.left.Load(); left != 3 {
		t.Errorf("%d may read ahead after all were released", left)
	}
}

// TestWhatIsCompressed looks at how blobs are stored.
func TestWhatIsCompressed(t *testing.T) {
	t.Parallel()
	s := open(t, smallOptions(t, vfs.NewMem()))
	for name, test := range map[string]struct {
		content    []byte
		compressed bool
	}{
		"small text":       {storagetest.Text(1, compressFrom-1), false},
		"text":             {storagetest.Text(1, compressFrom), true},
		"noise":            {storagetest.Noise(1, 60<<10), false},
		"attachment":       {storagetest.Attachment(1, 60<<10), false},
		"a seventh saved":  {append(make([]byte, 5<<10), storagetest.Noise(1, 30<<10)...), false},
		"two fifths saved": {append(make([]byte, 20<<10), storagetest.Noise(1, 30<<10)...), true},
	} {
		id := appendAll(t, s, test.content)[0]
		at, err := locate(s.db, id)
		if err != nil {
			t.Fatal(err)
		}
		if got := at.stored < at.size; got != test.compressed {
			t.Errorf("%s: %d bytes are stored as %d", name, at.size, at.stored)
		}
		if err := sameBlob(s, id, test.content); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// BenchmarkReadBlobs opens and reads blobs in the order in which they were
// committed, one by one and by a reader.
func BenchmarkReadBlobs(b *testing.B) {
	for _, size := range []int{4 << 10, 20 << 10, 75 << 10, 2 << 20} {
		s, ids := benchBlobs(b, size)
		r := s.BlobReader()
		for name, open := range map[string]func(i int) (storage.Blob, error){
			"single": func(i int) (storage.Blob, error) { return s.OpenBlob(ids[i]) },
			"reader": func(i int) (storage.Blob, error) { return r.Open(ids[i], ids[i+1:]) },
		} {
			b.Run(fmt.Sprintf("blob=%dK/%s", size>>10, name), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				content := make([]byte, size)
				for n := 0; b.Loop(); n++ {
					blob, err := open(n % len(ids))
					if err != nil {
						b.Fatal(err)
					}
					if _, err := blob.ReadAt(content, 0); err != nil {
						b.Fatal(err)
					}
					blob.Close()
				}
			})
		}
		r.Release()
		s.Close()
	}
}

// benchBlobs commits up to 1000 blobs of a size, each with keys as long as those
// of a message.
func benchBlobs(b *testing.B, size int) (*Store, []storage.BlobID) {
	b.Helper()
	s, err := Open(b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	ids := make([]storage.BlobID, min(1000, 64<<20/size))
	for i := range ids {
		batch := s.NewBatch()
		ids[i] = batch.AppendBlob(mail(uint64(i), size))
		batch.Set(fmt.Appendf(nil, "record %d", i), storagetest.Text(uint64(i), 900))
		if err := storage.Commit(s, batch); err != nil {
			b.Fatal(err)
		}
	}
	return s, ids
}
