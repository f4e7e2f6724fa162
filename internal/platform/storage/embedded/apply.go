package embedded

import (
	"errors"
	"log/slog"
	"maps"

	"github.com/cockroachdb/pebble/v2"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// An applier turns the operations of one group, as they stand in a pack, into
// a Pebble batch. A commit and the replay after a crash both go through it, so
// that what is replayed is what was applied.
type applier struct {
	logger *slog.Logger
	db     *pebble.DB
	reader pebble.Reader // where blobs are located: db, or what stands for it
	batch  *pebble.Batch
	pack   packID
	offset int64 // of the next blob
	usages map[packID]usage
	key    []byte // scratch
	value  []byte // scratch
	// Of this group alone:
	changed map[packID]usage
	blobs   map[storage.BlobID]location // the zero location is a deleted blob
}

func newApplier(db *pebble.DB, usages map[packID]usage, logger *slog.Logger) *applier {
	return &applier{
		logger:  logger,
		db:      db,
		reader:  db,
		usages:  usages,
		changed: make(map[packID]usage),
		blobs:   make(map[storage.BlobID]location),
	}
}

// apply commits the operations in meta. The blobs of the group begin at offset
// of a pack; end is the position after the group.
func (a *applier) apply(meta []byte, offset int64, end position, opts *pebble.WriteOptions) error {
	batch := a.db.NewBatch()
	defer batch.Close()
	if err := a.gather(batch, meta, offset, end); err != nil {
		return err
	}
	return batch.Commit(opts)
}

// gather puts the operations in meta into a batch, with what they do to the
// packs and the position after them.
func (a *applier) gather(batch *pebble.Batch, meta []byte, offset int64, end position) error {
	a.batch = batch
	clear(a.changed)
	clear(a.blobs)
	a.pack, a.offset = end.pack, offset
	if err := eachOperation(meta, a.operation); err != nil {
		return err
	}
	for id, u := range a.changed {
		if err := a.batch.Set(packKey(id), u.encode(), nil); err != nil {
			return err
		}
	}
	return a.batch.Set(positionKey, end.encode(), nil)
}

// publish adds what the last group changed to the usages of all packs.
func (a *applier) publish() { maps.Copy(a.usages, a.changed) }

func (a *applier) operation(o operation) error {
	switch o.kind {
	case opSet:
		return a.batch.Set(o.key, o.value, nil)
	case opDelete:
		return a.batch.Delete(o.key, nil)
	case opDeleteRange:
		return a.batch.DeleteRange(o.key, o.value, nil)
	case opBlob:
		return a.addBlob(o)
	case opMovedBlob:
		if err := a.dropBlob(o.id); err != nil {
			return err
		}
		return a.addBlob(o)
	case opDeleteBlob:
		return a.deleteBlob(o.id)
	}
	return nil
}

func (a *applier) addBlob(o operation) error {
	l := location{pack: a.pack, offset: a.offset, stored: o.stored, size: o.size}
	a.offset += o.stored
	a.blobs[o.id] = l
	u := a.usage(l.pack)
	u.live += l.stored
	a.changed[l.pack] = u
	a.key, a.value = appendBlobKey(a.key[:0], o.id), l.append(a.value[:0])
	return a.batch.Set(a.key, a.value, nil)
}

func (a *applier) deleteBlob(id storage.BlobID) error {
	if err := a.dropBlob(id); err != nil {
		return err
	}
	a.blobs[id] = location{}
	a.key = appendBlobKey(a.key[:0], id)
	return a.batch.Delete(a.key, nil)
}

// dropBlob counts the bytes of a blob as dead, if there is such a blob.
func (a *applier) dropBlob(id storage.BlobID) error {
	l, ok := a.blobs[id]
	if !ok {
		var err error
		l, err = locate(a.reader, id)
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err != nil {
			// The group may be durable already, and nothing else needs the
			// location: a place of the index that cannot be read must not
			// keep the store from going on, nor from starting.
			a.logger.Error("garbage is not counted", "blob", id, "err", err)
			return nil
		}
	}
	if l == (location{}) {
		return nil
	}
	u := a.usage(l.pack)
	u.live -= l.stored
	u.dead += l.stored
	a.changed[l.pack] = u
	return nil
}

func (a *applier) usage(id packID) usage {
	if u, ok := a.changed[id]; ok {
		return u
	}
	return a.usages[id]
}
