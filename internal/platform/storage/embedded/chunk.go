package embedded

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A blob is stored as chunks of chunkSize bytes (the last may be shorter),
// each compressed on its own, behind a table with an entry per chunk:
//
//	length of the stored chunk, top bit set if compressed   uint32
//	CRC32C of the stored chunk                              uint32
//
// All integers on disk are little-endian.
const (
	chunkSize      = 64 << 10
	chunkEntrySize = 8
	compressedBit  = 1 << 31
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A chunkEntry is an entry of a chunk table.
type chunkEntry struct {
	length     uint32
	crc        uint32
	compressed bool
}

func (e chunkEntry) put(p []byte) {
	n := e.length
	if e.compressed {
		n |= compressedBit
	}
	binary.LittleEndian.PutUint32(p, n)
	binary.LittleEndian.PutUint32(p[4:], e.crc)
}

// matches checks the CRC of a stored chunk.
func (e chunkEntry) matches(stored []byte) bool {
	return crc32.Checksum(stored, castagnoli) == e.crc
}

func readChunkEntry(p []byte) chunkEntry {
	n := binary.LittleEndian.Uint32(p)
	return chunkEntry{
		length:     n &^ compressedBit,
		crc:        binary.LittleEndian.Uint32(p[4:]),
		compressed: n&compressedBit != 0,
	}
}

// chunkCount is the number of chunks of a blob of size bytes.
func chunkCount(size int64) int64 { return (size + chunkSize - 1) / chunkSize }

var errChunkCRC = fmt.Errorf("%w: chunk does not match its CRC", storage.ErrCorrupt)

var errChunkTable = fmt.Errorf("%w: chunk table does not fit the blob", storage.ErrCorrupt)

// parseChunkTable reads the table of a blob of size bytes that takes stored
// bytes, and checks that it describes exactly these.
func parseChunkTable(table []byte, size, stored int64) ([]chunkEntry, error) {
	entries := make([]chunkEntry, len(table)/chunkEntrySize)
	sum := int64(len(table))
	for i := range entries {
		entries[i] = readChunkEntry(table[i*chunkEntrySize:])
		sum += int64(entries[i].length)
		if entries[i].length == 0 || entries[i].length > chunkSize {
			return nil, fmt.Errorf("%w: chunk of %d bytes", storage.ErrCorrupt, entries[i].length)
		}
	}
	if int64(len(entries)) != chunkCount(size) || sum != stored {
		return nil, errChunkTable
	}
	return entries, nil
}

// A codec compresses and decompresses chunks, with S2. It may be used
// concurrently, and has no state but its buffers.
//
// Mail is written once and read often, and most of its bytes are attachments in
// base64. S2 finds nothing in those at several GB/s and leaves them alone; text
// it makes smaller by a quarter to a half. zstd at its fastest saves about
// 20 points more of text and 25 % of base64, and takes four times as long to
// write and six times as long to read.
//
// To decode S2 still takes twice as long as all else that the engine does to
// read a message of text. So a chunk that is small, or that would not become
// much smaller, is stored as it is, and read without a copy.
type codec struct {
	buffers sync.Pool // of *[bufferSize]byte
	small   sync.Pool // of *[smallBlob]byte, for reading
}

func newCodec() *codec {
	c := &codec{}
	c.buffers.New = func() any { return new([bufferSize]byte) }
	c.small.New = func() any { return new([smallBlob]byte) }
	return c
}

// bufferSize is room for a chunk with its entry, and for what s2.MaxEncodedLen
// says of a chunk.
const bufferSize = chunkSize + 8<<10

// buffer returns an empty buffer with room for a chunk and its entry.
func (c *codec) buffer() []byte { return c.buffers.Get().(*[bufferSize]byte)[:0] }

// bufferFor returns an empty buffer for size bytes of a blob, from the pool if
// it is of about that size.
func (c *codec) bufferFor(size int) []byte {
	if size > chunkSize/4 && size <= chunkEntrySize+chunkSize {
		return c.buffer()
	}
	return make([]byte, 0, size)
}

// smallBlob is the size of blobs that are read into buffers of their own pool:
// most mail is no larger.
const smallBlob = 8 << 10

// readBuffer is bufferFor for a blob that is read, and then closed.
func (c *codec) readBuffer(size int) []byte {
	if size <= smallBlob {
		return c.small.Get().(*[smallBlob]byte)[:0]
	}
	return c.bufferFor(size)
}

// release gives back a buffer. Those that are not of a pool's size are left to
// the garbage collector.
func (c *codec) release(b []byte) {
	switch cap(b) {
	case smallBlob:
		c.small.Put((*[smallBlob]byte)(b[:smallBlob]))
	case bufferSize:
		c.buffers.Put((*[bufferSize]byte)(b[:bufferSize]))
	}
}

// When a chunk is compressed: from which size on, and if it becomes smaller by
// more than this part. Small messages are many, but hold few of the bytes.
const (
	compressFrom = 16 << 10
	worthwhile   = 4
)

// sampleSize is how much of a chunk is compressed, at two places, to see whether
// all of it may be worth that. In base64 it takes a tenth of the time.
const sampleSize = 2 << 10

// compress returns a chunk compressed, in a buffer that the caller releases,
// or nil if that is not worthwhile.
func (c *codec) compress(chunk []byte) []byte {
	if len(chunk) < compressFrom {
		return nil
	}
	buf := c.buffer()
	if promises(buf, chunk[len(chunk)/4:]) || promises(buf, chunk[len(chunk)*3/4:]) {
		small := s2.Encode(buf[:cap(buf)], chunk)
		if len(small) < len(chunk)-len(chunk)/worthwhile {
			return small
		}
	}
	c.release(buf)
	return nil
}

// promises reports whether a sample becomes smaller. Text becomes smaller by
// more as a whole.
func promises(buf, sample []byte) bool {
	return len(s2.Encode(buf[:cap(buf)], sample[:sampleSize])) < sampleSize-sampleSize/8
}

// encodeChunk returns the stored form of a chunk: the chunk itself, or new
// memory.
func (c *codec) encodeChunk(chunk []byte) ([]byte, chunkEntry) {
	stored := chunk
	small := c.compress(chunk)
	if small != nil {
		stored = bytes.Clone(small)
		c.release(small)
	}
	return stored, chunkEntry{
		length:     uint32(len(stored)),
		crc:        crc32.Checksum(stored, castagnoli),
		compressed: small != nil,
	}
}

// encode returns the stored form of a whole blob in pieces: the table, then the
// chunks. What is not compressed, most bytes of mail, is not copied here.
func (c *codec) encode(content []byte) [][]byte {
	n := int(chunkCount(int64(len(content))))
	table := make([]byte, n*chunkEntrySize)
	pieces := append(make([][]byte, 0, 1+n), table)
	for i := range n {
		chunk := content[i*chunkSize : min((i+1)*chunkSize, len(content))]
		stored, e := c.encodeChunk(chunk)
		e.put(table[i*chunkEntrySize:])
		pieces = append(pieces, stored)
	}
	return pieces
}

// decode returns the content of a stored chunk, of size bytes, after checking its
// CRC. It is stored itself, or in dst if it had to be decompressed.
func (c *codec) decode(dst, stored []byte, e chunkEntry, size int) ([]byte, error) {
	if !e.matches(stored) {
		return nil, errChunkCRC
	}
	content := stored
	if e.compressed {
		n, err := s2.DecodedLen(stored)
		if err != nil || n != size {
			return nil, fmt.Errorf("%w: chunk that decodes to %d bytes instead of %d", storage.ErrCorrupt, n, size)
		}
		if content, err = s2.Decode(slices.Grow(dst[:0], size)[:size], stored); err != nil {
			return nil, fmt.Errorf("%w: chunk: %w", storage.ErrCorrupt, err)
		}
	}
	if len(content) != size {
		return nil, fmt.Errorf("%w: chunk of %d bytes instead of %d", storage.ErrCorrupt, len(content), size)
	}
	return content, nil
}
