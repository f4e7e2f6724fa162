package embedded

import (
	"errors"
	"slices"
	"testing"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// FuzzChunks reads anything as a stored blob: it fails with ErrCorrupt, and does
// not give out more than the blob's size.
func FuzzChunks(f *testing.F) {
	c := newCodec()
	for _, content := range []string{"", "hello", string(make([]byte, 3*chunkSize+5))} {
		f.Add(slices.Concat(c.encode([]byte(content))...), int64(len(content)))
	}
	f.Add([]byte("\xff\xff\xff\xff\x00\x00\x00\x00\x01"), int64(1<<62))
	f.Fuzz(func(t *testing.T, stored []byte, size int64) {
		if size < 0 || size > 1<<30 {
			return
		}
		tableSize := chunkCount(size) * chunkEntrySize
		if tableSize > int64(len(stored)) {
			return
		}
		entries, err := parseChunkTable(stored[:tableSize], size, int64(len(stored)))
		if err != nil {
			if !errors.Is(err, storage.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		rest := stored[tableSize:]
		var content []byte
		var got int64
		for i, e := range entries {
			want := int(min(chunkSize, size-int64(i)*chunkSize))
			content, err = c.decode(content, rest[:e.length], e, want)
			if err != nil {
				if !errors.Is(err, storage.ErrCorrupt) {
					t.Fatal(err)
				}
				return
			}
			got += int64(len(content))
			rest = rest[e.length:]
		}
		if got != size {
			t.Fatalf("%d octets of %d", got, size)
		}
	})
}
