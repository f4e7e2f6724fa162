package mailstore

import (
	"encoding/binary"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// MaxPrefix is the length in bytes of a prefix that is still accepted.
const MaxPrefix = 16 << 10

// maxRecord is how long a record may get; a structure that would make it
// longer is left out, and made again from the blob when it is asked for.
const maxRecord = 60 << 10

// The format of a record is recordFormat plus the sum of what it has besides.
const (
	recordFormat = 1
	withPreview  = 1
	withThread   = 2
)

// A record is what is stored of a message's content, once for all copies.
type record struct {
	blob      storage.BlobID
	blobSize  int64
	received  int64  // internal date in seconds since 1970
	prefix    []byte // header fields in front of the blob
	fields    []byte // see Message.Fields; empty if they are not kept
	preview   []byte // see Message.Preview
	structure []byte // of the blob, in binary; empty if it was too long

	hasPreview bool
	thread     ThreadID // if the header does not tell it; zero if it does
}

func (r *record) size() int64 { return int64(len(r.prefix)) + r.blobSize }

func appendRecord(b []byte, r *record) []byte {
	format := byte(recordFormat)
	if r.hasPreview {
		format += withPreview
	}
	if r.thread != 0 {
		format += withThread
	}
	b = append(b, format)
	b = binary.AppendUvarint(b, uint64(r.blob))
	b = binary.AppendUvarint(b, uint64(r.blobSize))
	b = binary.AppendVarint(b, r.received)
	b = appendBytes(b, r.prefix)
	b = appendBytes(b, r.fields)
	if r.hasPreview {
		b = appendBytes(b, r.preview)
	}
	if r.thread != 0 {
		b = binary.AppendUvarint(b, uint64(r.thread))
	}
	if len(b)+len(r.structure) > maxRecord {
		return b
	}
	return append(b, r.structure...)
}

// parseRecord reads a record; its slices are parts of b.
func parseRecord(b []byte) (*record, error) {
	r := new(record)
	return r, r.parse(b)
}

// parse makes r what b says; its slices are parts of b.
func (r *record) parse(b []byte) error {
	d := r.parseStart(b)
	if r.hasPreview {
		r.preview = d.bytes()
	}
	if (d.format-recordFormat)&withThread != 0 {
		r.thread = ThreadID(d.uvarint())
	}
	r.structure, d.b = d.b, nil
	return d.end("message record")
}

// A recordDecoder reads a record of some format.
type recordDecoder struct {
	decoder
	format byte
}

// parseStart reads what a record begins with, up to the fields.
func (r *record) parseStart(b []byte) recordDecoder {
	format := byte(recordFormat)
	if len(b) > 0 && b[0] > recordFormat && b[0] <= recordFormat+withPreview+withThread {
		format = b[0]
	}
	d := recordDecoder{newDecoder(b, format), format}
	*r = record{
		hasPreview: (format-recordFormat)&withPreview != 0,

		blob:     storage.BlobID(d.uvarint()),
		blobSize: int64(d.uvarint()),
		received: d.varint(),
		prefix:   d.bytes(),
		fields:   d.bytes(),
	}
	if r.blobSize < 0 {
		d.bad = true
	}
	return d
}

// blobOf returns the blob of a record, 0 if it has none that can be read.
func blobOf(b []byte) storage.BlobID {
	if len(b) == 0 {
		return 0
	}
	id, _ := binary.Uvarint(b[1:])
	return storage.BlobID(id)
}
