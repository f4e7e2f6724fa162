package mailstore

import (
	"context"
	"encoding/binary"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// acquire returns an account in memory, and keeps it there until release.
func (s *Store) acquire(ctx context.Context, id AccountID) (*account, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	a, ok := s.accounts[id]
	if !ok {
		a = &account{store: s, id: id}
		s.accounts[id] = a
	} else if a.pins == 0 {
		s.unlink(a)
	}
	a.pins++
	return a, nil
}

// release gives an account back. If the cache is over its bounds then, it
// drops those that have not been used for longest.
func (s *Store) release(a *account) {
	var weight int64
	if c := a.committed.Load(); c != nil {
		weight = c.memory()
	}
	for _, dropped := range s.retire(a, weight) {
		s.flush(dropped)
	}
}

func (s *Store) retire(a *account, weight int64) (dropped []*account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.weight += weight - a.weight
	a.weight = weight
	if a.pins--; a.pins == 0 {
		s.link(a)
	}
	for s.oldest != nil && (len(s.accounts) > s.options.CacheAccounts || s.weight > s.options.CacheBytes) {
		old := s.oldest
		s.unlink(old)
		delete(s.accounts, old.id)
		s.weight -= old.weight
		dropped = append(dropped, old)
	}
	return dropped
}

func (s *Store) acquireAll(ctx context.Context, ids []AccountID) ([]*account, error) {
	all := make([]*account, 0, len(ids))
	for _, id := range ids {
		a, err := s.acquire(ctx, id)
		if err != nil {
			s.releaseAll(all)
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

func (s *Store) releaseAll(all []*account) {
	for _, a := range all {
		s.release(a)
	}
}

// link puts an account that is not in use at the newest end of the list.
func (s *Store) link(a *account) {
	a.older, a.newer = s.newest, nil
	if s.newest != nil {
		s.newest.newer = a
	} else {
		s.oldest = a
	}
	s.newest = a
}

// unlink takes an account out of the list.
func (s *Store) unlink(a *account) {
	if a.newer != nil {
		a.newer.older = a.older
	} else {
		s.newest = a.older
	}
	if a.older != nil {
		a.older.newer = a.newer
	} else {
		s.oldest = a.newer
	}
	a.older, a.newer = nil, nil
}

// flush enqueues the watermarks of \Recent that an account still has only in
// memory. Close waits for them.
func (s *Store) flush(a *account) {
	b := s.storage.NewBatch()
	a.mu.Lock()
	defer a.mu.Unlock()
	if state := a.committed.Load(); state != nil && state.deleted {
		return // nothing may be written for an account that is gone
	}
	for id := range a.dirty {
		b.Set(recentKey(a.id, id), binary.AppendUvarint(nil, uint64(a.recent[id])))
	}
	a.dirty = nil
	if !b.Empty() {
		s.remember(s.storage.Enqueue(b))
	}
}

// remember keeps the batches that nobody has waited for yet.
func (s *Store) remember(p *storage.Pending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	waiting := s.flushes[:0]
	for _, q := range s.flushes {
		select {
		case <-q.Done():
			if err := q.Wait(); err != nil {
				s.options.Log.Warn("watermark of recent messages not written", "err", err)
			}
		default:
			waiting = append(waiting, q)
		}
	}
	s.flushes = append(waiting, p)
}

// Stats are figures for metrics.
type Stats struct {
	Accounts int   // in memory
	Bytes    int64 // of message lists in memory
}

// Stats returns figures for metrics.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Accounts: len(s.accounts), Bytes: s.weight}
}
