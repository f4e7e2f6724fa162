package embedded

import (
	"bytes"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/mailstead/mailstead/internal/platform/storage/storagetest"
)

// TestEncode looks at what is compressed, and that nothing else is copied.
func TestEncode(t *testing.T) {
	t.Parallel()
	text := func(n int) []byte { return storagetest.Text(1, n) }
	noise := func(n int) []byte { return storagetest.Noise(1, n) }
	for _, tt := range []struct {
		name       string
		content    []byte
		compressed []bool // of each chunk
	}{
		{"empty", nil, nil},
		{"small", text(compressFrom - 1), []bool{false}},
		{"text", text(compressFrom), []bool{true}},
		{"chunks of text", text(2*chunkSize + 100), []bool{true, true, false}},
		{"attachment", storagetest.Attachment(1, chunkSize+compressFrom), []bool{false, false}},
		{"attachment after text", append(text(chunkSize), noise(chunkSize)...), []bool{true, false}},
		{"noise, then text", append(noise(20<<10), text(44<<10)...), []bool{true}},
		{"text, then noise", append(text(44<<10), noise(20<<10)...), []bool{true}},
	} {
		c := newCodec()
		pieces := c.encode(tt.content)
		stored := bytes.Join(pieces, nil)
		entries, err := parseChunkTable(pieces[0], int64(len(tt.content)), int64(len(stored)))
		if err != nil || len(entries) != len(tt.compressed) {
			t.Errorf("%s: %d chunks, %v", tt.name, len(entries), err)
			continue
		}
		var content []byte
		for i, e := range entries {
			if e.compressed != tt.compressed[i] {
				t.Errorf("%s: chunk %d compressed: %v", tt.name, i, e.compressed)
			}
			if own := &pieces[1+i][0] != &tt.content[i*chunkSize]; own != e.compressed {
				t.Errorf("%s: chunk %d has memory of its own: %v", tt.name, i, own)
			}
			chunk, err := c.decode(nil, pieces[1+i], e, min(chunkSize, len(tt.content)-i*chunkSize))
			if err != nil {
				t.Errorf("%s: chunk %d: %v", tt.name, i, err)
			}
			content = append(content, chunk...)
		}
		if !bytes.Equal(content, tt.content) {
			t.Errorf("%s: not what was encoded", tt.name)
		}
	}
}

// TestBufferSize has a buffer take whatever becomes of a chunk.
func TestBufferSize(t *testing.T) {
	t.Parallel()
	if need := max(s2.MaxEncodedLen(chunkSize), chunkEntrySize+chunkSize); bufferSize < need {
		t.Errorf("%d, not %d", bufferSize, need)
	}
}

// BenchmarkEncode prepares blobs for a commit.
func BenchmarkEncode(b *testing.B) {
	for _, w := range []struct {
		name    string
		content []byte
	}{
		{"text 4K", storagetest.Text(1, 4<<10)},
		{"text 64K", storagetest.Text(1, 64<<10)},
		{"attachment 75K", storagetest.Attachment(1, 75<<10)},
	} {
		b.Run(w.name, func(b *testing.B) {
			c := newCodec()
			b.SetBytes(int64(len(w.content)))
			b.ReportAllocs()
			for b.Loop() {
				c.encode(w.content)
			}
		})
	}
}
