package mailstore

import (
	"encoding/binary"
	"fmt"

	"github.com/mailstead/mailstead/imap"
)

// A decoder reads a stored row of varints and strings. After the first error
// all reads return zero.
type decoder struct {
	b   []byte
	bad bool
}

// newDecoder reads b, which must start with that format.
func newDecoder(b []byte, format byte) decoder {
	if len(b) == 0 || b[0] != format {
		return decoder{bad: true}
	}
	return decoder{b: b[1:]}
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if !d.skip(n) {
		return 0
	}
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if !d.skip(n) {
		return 0
	}
	return v
}

// skip passes over n bytes, which must be there and be at least one.
func (d *decoder) skip(n int) bool {
	if d.bad || n <= 0 || n > len(d.b) {
		d.bad, d.b = true, nil
		return false
	}
	d.b = d.b[n:]
	return true
}

// count reads the length of a list whose elements take at least one byte each.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return 0
	}
	return int(n)
}

// bytes reads a string with its length before it; the result is part of b.
func (d *decoder) bytes() []byte {
	n := d.count()
	s := d.b[:n:n]
	d.b = d.b[n:]
	return s
}

func (d *decoder) string() string { return string(d.bytes()) }

// end returns an error unless all has been read, and read well.
func (d *decoder) end(what string) error {
	if d.bad || len(d.b) > 0 {
		return fmt.Errorf("%w: %s", ErrCorrupt, what)
	}
	return nil
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendBytes(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendUIDs appends a set as its number of ranges, then for each the gap
// before it and its length, both less one.
func appendUIDs(b []byte, set imap.UIDSet) []byte {
	b = binary.AppendUvarint(b, uint64(len(set)))
	var last imap.UID
	for _, r := range set {
		b = binary.AppendUvarint(b, uint64(r.Start-last-1))
		b = binary.AppendUvarint(b, uint64(r.Stop-r.Start))
		last = r.Stop
	}
	return b
}

func (d *decoder) uids() imap.UIDSet {
	n := d.count()
	if n == 0 {
		return nil
	}
	set := make(imap.UIDSet, 0, n)
	last := uint64(0)
	for range n {
		start := last + 1 + d.uvarint()
		stop := start + d.uvarint()
		if d.bad || start <= last || stop < start || stop > 1<<32-1 {
			d.bad, d.b = true, nil
			return nil
		}
		set = append(set, imap.Range[imap.UID]{Start: imap.UID(start), Stop: imap.UID(stop)})
		last = stop
	}
	return set
}

// appendRecordIDs appends ids, which need not be in order.
func appendRecordIDs(b []byte, ids []RecordID) []byte {
	b = binary.AppendUvarint(b, uint64(len(ids)))
	var last RecordID
	for _, id := range ids {
		b = binary.AppendVarint(b, int64(id-last))
		last = id
	}
	return b
}

func (d *decoder) recordIDs() []RecordID {
	ids := make([]RecordID, d.count())
	var last RecordID
	for i := range ids {
		last += RecordID(d.varint())
		ids[i] = last
	}
	return ids
}
