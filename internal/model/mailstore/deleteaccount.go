package mailstore

import (
	"context"
	"math"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// removedAtOnce is how many records go in one batch when an account is deleted.
const removedAtOnce = 2000

// DeleteAccount removes all of an account: calls for it fail with ErrNoAccount
// from then on. Nobody may ask for it by Store.Account or deliver to it any
// more, which would make it again, and its id must not be given again. If it
// fails or is interrupted it can be called again. Notes of orphans are left to
// CollectOrphans, which finds that their records are gone.
func (s *Store) DeleteAccount(ctx context.Context, id AccountID) error {
	s.collecting.Lock()
	defer s.collecting.Unlock()
	index := kinds(id, keyAccount, keyRecord)
	b := s.storage.NewBatch()
	if err := s.forgetGrants(b, id); err != nil {
		return err
	}
	b.DeleteRange(index.Start, index.End)
	if err := storage.Commit(s.storage, b); err != nil {
		return err
	}
	s.forget(id)
	s.options.OnChange(id, math.MaxInt64) // the last news of it
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := s.deleteRecords(id)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	rest := kinds(id, keyAccount, endOfAccount)
	b = s.storage.NewBatch()
	b.DeleteRange(rest.Start, rest.End)
	return storage.Commit(s.storage, b)
}

// forget drops an account from memory. Whoever still has it in use hears that
// it is gone.
func (s *Store) forget(id AccountID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.accounts[id]
	if !ok {
		return
	}
	a.committed.Store(&state{order: ^uint64(0), deleted: true})
	if a.pins == 0 {
		s.unlink(a)
		delete(s.accounts, id)
		s.weight -= a.weight
	}
}

// deleteRecords removes some records of an account, and returns how many.
func (s *Store) deleteRecords(id AccountID) (int, error) {
	var ids []RecordID
	err := s.storage.Scan(kinds(id, keyRecord, keyCopies), func(k, _ []byte) error {
		ids = append(ids, RecordID(lastU64(k, 1)))
		if len(ids) == removedAtOnce {
			return storage.ErrStop
		}
		return nil
	})
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	c := newCollector(s.storage, id)
	for _, id := range ids {
		if err := c.removeRecord(id); err != nil {
			return 0, err
		}
	}
	if err := c.finish(); err != nil {
		return 0, err
	}
	return c.removed, storage.Commit(s.storage, c.batch)
}
