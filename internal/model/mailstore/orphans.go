package mailstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// CollectOrphans takes the content of messages of which the last instance was
// expunged before olderThan, and returns how many records it removed. Until
// then sessions that have not been told can read them. Upkeep calls it; calls
// wait for each other.
func (s *Store) CollectOrphans(ctx context.Context, olderThan time.Time) (removed int, err error) {
	s.collecting.Lock()
	defer s.collecting.Unlock()
	start := orphanPrefix(0)
	for ctx.Err() == nil {
		k, stored, err := s.firstOrphans(storage.Range{Start: start, End: orphanPrefix(olderThan.Unix())})
		if err != nil || k == nil {
			return removed, err
		}
		n, err := s.collect(k, stored)
		if err != nil {
			return removed, err
		}
		removed += n
		start = append(k, 0)
	}
	return removed, ctx.Err()
}

// firstOrphans returns the first entry of a range, or a nil key.
func (s *Store) firstOrphans(r storage.Range) (k key, stored []byte, err error) {
	err = s.storage.Scan(r, func(found, value []byte) error {
		k, stored = slices.Clone(found), slices.Clone(value)
		return storage.ErrStop
	})
	return k, stored, err
}

// collect settles one entry: each record in it has lost an instance.
func (s *Store) collect(k key, stored []byte) (removed int, err error) {
	d := decoder{b: stored}
	ids := d.recordIDs()
	if err := d.end("orphan entry"); err != nil {
		return 0, err
	}
	c := newCollector(s.storage, orphanAccount(k))
	for _, id := range ids {
		if err := c.loseInstance(id); err != nil {
			return 0, err
		}
	}
	c.batch.Assert(k, stored)
	c.batch.Delete(k)
	if err := c.finish(); err != nil {
		return 0, err
	}
	if err := storage.Commit(s.storage, c.batch); err != nil {
		return 0, err
	}
	return c.removed, nil
}

// A collector gathers in one batch what goes with records of one account.
type collector struct {
	storage storage.Store
	account AccountID
	batch   *storage.Batch
	copies  map[uint64]*copyCounts // by group
	gone    map[RecordID]bool
	links   map[storage.BlobID]int // links removed in this batch
	removed int
}

func newCollector(st storage.Store, account AccountID) *collector {
	return &collector{
		storage: st,
		account: account,
		batch:   st.NewBatch(),
		copies:  make(map[uint64]*copyCounts),
		gone:    make(map[RecordID]bool),
		links:   make(map[storage.BlobID]int),
	}
}

// loseInstance takes one instance from a record, and removes the record if it
// was the last.
func (c *collector) loseInstance(id RecordID) error {
	counts, err := c.countsOf(uint64(id) / copyGroup)
	if err != nil {
		return err
	}
	if counts.take(id) {
		return nil
	}
	return c.removeRecord(id)
}

func (c *collector) countsOf(group uint64) (*copyCounts, error) {
	if counts, ok := c.copies[group]; ok {
		return counts, nil
	}
	counts, err := loadCopyCounts(c.storage, c.account, group)
	if err != nil {
		return nil, err
	}
	c.copies[group] = counts
	return counts, nil
}

// removeRecord removes a record and its link to the blob.
func (c *collector) removeRecord(id RecordID) error {
	if c.gone[id] {
		return nil
	}
	k := recordKey(c.account, id)
	stored, err := c.storage.Get(nil, k)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	rec, err := parseRecord(stored)
	if err != nil {
		return err
	}
	if err := c.forgetThread(id, rec); err != nil {
		return err
	}
	c.batch.Delete(k)
	c.batch.Delete(linkKey(rec.blob, c.account, id))
	c.gone[id] = true
	c.links[rec.blob]++
	c.removed++
	return nil
}

// finish adds to the batch what follows from the records removed: blobs that
// nobody needs any more, and the copies that are left.
func (c *collector) finish() error {
	for blob, removed := range c.links {
		links := 0
		err := c.storage.Scan(prefixed(linkPrefix(blob)), func(_, _ []byte) error {
			if links++; links > removed {
				return storage.ErrStop
			}
			return nil
		})
		if err != nil {
			return err
		}
		if links <= removed {
			c.batch.DeleteBlob(blob)
		}
	}
	for group, counts := range c.copies {
		counts.write(c.batch, c.account, group)
	}
	return nil
}
