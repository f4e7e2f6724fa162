package memstore

import (
	"bytes"
	"slices"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// NewBatch implements [storage.Store].
func (s *Store) NewBatch() *storage.Batch { return storage.NewBatch(s) }

// NextID implements [storage.BlobSource].
func (s *Store) NextID() storage.BlobID {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	return s.lastID
}

// Encode implements [storage.BlobSource]: blobs are kept as they are.
func (s *Store) Encode(content []byte) [][]byte { return [][]byte{content} }

// Enqueue implements [storage.Store]. The batch commits at once.
func (s *Store) Enqueue(b *storage.Batch) *storage.Pending {
	p := storage.NewPending()
	p.Resolve(s.commit(b))
	return p
}

func (s *Store) commit(b *storage.Batch) error {
	if err := b.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return storage.ErrClosed
	}
	if s.failures > 0 {
		s.failures--
		return s.failWith
	}
	if err := s.check(b); err != nil {
		return err
	}
	for _, op := range b.Ops() {
		s.apply(op)
	}
	s.stats.Commits++
	s.stats.Groups++
	return nil
}

// check says whether the batch may commit.
func (s *Store) check(b *storage.Batch) error {
	for _, op := range b.Ops() {
		if op.Kind != storage.OpAssert && op.Kind != storage.OpAssertAbsent {
			continue
		}
		if !s.holds(op) {
			s.stats.Conflicts++
			return storage.ErrConflict
		}
	}
	return takeAll(b)
}

func (s *Store) holds(op storage.Op) bool {
	n, ok := s.root.get(op.Key)
	if op.Kind == storage.OpAssertAbsent {
		return !ok
	}
	return ok && bytes.Equal(n.value, op.Value)
}

// takeAll takes the staged blobs of the batch, so that no other batch can; if
// one cannot be taken, none is.
func takeAll(b *storage.Batch) error {
	var taken []*staged
	for _, op := range b.Ops() {
		if op.Kind != storage.OpAppendStaged {
			continue
		}
		st, ok := op.Staged.(*staged)
		if !ok || !st.take() {
			for _, t := range taken {
				t.giveBack()
			}
			return storage.ErrStaged
		}
		taken = append(taken, st)
	}
	return nil
}

func (s *Store) apply(op storage.Op) {
	switch op.Kind {
	case storage.OpSet:
		s.root = s.root.set(op.Key, op.Value)
	case storage.OpDelete:
		s.root = s.root.deleteRange(op.Key, successor(op.Key))
	case storage.OpDeleteRange:
		s.root = s.root.deleteRange(op.Key, op.Value)
	case storage.OpAppendBlob:
		s.putBlob(op.Blob, slices.Concat(op.Stored...))
	case storage.OpAppendStaged:
		s.putBlob(op.Blob, op.Staged.(*staged).content)
	case storage.OpDeleteBlob:
		s.stats.BlobBytes -= int64(len(s.blobs[op.Blob]))
		delete(s.blobs, op.Blob)
	}
}

func (s *Store) putBlob(id storage.BlobID, content []byte) {
	s.blobs[id] = content
	s.stats.BlobBytes += int64(len(content))
}
