package embedded

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A group is the unit of durability: the batches that one fdatasync made
// durable. In a pack it is a header, the operations of its batches, and the
// stored forms of its blobs in the order of the operations that name them:
//
//	magic                                  4 bytes
//	CRC32C of the rest of header and meta  uint32
//	length of the operations (meta)        uint32
//	dictionary of the blobs, 0: none       uint32
//	length of the blobs (data)             uint64
//	sequence number                        uint64
//	next blob ID                           uint64
//
// The CRC starts from the salt of the pack and the offset of the group, so
// that nobody can write bytes into a blob that read as a group. The blobs have
// CRCs of their own in their chunk tables; a group counts only if all match.
const (
	groupMagic      = "MsGr"
	groupHeaderSize = 40
	maxGroupMeta    = 16 << 20
)

// A groupHeader is the decoded header of a group.
type groupHeader struct {
	meta   int64 // bytes
	data   int64 // bytes
	seq    uint64
	nextID uint64
}

func (h groupHeader) size() int64 { return groupHeaderSize + h.meta + h.data }

// sealGroup fills in the header of a group: group is room for the header and
// then the operations.
func sealGroup(group []byte, h groupHeader, origin uint32) {
	copy(group, groupMagic)
	binary.LittleEndian.PutUint32(group[8:], uint32(len(group)-groupHeaderSize))
	binary.LittleEndian.PutUint32(group[12:], 0)
	binary.LittleEndian.PutUint64(group[16:], uint64(h.data))
	binary.LittleEndian.PutUint64(group[24:], h.seq)
	binary.LittleEndian.PutUint64(group[32:], h.nextID)
	binary.LittleEndian.PutUint32(group[4:], crc32.Update(origin, castagnoli, group[8:]))
}

// parseGroupHeader reads a header; its CRC cannot be checked before the
// operations have been read too. It is not ok if no group begins here.
func parseGroupHeader(p []byte) (h groupHeader, ok bool) {
	if len(p) < groupHeaderSize || string(p[:4]) != groupMagic {
		return h, false
	}
	dictionary := binary.LittleEndian.Uint32(p[12:])
	h = groupHeader{
		meta:   int64(binary.LittleEndian.Uint32(p[8:])),
		data:   int64(binary.LittleEndian.Uint64(p[16:])),
		seq:    binary.LittleEndian.Uint64(p[24:]),
		nextID: binary.LittleEndian.Uint64(p[32:]),
	}
	ok = dictionary == 0 && h.meta <= maxGroupMeta && h.data >= 0 && h.data < 1<<60
	return h, ok
}

// groupIntact checks the CRC of header and operations.
func groupIntact(group []byte, origin uint32) bool {
	return binary.LittleEndian.Uint32(group[4:]) == crc32.Update(origin, castagnoli, group[8:])
}

// An opKind is the first byte of an operation in a pack.
type opKind byte

const (
	opBatch       opKind = iota + 1 // the operations of another batch follow
	opSet                           // key, value
	opDelete                        // key
	opDeleteRange                   // start, end
	opBlob                          // id, size, stored: a new blob
	opMovedBlob                     // id, size, stored: a blob out of a collected pack
	opDeleteBlob                    // id
)

// An operation is one decoded operation. Its slices point into the group.
type operation struct {
	kind   opKind
	key    []byte
	value  []byte
	id     storage.BlobID
	size   int64
	stored int64
}

// append encodes the operation: the kind, then its fields, slices with their
// length before them.
func (o operation) append(dst []byte) []byte {
	dst = append(dst, byte(o.kind))
	switch o.kind {
	case opSet, opDeleteRange:
		dst = appendBytes(appendBytes(dst, o.key), o.value)
	case opDelete:
		dst = appendBytes(dst, o.key)
	case opBlob, opMovedBlob:
		dst = binary.AppendUvarint(dst, uint64(o.id))
		dst = binary.AppendUvarint(dst, uint64(o.size))
		dst = binary.AppendUvarint(dst, uint64(o.stored))
	case opDeleteBlob:
		dst = binary.AppendUvarint(dst, uint64(o.id))
	}
	return dst
}

func appendBytes(dst, p []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(p)))
	return append(dst, p...)
}

// eachOperation decodes the operations of a group and calls fn for each.
func eachOperation(meta []byte, fn func(operation) error) error {
	d := decoder{buf: meta}
	for len(d.buf) > 0 {
		o := d.operation()
		if d.err != nil {
			return d.err
		}
		if err := fn(o); err != nil {
			return err
		}
	}
	return nil
}

// A decoder takes fields off the front of a buffer. After an error it yields
// zeros.
type decoder struct {
	buf []byte
	err error
}

func (d *decoder) operation() operation {
	o := operation{kind: opKind(d.byte())}
	switch o.kind {
	case opBatch:
	case opSet, opDeleteRange:
		o.key, o.value = d.bytes(), d.bytes()
	case opDelete:
		o.key = d.bytes()
	case opBlob, opMovedBlob:
		o.id, o.size, o.stored = storage.BlobID(d.uvarint()), d.length(), d.length()
	case opDeleteBlob:
		o.id = storage.BlobID(d.uvarint())
	default:
		d.fail()
	}
	return o
}

func (d *decoder) fail() {
	d.buf = nil
	d.err = fmt.Errorf("%w: operation in a pack", storage.ErrCorrupt)
}

func (d *decoder) byte() byte {
	if len(d.buf) == 0 {
		d.fail()
		return 0
	}
	b := d.buf[0]
	d.buf = d.buf[1:]
	return b
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.buf)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.buf = d.buf[n:]
	return v
}

// length is a uvarint that counts bytes.
func (d *decoder) length() int64 {
	v := d.uvarint()
	if v >= 1<<60 {
		d.fail()
		return 0
	}
	return int64(v)
}

func (d *decoder) bytes() []byte {
	n := d.length()
	if n > int64(len(d.buf)) {
		d.fail()
		return nil
	}
	p := d.buf[:n:n]
	d.buf = d.buf[n:]
	return p
}
