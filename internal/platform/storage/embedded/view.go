package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A View is a whole store at one moment, to be looked at and not changed: its
// keys, its blobs and the files that they are in. While there is one of a
// running store, nothing is reclaimed. It must be closed.
type View struct {
	reader pebble.Reader
	packs  *packSet
	codec  *codec
	end    position
	usages map[packID]usage
	close  func() error
	once   sync.Once
}

var _ storage.Reader = (*View)(nil)

// View returns a view of the store as it is now.
func (s *Store) View(ctx context.Context) (*View, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.reclaiming.RLock()
	if !s.gate.enter() {
		s.reclaiming.RUnlock()
		return nil, storage.ErrClosed
	}
	snapshot := s.db.NewSnapshot()
	v := &View{reader: snapshot, packs: s.packs, codec: s.codec, close: func() error {
		defer s.reclaiming.RUnlock()
		defer s.gate.leave()
		return snapshot.Close()
	}}
	if err := v.load(); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

// OpenView opens the store in dir, which no Store has open, without changing
// it. What the index does not know yet is read from the packs, as Open would.
// It returns ErrLocked if the store is open, and ErrNoStore if there is
// none.
func OpenView(dir string, opts Options) (*View, error) {
	s := newStore(dir, opts.withDefaults())
	v, err := s.openView()
	if err != nil {
		return nil, errors.Join(err, s.abandon())
	}
	return v, nil
}

func (s *Store) openView() (*View, error) {
	fs := s.opts.FS
	if err := s.exists(); err != nil {
		return nil, err
	}
	if err := checkFormat(fs, s.dir); err != nil {
		return nil, err
	}
	if err := s.lockFolder(); err != nil {
		return nil, err
	}
	s.codec = newCodec()
	s.packs = newPackSet(fs, s.path(packDir), s.opts.OpenPacks)
	s.packs.readOnly = true
	if err := s.openIndexReadOnly(); err != nil {
		return nil, err
	}
	tail := s.db.NewIndexedBatch()
	v := &View{reader: tail, packs: s.packs, codec: s.codec, close: func() error {
		return errors.Join(tail.Close(), s.abandon())
	}}
	err := v.load()
	if err == nil {
		err = v.replay(tail)
	}
	if err != nil {
		return nil, errors.Join(err, tail.Close())
	}
	return v, nil
}

// load reads what the engine must know of itself.
func (v *View) load() (err error) {
	v.end, err = readPosition(v.reader)
	if errors.Is(err, storage.ErrNotFound) {
		ids, err := v.packs.list()
		if err == nil && len(ids) > 0 {
			err = fmt.Errorf("%w: there are %d packs", ErrNoIndex, len(ids))
		}
		v.end, v.usages = position{nextID: 1}, make(map[packID]usage)
		return err
	}
	if err != nil {
		return err
	}
	v.usages, err = readUsages(v.reader)
	return err
}

// replay adds to a batch what is in the packs after the position.
func (v *View) replay(tail *pebble.Batch) error {
	ids, err := v.packs.list()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if id < v.end.pack {
			continue
		}
		p, err := v.packs.acquire(id)
		if errors.Is(err, errPackHeader) && id == ids[len(ids)-1] && id > v.end.pack {
			continue // the power went while it was begun
		}
		if err != nil {
			return fmt.Errorf("pack %d: %w", id, err)
		}
		err = v.replayPack(tail, p)
		v.packs.release(p)
		if err != nil {
			return fmt.Errorf("pack %d: %w", id, err)
		}
	}
	return nil
}

func (v *View) replayPack(tail *pebble.Batch, p *pack) error {
	if p.id != v.end.pack {
		v.end = position{pack: p.id, offset: packHeaderSize, seq: p.firstSeq - 1, nextID: max(v.end.nextID, p.nextID)}
	}
	scan, err := newPackScanner(p, v.end.offset)
	if err != nil {
		return err
	}
	a := newApplier(nil, v.usages, slog.New(slog.DiscardHandler))
	a.reader = tail
	for {
		whole, err := scan.whole(v.end.seq + 1)
		if err != nil || !whole {
			return err
		}
		v.end.offset, v.end.seq = scan.after, scan.header.seq
		v.end.nextID = max(v.end.nextID, scan.header.nextID)
		if err := a.gather(tail, scan.meta(), scan.dataOffset(), v.end); err != nil {
			return err
		}
		a.publish()
	}
}

// Get implements [storage.Reader].
func (v *View) Get(dst, key []byte) ([]byte, error) {
	if len(key) > 0 && key[0] >= engineSpace {
		return dst, storage.ErrNotFound
	}
	return get(v.reader, dst, key)
}

// Scan implements [storage.Reader].
func (v *View) Scan(r storage.Range, fn func(key, value []byte) error) error {
	return scanIndex(v.reader, r, fn)
}

// BlobSize returns the size of a blob, or storage.ErrNotFound. It does not
// look at the blob itself.
func (v *View) BlobSize(id storage.BlobID) (int64, error) {
	l, err := locate(v.reader, id)
	return l.size, err
}

// OpenBlob opens a blob for reading. It returns storage.ErrNotFound if there is
// no such blob.
func (v *View) OpenBlob(id storage.BlobID) (storage.Blob, error) {
	l, err := locate(v.reader, id)
	if err != nil {
		return nil, err
	}
	p, err := v.acquire(l.pack)
	if err != nil {
		return nil, err
	}
	return openPacked(v.codec, v.packs, p, l)
}

func (v *View) acquire(id packID) (*pack, error) {
	p, err := v.packs.acquire(id)
	if errors.Is(err, errPackGone) {
		err = fmt.Errorf("%w: pack %d is missing", storage.ErrCorrupt, id)
	}
	return p, err
}

// EachBlob calls fn for each blob, by rising ID.
func (v *View) EachBlob(fn func(id storage.BlobID, size int64) error) error {
	return v.eachLocation(func(id storage.BlobID, l location, err error) error {
		if err != nil {
			return nil // Verify speaks of it
		}
		return fn(id, l.size)
	})
}

// eachLocation calls fn for each blob in the index, with an error for a location
// that makes no sense.
func (v *View) eachLocation(fn func(storage.BlobID, location, error) error) (err error) {
	it, err := v.reader.NewIter(&pebble.IterOptions{
		LowerBound: []byte{engineSpace, blobPrefix},
		UpperBound: []byte{engineSpace, blobPrefix + 1},
	})
	if err != nil {
		return readError(err)
	}
	defer func() {
		if cerr := it.Close(); err == nil {
			err = readError(cerr)
		}
	}()
	return walk(it, false, func(key, value []byte) error {
		if len(key) != 10 {
			return fn(0, location{}, fmt.Errorf("%w: key of a blob", storage.ErrCorrupt))
		}
		l, err := decodeLocation(value)
		return fn(storage.BlobID(binary.BigEndian.Uint64(key[2:])), l, err)
	})
}

// packIDs returns the packs that there are and those that there should be. What
// was collected, and was to be removed when the process ended, is neither.
func (v *View) packIDs() ([]packID, error) {
	ids, err := v.packs.list()
	if err != nil {
		return nil, err
	}
	ids = slices.DeleteFunc(ids, func(id packID) bool {
		_, used := v.usages[id]
		return !used && id < v.end.pack
	})
	for id := range v.usages {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// Close ends the view.
func (v *View) Close() (err error) {
	v.once.Do(func() { err = v.close() })
	return err
}
