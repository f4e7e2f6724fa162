package memstore

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A Store is a [storage.Store] in memory.
type Store struct {
	mu       sync.RWMutex
	root     *node
	blobs    map[storage.BlobID][]byte
	lastID   storage.BlobID
	stats    storage.Stats
	failures int
	failWith error
	closed   bool
}

var _ storage.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{blobs: make(map[storage.BlobID][]byte)}
}

// FailCommits makes the next n commits fail with err, whatever is in them.
// With n == 0 commits work again.
func (s *Store) FailCommits(n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures, s.failWith = n, err
}

// Get implements [storage.Reader].
func (s *Store) Get(dst, key []byte) ([]byte, error) { return s.view().Get(dst, key) }

// Find implements [storage.Store].
func (s *Store) Find(dst, key []byte) ([]byte, error) { return s.Get(dst, key) }

// Scan implements [storage.Reader].
func (s *Store) Scan(r storage.Range, fn func(key, value []byte) error) error {
	return s.view().Scan(r, fn)
}

// Snapshot implements [storage.Store].
func (s *Store) Snapshot() storage.Snapshot { return s.view() }

func (s *Store) view() *view {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return &view{root: s.root, closed: s.closed}
}

// Stats implements [storage.Store]. Sizes of keys are not kept.
func (s *Store) Stats() storage.Stats {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.stats
}

// Reclaim implements [storage.Store]. There is never anything to do: deleted
// blobs are left to the garbage collector.
func (s *Store) Reclaim(ctx context.Context) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return 0, storage.ErrClosed
	}
	return 0, ctx.Err()
}

// Close implements [storage.Store].
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	s.closed = true
	return nil
}

// A view is the state of the keys at one time.
type view struct {
	root   *node
	closed bool
}

func (v *view) Get(dst, key []byte) ([]byte, error) {
	if v.closed {
		return dst, storage.ErrClosed
	}
	n, ok := v.root.get(key)
	if !ok {
		return dst, storage.ErrNotFound
	}
	return append(dst, n.value...), nil
}

func (v *view) Scan(r storage.Range, fn func(key, value []byte) error) error {
	if v.closed {
		return storage.ErrClosed
	}
	each := func(n *node) error { return fn(bytes.Clone(n.key), bytes.Clone(n.value)) }
	walk := v.root.ascend
	if r.Reverse {
		walk = v.root.descend
	}
	if err := walk(r.Start, r.End, each); !errors.Is(err, storage.ErrStop) {
		return err
	}
	return nil
}

func (v *view) Close() {}
