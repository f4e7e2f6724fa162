package embedded

import (
	"fmt"
	"io"
	"sync"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A blob is an open blob: chunks that are read and decompressed as they are
// needed. It keeps the chunk that was read last, so that reading on from there
// decompresses each chunk once.
type blob struct {
	codec   *codec
	src     source // chunks one after the other from offset 0
	size    int64
	entries []chunkEntry
	offsets []int64 // of the chunks in src

	mu      sync.Mutex
	content []byte // of chunk number current
	current int
	closed  bool
}

// A source is where the chunks of a blob are read from.
type source interface {
	io.ReaderAt
	io.Closer
}

func newBlob(c *codec, src source, size int64, entries []chunkEntry) *blob {
	b := &blob{codec: c, src: src, size: size, entries: entries, current: -1}
	b.offsets = make([]int64, len(entries))
	offset := int64(0)
	for i, e := range entries {
		b.offsets[i] = offset
		offset += int64(e.length)
	}
	return b
}

// Size implements [storage.Blob].
func (b *blob) Size() int64 { return b.size }

// ReadAt implements [io.ReaderAt].
func (b *blob) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, fmt.Errorf("storage: negative offset %d", offset)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, storage.ErrClosed
	}
	n := 0
	for n < len(p) && offset < b.size {
		if err := b.load(int(offset / chunkSize)); err != nil {
			return n, err
		}
		k := copy(p[n:], b.content[offset%chunkSize:])
		n += k
		offset += int64(k)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// load makes chunk i the current one.
func (b *blob) load(i int) error {
	if i == b.current {
		return nil
	}
	if b.content == nil {
		b.content = b.codec.bufferFor(int(min(b.size, chunkSize)))
	}
	stored := b.codec.buffer()[:b.entries[i].length]
	defer b.codec.release(stored)
	b.current = -1
	if err := readFull(b.src, stored, b.offsets[i]); err != nil {
		return truncated(err)
	}
	size := min(b.size-int64(i)*chunkSize, chunkSize)
	content, err := b.codec.decode(b.content[:0], stored, b.entries[i], int(size))
	if err != nil {
		return err
	}
	b.content, b.current = content, i
	return nil
}

// truncated turns the end of a file into a corruption: the index says that
// more is there.
func truncated(err error) error {
	if err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: pack ends within a blob", storage.ErrCorrupt)
	}
	return err
}

// Close implements [io.Closer].
func (b *blob) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	b.codec.release(b.content)
	b.content = nil
	return b.src.Close()
}

// openPacked opens the blob at l. It takes over the reference to the pack.
func openPacked(c *codec, packs *packSet, p *pack, l location) (*blob, error) {
	if chunkCount(l.size) == 1 {
		defer packs.release(p)
		return openSmall(c, p, l)
	}
	entries, err := readChunkTable(p.file, l)
	if err != nil {
		packs.release(p)
		return nil, err
	}
	src := &packSource{packs: packs, pack: p, offset: l.offset + int64(len(entries))*chunkEntrySize}
	return newBlob(c, src, l.size, entries), nil
}

// openSmall opens a blob of one chunk, as nearly all mail is, by reading all of
// it at once. Nothing is left in the pack to come back for.
func openSmall(c *codec, p *pack, l location) (*blob, error) {
	if l.stored > chunkEntrySize+chunkSize {
		return nil, fmt.Errorf("%w: chunk of %d bytes", storage.ErrCorrupt, l.stored)
	}
	stored := c.buffer()[:l.stored]
	defer c.release(stored)
	if err := readFull(p.file, stored, l.offset); err != nil {
		return nil, truncated(err)
	}
	entries, err := parseChunkTable(stored[:min(chunkEntrySize, len(stored))], l.size, l.stored)
	if err != nil {
		return nil, err
	}
	content, err := c.decode(c.readBuffer(int(l.size)), stored[chunkEntrySize:], entries[0], int(l.size))
	if err != nil {
		return nil, err
	}
	b := newBlob(c, noSource{}, l.size, entries)
	b.content, b.current = content, 0
	return b, nil
}

// noSource is the source of a blob that has been read whole.
type noSource struct{}

func (noSource) ReadAt([]byte, int64) (int, error) { return 0, io.EOF }
func (noSource) Close() error                      { return nil }

// readChunkTable reads the chunk table of the blob at l.
func readChunkTable(r io.ReaderAt, l location) ([]chunkEntry, error) {
	n := chunkCount(l.size) * chunkEntrySize
	if n > l.stored {
		return nil, fmt.Errorf("%w: chunk table is larger than its blob", storage.ErrCorrupt)
	}
	table := make([]byte, n)
	if err := readFull(r, table, l.offset); err != nil {
		return nil, truncated(err)
	}
	return parseChunkTable(table, l.size, l.stored)
}

// A packSource reads the chunks of a blob in a pack.
type packSource struct {
	packs  *packSet
	pack   *pack
	offset int64
}

func (s *packSource) ReadAt(p []byte, offset int64) (int, error) {
	return s.pack.file.ReadAt(p, s.offset+offset)
}

func (s *packSource) Close() error {
	s.packs.release(s.pack)
	return nil
}
