package embedded

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Get implements [storage.Reader].
func (s *Store) Get(dst, key []byte) ([]byte, error) { return s.get(s.db, dst, key) }

// Scan implements [storage.Reader].
func (s *Store) Scan(r storage.Range, fn func(key, value []byte) error) error {
	return s.scan(s.db, r, fn)
}

// Find implements [storage.Store]. The last level of the index, which has nine
// tenths of it, has Bloom filters that Pebble's Get passes over, since for a key
// that is there they are in the way. A Get that finds nothing reads and unpacks
// a block there.
func (s *Store) Find(dst, key []byte) (_ []byte, err error) {
	if !s.gate.enter() {
		return dst, storage.ErrClosed
	}
	defer s.gate.leave()
	if len(key) > 0 && key[0] >= engineSpace {
		return dst, storage.ErrNotFound
	}
	it, err := s.db.NewIter(&pebble.IterOptions{UseL6Filters: true})
	if err != nil {
		return dst, readError(err)
	}
	defer func() {
		if cerr := it.Close(); err == nil {
			err = readError(cerr)
		}
	}()
	if !it.SeekPrefixGE(key) || !bytes.Equal(it.Key(), key) {
		return dst, cmp.Or(readError(it.Error()), storage.ErrNotFound)
	}
	value, err := it.ValueAndErr()
	return append(dst, value...), readError(err)
}

func (s *Store) get(r pebble.Reader, dst, key []byte) ([]byte, error) {
	if !s.gate.enter() {
		return dst, storage.ErrClosed
	}
	defer s.gate.leave()
	if len(key) > 0 && key[0] >= engineSpace {
		return dst, storage.ErrNotFound
	}
	return get(r, dst, key)
}

func (s *Store) scan(r pebble.Reader, rng storage.Range, fn func(key, value []byte) error) error {
	if !s.gate.enter() {
		return storage.ErrClosed
	}
	defer s.gate.leave()
	return scanIndex(r, rng, fn)
}

func scanIndex(r pebble.Reader, rng storage.Range, fn func(key, value []byte) error) (err error) {
	bounds := &pebble.IterOptions{UpperBound: upperBound(rng.End)}
	if len(rng.Start) > 0 {
		bounds.LowerBound = rng.Start
	}
	if bytes.Compare(bounds.LowerBound, bounds.UpperBound) >= 0 {
		return nil
	}
	it, err := r.NewIter(bounds)
	if err != nil {
		return readError(err)
	}
	defer func() {
		if cerr := it.Close(); err == nil {
			err = readError(cerr)
		}
	}()
	if err = walk(it, rng.Reverse, fn); errors.Is(err, storage.ErrStop) {
		return nil
	}
	return err
}

// upperBound keeps the engine's own keys out of sight.
func upperBound(end []byte) []byte {
	if len(end) == 0 || end[0] >= engineSpace {
		return []byte{engineSpace}
	}
	return end
}

func walk(it *pebble.Iterator, reverse bool, fn func(key, value []byte) error) error {
	first, next := it.First, it.Next
	if reverse {
		first, next = it.Last, it.Prev
	}
	for ok := first(); ok; ok = next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return readError(err)
		}
		if err := fn(it.Key(), value); err != nil {
			return err
		}
	}
	return readError(it.Error())
}

// A snapshot is a view of the index. The store closes those that are open
// when it is closed itself.
type snapshot struct {
	store *Store
	view  *pebble.Snapshot // nil if the store was closed before
}

// Snapshot implements [storage.Store].
func (s *Store) Snapshot() storage.Snapshot {
	if !s.gate.enter() {
		return &snapshot{store: s}
	}
	defer s.gate.leave()
	snap := &snapshot{store: s, view: s.db.NewSnapshot()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshots[snap] = struct{}{}
	return snap
}

func (v *snapshot) Get(dst, key []byte) ([]byte, error) {
	if v.view == nil {
		return dst, storage.ErrClosed
	}
	return v.store.get(v.view, dst, key)
}

func (v *snapshot) Scan(r storage.Range, fn func(key, value []byte) error) error {
	if v.view == nil {
		return storage.ErrClosed
	}
	return v.store.scan(v.view, r, fn)
}

func (v *snapshot) Close() {
	v.store.mu.Lock()
	defer v.store.mu.Unlock()
	if _, open := v.store.snapshots[v]; open {
		delete(v.store.snapshots, v)
		_ = v.view.Close() // fails only for a snapshot closed twice
	}
}

func (s *Store) closeSnapshots() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v := range s.snapshots {
		_ = v.view.Close() // fails only for a snapshot closed twice
	}
	clear(s.snapshots)
}

// OpenBlob implements [storage.Store].
func (s *Store) OpenBlob(id storage.BlobID) (storage.Blob, error) {
	if !s.gate.enter() {
		return nil, storage.ErrClosed
	}
	defer s.gate.leave()
	l, err := s.locate(id)
	if err != nil {
		return nil, err
	}
	return s.openAt(id, l)
}

// openAt opens a blob that was located at l.
func (s *Store) openAt(id storage.BlobID, l location) (_ storage.Blob, err error) {
	for err == nil {
		var p *pack
		if p, err = s.packs.acquire(l.pack); err == nil {
			return s.openIn(p, id, l)
		}
		if !errors.Is(err, errPackGone) {
			return nil, err
		}
		// The pack may have been collected since the blob was located.
		missing := l
		if l, err = s.search(id); err == nil && l == missing {
			err = s.damages.found(id, l, fmt.Errorf("%w: pack %d is missing", storage.ErrCorrupt, l.pack))
		}
	}
	return nil, err
}

// openIn opens a blob in a pack, whose reference it takes over.
func (s *Store) openIn(p *pack, id storage.BlobID, l location) (storage.Blob, error) {
	opened, err := openPacked(s.codec, s.packs, p, l)
	if err != nil {
		return nil, s.damages.found(id, l, err)
	}
	b, large := opened.(*blob)
	if !large {
		return opened, nil
	}
	b.damaged = func(err error) error {
		s.checked.forget(id)
		return s.damages.found(id, l, err)
	}
	b.id, b.checked = id, &s.checked
	if err := s.damages.check(id, b); err != nil {
		return nil, errors.Join(s.damages.found(id, l, err), b.Close())
	}
	return b, nil
}
