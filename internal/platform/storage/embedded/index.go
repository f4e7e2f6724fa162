package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// The engine's own keys in the index, all in subspace 0xf0:
//
//	f0 00              the position: how much of the packs is in the index
//	f0 01 pack         live and dead bytes of a pack
//	f0 02 blob         location of a blob
const engineSpace = storage.FirstReserved

var positionKey = []byte{engineSpace, 0}

const (
	packPrefix = 1
	blobPrefix = 2
)

// A packID numbers a pack; packs are written in the order of their numbers.
type packID uint32

func packKey(id packID) []byte {
	return binary.BigEndian.AppendUint32([]byte{engineSpace, packPrefix}, uint32(id))
}

func appendBlobKey(dst []byte, id storage.BlobID) []byte {
	return binary.BigEndian.AppendUint64(append(dst, engineSpace, blobPrefix), uint64(id))
}

// A position says up to where the packs have been applied to the index. The
// index stores it in the same Pebble batch as what it describes.
type position struct {
	pack   packID // 0 before the first pack
	offset int64
	seq    uint64 // number of the last applied group
	nextID uint64 // no blob with this ID or a higher one has been committed
}

func (p position) encode() []byte {
	b := make([]byte, 0, 28)
	b = binary.LittleEndian.AppendUint32(b, uint32(p.pack))
	b = binary.LittleEndian.AppendUint64(b, uint64(p.offset))
	b = binary.LittleEndian.AppendUint64(b, p.seq)
	return binary.LittleEndian.AppendUint64(b, p.nextID)
}

func decodePosition(b []byte) (position, error) {
	if len(b) != 28 {
		return position{}, fmt.Errorf("%w: position of %d bytes", storage.ErrCorrupt, len(b))
	}
	return position{
		pack:   packID(binary.LittleEndian.Uint32(b)),
		offset: int64(binary.LittleEndian.Uint64(b[4:])),
		seq:    binary.LittleEndian.Uint64(b[12:]),
		nextID: binary.LittleEndian.Uint64(b[20:]),
	}, nil
}

// A location says where a blob is.
type location struct {
	pack   packID
	offset int64 // of its chunk table
	stored int64 // bytes in the pack
	size   int64 // bytes of its content
}

func (l location) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(l.pack))
	dst = binary.AppendUvarint(dst, uint64(l.offset))
	dst = binary.AppendUvarint(dst, uint64(l.stored))
	return binary.AppendUvarint(dst, uint64(l.size))
}

func decodeLocation(b []byte) (location, error) {
	d := decoder{buf: b}
	l := location{pack: packID(d.uvarint())}
	l.offset, l.stored, l.size = d.length(), d.length(), d.length()
	if d.err != nil || len(d.buf) != 0 {
		return location{}, fmt.Errorf("%w: location of a blob", storage.ErrCorrupt)
	}
	return l, nil
}

// A usage counts the bytes of a pack's blobs.
type usage struct {
	live, dead int64
}

func (u usage) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(u.live))
	return binary.AppendUvarint(b, uint64(u.dead))
}

func decodeUsage(b []byte) (usage, error) {
	d := decoder{buf: b}
	u := usage{live: d.length(), dead: d.length()}
	if d.err != nil || len(d.buf) != 0 {
		return usage{}, fmt.Errorf("%w: usage of a pack", storage.ErrCorrupt)
	}
	return u, nil
}

// get appends the value of key to dst.
func get(r pebble.Reader, dst, key []byte) ([]byte, error) {
	v, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return dst, storage.ErrNotFound
	}
	if err != nil {
		return dst, readError(err)
	}
	dst = append(dst, v...)
	return dst, closer.Close()
}

// readError says what an error of reading the index means to the caller.
func readError(err error) error {
	if err == nil {
		return nil
	}
	if pebble.IsCorruptionError(err) {
		return fmt.Errorf("%w: index: %w", storage.ErrCorrupt, err)
	}
	return fmt.Errorf("storage: index: %w", err)
}

// locate returns where a blob is.
func locate(r pebble.Reader, id storage.BlobID) (location, error) {
	var key [10]byte
	var buf [4 * binary.MaxVarintLen64]byte
	v, err := get(r, buf[:0], appendBlobKey(key[:0], id))
	if err != nil {
		return location{}, err
	}
	return decodeLocation(v)
}

// readPosition returns storage.ErrNotFound for an index without one.
func readPosition(r pebble.Reader) (position, error) {
	v, err := get(r, nil, positionKey)
	if err != nil {
		return position{}, err
	}
	return decodePosition(v)
}

// readUsages returns the usage of all packs the index knows.
func readUsages(r pebble.Reader) (map[packID]usage, error) {
	usages := make(map[packID]usage)
	it, err := r.NewIter(&pebble.IterOptions{
		LowerBound: []byte{engineSpace, packPrefix},
		UpperBound: []byte{engineSpace, packPrefix + 1},
	})
	if err != nil {
		return nil, readError(err)
	}
	for it.First(); it.Valid(); it.Next() {
		u, err := decodeUsage(it.Value())
		if err != nil || len(it.Key()) != 6 {
			return nil, errors.Join(fmt.Errorf("%w: usage of packs", storage.ErrCorrupt), it.Close())
		}
		usages[packID(binary.BigEndian.Uint32(it.Key()[2:]))] = u
	}
	return usages, readError(it.Close())
}
