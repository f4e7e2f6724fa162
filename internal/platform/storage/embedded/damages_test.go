package embedded

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/storagetest"
)

// TestDamagedBlobs wants each damaged blob to be logged once and every read of
// it to be counted, the blobs beside it to be read, a large one not to open any
// more once its damage is known, and to open again when it is gone.
func TestDamagedBlobs(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	fs := vfs.NewMem()
	opts := smallOptions(t, fs)
	opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
	s := open(t, opts)
	contents := [][]byte{storagetest.Noise(1, 900), storagetest.Noise(2, 900), storagetest.Noise(3, 300_000)}
	var ids []storage.BlobID
	for _, content := range contents {
		id, err := addBlob(s, "key", content)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	small, large := contents[1][500:520], contents[2][299_000:299_020]
	flip(t, fs, small)
	flip(t, fs, large)
	if _, err := s.OpenBlob(ids[2]); err != nil {
		t.Errorf("nothing is known of the large one: %v", err)
	}
	for range 3 {
		if err := sameBlob(s, ids[0], contents[0]); err != nil {
			t.Error(err)
		}
		for _, i := range []int{1, 2} {
			if err := sameBlob(s, ids[i], contents[i]); !errors.Is(err, storage.ErrDamaged) || !errors.Is(err, storage.ErrCorrupt) {
				t.Errorf("blob %d: %v", i, err)
			}
		}
	}
	if _, err := s.OpenBlob(ids[2]); !errors.Is(err, storage.ErrDamaged) {
		t.Errorf("opening the large one: %v", err)
	}
	if stats := s.Stats(); stats.DamagedReads != 7 || stats.DamagedBlobs != 2 {
		t.Errorf("%d reads, %d blobs", stats.DamagedReads, stats.DamagedBlobs)
	}
	if n := strings.Count(log.String(), "damaged"); n != 2 {
		t.Errorf("%d lines:\n%s", n, log.String())
	}
	flip(t, fs, flipped(large))
	if err := sameBlob(s, ids[2], contents[2]); err != nil || s.Stats().DamagedBlobs != 1 {
		t.Errorf("the large one is well again: %v", err)
	}
}

func flipped(text []byte) []byte {
	return append([]byte{text[0] ^ 1}, text[1:]...)
}

// flip flips a bit of the packs where a text is.
func flip(t *testing.T, fs vfs.FS, text []byte) {
	t.Helper()
	names, _ := fs.List("data/packs")
	for _, name := range names {
		f, err := fs.OpenReadWrite("data/packs/"+name, vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(f)
		if at := bytes.Index(content, text); at >= 0 {
			_, err = f.WriteAt(flipped(text)[:1], int64(at))
		}
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCheck wants damage to be found before it is read, where it is asked for and
// nowhere else, also damage to a blob that was whole when it was last checked.
func TestCheck(t *testing.T) {
	t.Parallel()
	for _, compressible := range []bool{false, true} {
		content := storagetest.Noise(3, 5*chunkSize+1000)
		if compressible {
			content = bytes.Repeat(content[:1024], len(content)/1024)
		}
		testCheck(t, content)
	}
}

func testCheck(t *testing.T, content []byte) {
	fs := vfs.NewMem()
	s := open(t, smallOptions(t, fs))
	id, err := addBlob(s, "key", content)
	if err != nil {
		t.Fatal(err)
	}
	check := func(offset, n int64) error {
		b, err := s.OpenBlob(id)
		if err != nil {
			return err
		}
		defer b.Close()
		return b.Check(offset, n)
	}
	size, third := int64(len(content)), int64(2*chunkSize)
	for _, part := range [][2]int64{{0, size}, {0, size}, {third, 1}, {size, 10}, {size - 1, 100}, {0, 0}} {
		if err := check(part[0], part[1]); err != nil {
			t.Errorf("%v of a whole blob: %v", part, err)
		}
	}
	damageChunk(t, s, id, 2)
	if err := check(0, size); err != nil {
		t.Errorf("who was whole is believed: %v", err)
	}
	s.checked.forget(id)
	for _, whole := range [][2]int64{{0, third}, {third + chunkSize, size}, {size - 1, 1}} {
		if err := check(whole[0], whole[1]); err != nil {
			t.Errorf("%v beside the damage: %v", whole, err)
		}
	}
	for _, part := range [][2]int64{{0, size}, {third - 1, 2}, {third, 1}, {third + chunkSize - 1, 3}} {
		if err := check(part[0], part[1]); !errors.Is(err, storage.ErrDamaged) {
			t.Errorf("%v with the damage: %v", part, err)
		}
		s.damages.known = nil
	}
	s.checked.add(id)
	if err := sameBlob(s, id, content); !errors.Is(err, storage.ErrDamaged) {
		t.Errorf("reading: %v", err)
	}
	s.damages.known = nil
	if err := check(0, size); !errors.Is(err, storage.ErrDamaged) {
		t.Errorf("after it was read: %v", err)
	}
}

// damageChunk flips a bit in the middle of a chunk of a blob.
func damageChunk(t *testing.T, s *Store, id storage.BlobID, chunk int) {
	t.Helper()
	l, err := locate(s.db, id)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.packs.acquire(l.pack)
	if err != nil {
		t.Fatal(err)
	}
	defer s.packs.release(p)
	entries, err := readChunkTable(p.file, l)
	if err != nil {
		t.Fatal(err)
	}
	at := l.offset + int64(len(entries)*chunkEntrySize)
	for _, e := range entries[:chunk] {
		at += int64(e.length)
	}
	at += int64(entries[chunk].length / 2)
	var b [1]byte
	_, err = p.file.ReadAt(b[:], at)
	if err == nil {
		b[0] ^= 4
		_, err = p.file.WriteAt(b[:], at)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestManyDamagedBlobs wants memory and log to be bounded.
func TestManyDamagedBlobs(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	d := damages{logger: slog.New(slog.NewTextHandler(&log, nil))}
	for id := range storage.BlobID(3 * maxDamages) {
		_ = d.found(id, location{}, storage.ErrCorrupt)
	}
	var stats storage.Stats
	d.tell(&stats)
	if stats.DamagedReads != 3*maxDamages || stats.DamagedBlobs != maxDamages || strings.Count(log.String(), "\n") != maxDamages+1 {
		t.Errorf("%+v, %d lines", stats, strings.Count(log.String(), "\n"))
	}
}
