package embedded

import (
	"fmt"
	"io"
	"slices"
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
	// damaged, if set, is told what was found damaged, and makes it known.
	damaged func(error) error
	id      storage.BlobID
	checked *checked // nil for a blob that nobody checks

	mu      sync.Mutex
	content []byte // of chunk number current
	buffer  []byte // that content is in
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
		return 0, errNegativeOffset(offset)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for n < len(p) && offset < b.size {
		if err := b.loadOpen(int(offset / chunkSize)); err != nil {
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

// WriteTo implements [io.WriterTo].
func (b *blob) WriteTo(w io.Writer) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	written := int64(0)
	for i := range b.entries {
		if err := b.loadOpen(i); err != nil {
			return written, err
		}
		n, err := w.Write(b.content)
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

func errNegativeOffset(offset int64) error {
	return fmt.Errorf("storage: negative offset %d", offset)
}

// Check implements [storage.Blob]. The first chunk is decoded too: it will be read
// next, and alone needs no second look.
func (b *blob) Check(offset, n int64) error {
	if offset < 0 {
		return errNegativeOffset(offset)
	}
	n = min(n, b.size-offset)
	if n <= 0 || b.checked != nil && b.checked.has(b.id) {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return storage.ErrClosed
	}
	first, last := int(offset/chunkSize), int((offset+n-1)/chunkSize)
	if err := b.checkChunks(first, last); err != nil {
		if b.damaged != nil {
			err = b.damaged(err)
		}
		return err
	}
	if b.checked != nil && first == 0 && last == len(b.entries)-1 {
		b.checked.add(b.id)
	}
	return nil
}

func (b *blob) checkChunks(first, last int) error {
	for i := last; i > first; i-- {
		stored, err := b.read(i)
		if err != nil {
			return err
		}
		if !b.entries[i].matches(stored) {
			return errChunkCRC
		}
	}
	return b.load(first)
}

// read reads the stored form of chunk i into the buffer, whatever was there.
func (b *blob) read(i int) ([]byte, error) {
	b.current = -1
	b.provideBuffer()
	stored := slices.Grow(b.buffer[:0], int(b.entries[i].length))[:b.entries[i].length]
	return stored, truncated(readFull(b.src, stored, b.offsets[i]))
}

func (b *blob) provideBuffer() {
	if b.buffer == nil {
		b.buffer = b.codec.bufferFor(int(min(b.size, chunkSize)))
	}
}

// loadOpen is load for a blob that may be closed, and makes known what is
// damaged.
func (b *blob) loadOpen(i int) error {
	if b.closed {
		return storage.ErrClosed
	}
	err := b.load(i)
	if err != nil && b.damaged != nil {
		err = b.damaged(err)
	}
	return err
}

// load makes chunk i the current one.
func (b *blob) load(i int) error {
	if i == b.current {
		return nil
	}
	b.current = -1
	b.provideBuffer()
	e := b.entries[i]
	size := int(min(b.size-int64(i)*chunkSize, chunkSize))
	stored := b.buffer[:0]
	if e.compressed {
		stored = b.codec.buffer()
		defer b.codec.release(stored)
	}
	stored = slices.Grow(stored, int(e.length))[:e.length]
	if err := readFull(b.src, stored, b.offsets[i]); err != nil {
		return truncated(err)
	}
	content, err := b.codec.decode(b.buffer, stored, e, size)
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
	b.codec.release(b.buffer)
	b.buffer, b.content = nil, nil
	return b.src.Close()
}

// openPacked opens the blob at l. It takes over the reference to the pack.
func openPacked(c *codec, packs *packSet, p *pack, l location) (storage.Blob, error) {
	if chunkCount(l.size) == 1 {
		defer packs.release(p)
		return openWhole(c, p, l)
	}
	return openChunks(c, packs, p, l)
}

// openChunks opens a blob that is read chunk by chunk. It takes over the
// reference to the pack.
func openChunks(c *codec, packs *packSet, p *pack, l location) (storage.Blob, error) {
	entries, err := readChunkTable(p.file, l)
	if err != nil {
		packs.release(p)
		return nil, err
	}
	src := &packSource{packs: packs, pack: p, offset: l.offset + int64(len(entries))*chunkEntrySize}
	return newBlob(c, src, l.size, entries), nil
}

// readStored reads the stored form of a blob of one chunk.
func readStored(c *codec, p *pack, l location) ([]byte, error) {
	if l.stored > chunkEntrySize+chunkSize {
		return nil, fmt.Errorf("%w: chunk of %d bytes", storage.ErrCorrupt, l.stored)
	}
	stored := c.readBuffer(int(l.stored))[:l.stored]
	if err := readFull(p.file, stored, l.offset); err != nil {
		c.release(stored)
		return nil, truncated(err)
	}
	return stored, nil
}

// decodeSmall decodes the stored form of a blob of one chunk, into dst if it is
// compressed, which may be nil.
func (c *codec) decodeSmall(dst, stored []byte, l location) (compressed bool, content []byte, err error) {
	if len(stored) < chunkEntrySize {
		return false, nil, errChunkTable
	}
	e := readChunkEntry(stored)
	stored = stored[chunkEntrySize:]
	if int(e.length) != len(stored) {
		return false, nil, errChunkTable
	}
	if e.compressed && dst == nil {
		dst = c.readBuffer(int(l.size))
	}
	content, err = c.decode(dst, stored, e, int(l.size))
	return e.compressed, content, err
}

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
