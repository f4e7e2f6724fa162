package embedded

import (
	"bytes"
	"errors"

	"github.com/cockroachdb/pebble/v2"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// An overlay is what the batches of a group have written so far, above the
// index, so that the assertions of each see the batches before it.
type overlay struct {
	db      *pebble.DB
	keys    map[string][]byte // nil: deleted
	ranges  []storage.Range   // deleted; what was set later is in keys
	deleted map[storage.BlobID]bool
	value   []byte // scratch
}

func newOverlay(db *pebble.DB) *overlay {
	return &overlay{db: db, keys: make(map[string][]byte), deleted: make(map[storage.BlobID]bool)}
}

func (o *overlay) reset() {
	clear(o.keys)
	clear(o.deleted)
	clear(o.ranges)
	o.ranges = o.ranges[:0]
}

// get returns the value of key, valid until the next call.
func (o *overlay) get(key []byte) ([]byte, error) {
	if value, ok := o.keys[string(key)]; ok {
		if value == nil {
			return nil, storage.ErrNotFound
		}
		return value, nil
	}
	for _, r := range o.ranges {
		if inRange(key, r) {
			return nil, storage.ErrNotFound
		}
	}
	var err error
	o.value, err = get(o.db, o.value[:0], key)
	return o.value, err
}

func inRange(key []byte, r storage.Range) bool {
	return bytes.Compare(key, r.Start) >= 0 && bytes.Compare(key, r.End) < 0
}

// add notes what an operation of a batch does.
func (o *overlay) add(op storage.Op) {
	switch op.Kind {
	case storage.OpSet:
		o.set(op.Key, op.Value)
	case storage.OpDelete:
		o.delete(op.Key)
	case storage.OpDeleteRange:
		o.deleteRange(op.Key, op.Value)
	case storage.OpDeleteBlob:
		o.deleted[op.Blob] = true
	}
}

func (o *overlay) set(key, value []byte) {
	if value == nil {
		value = []byte{}
	}
	o.keys[string(key)] = value
}

func (o *overlay) delete(key []byte) { o.keys[string(key)] = nil }

func (o *overlay) deleteRange(start, end []byte) {
	if bytes.Compare(start, end) >= 0 {
		return
	}
	r := storage.Range{Start: start, End: end}
	for key := range o.keys {
		if inRange([]byte(key), r) {
			delete(o.keys, key)
		}
	}
	o.ranges = append(o.ranges, r)
}

// check says whether the assertions of a batch hold.
func (o *overlay) check(ops []storage.Op) error {
	for _, op := range ops {
		if op.Kind != storage.OpAssert && op.Kind != storage.OpAssertAbsent {
			continue
		}
		value, err := o.get(op.Key)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			if op.Kind == storage.OpAssert {
				return storage.ErrConflict
			}
		case err != nil:
			return err
		case op.Kind == storage.OpAssertAbsent || !bytes.Equal(value, op.Value):
			return storage.ErrConflict
		}
	}
	return nil
}

// holds says whether key has exactly this value.
func (o *overlay) holds(key, value []byte) (bool, error) {
	got, err := o.get(key)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil && bytes.Equal(got, value), err
}
