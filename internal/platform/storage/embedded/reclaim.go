package embedded

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

const (
	// minRollGarbage is the garbage in bytes from which on the pack that is
	// being written is ended, so that it can be collected.
	minRollGarbage = 64 << 10
	// moveSize is about how many bytes are moved with one fdatasync.
	moveSize = 1 << 20
)

// worthCollecting says whether half of a pack is garbage.
func (u usage) worthCollecting() bool { return u.dead > 0 && u.dead >= u.live }

// Reclaim implements [storage.Store]. It copies what is alive out of packs
// half of which is garbage, and removes them. What it finds damaged it leaves
// where it is, goes on with the rest, and returns storage.ErrCorrupt once. The
// index gives back the space of deleted keys by itself.
func (s *Store) Reclaim(ctx context.Context) (freed int64, err error) {
	if !s.reclaiming.TryLock() {
		return 0, nil // a view is open; the next time will do
	}
	defer s.reclaiming.Unlock()
	ids, err := s.victims()
	if err != nil {
		return 0, err
	}
	var damaged []error
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return freed, err
		}
		n, err := s.collect(ctx, id)
		if errors.Is(err, storage.ErrCorrupt) {
			damaged = append(damaged, fmt.Errorf("pack %d: %w", id, err))
			s.avoid(id)
			continue
		}
		if err != nil {
			return freed, fmt.Errorf("pack %d: %w", id, err)
		}
		freed += n
	}
	return freed, errors.Join(damaged...)
}

// avoid notes that a pack has live blobs that cannot be read. It stays, for what
// can still be saved out of it, and is not tried again until one of them is
// deleted. The caller holds s.reclaiming.
func (s *Store) avoid(id packID) {
	_ = s.run(func() error {
		if s.avoided == nil {
			s.avoided = make(map[packID]int64)
		}
		s.avoided[id] = s.committer.applier.usages[id].live
		return nil
	})
}

// run has the leader run a task.
func (s *Store) run(task func() error) error {
	return s.queue.enqueue(&request{task: task}).Wait()
}

// victims returns the packs worth collecting. The newest pack is ended if it
// is one of them.
func (s *Store) victims() (ids []packID, err error) {
	err = s.run(func() error {
		c := &s.committer
		newest := c.writer.end.pack
		if u := c.applier.usages[newest]; u.worthCollecting() && u.dead >= minRollGarbage {
			if err := c.writer.roll(s.nextID.Load()); err != nil {
				return c.judge(err)
			}
		}
		for id, u := range c.applier.usages {
			live, avoided := s.avoided[id]
			if id != c.writer.end.pack && u.worthCollecting() && (!avoided || u.live < live) {
				ids = append(ids, id)
			}
		}
		return nil
	})
	slices.Sort(ids)
	return ids, err
}

// collect moves the live blobs out of a pack and removes it. It returns the
// size of the file.
func (s *Store) collect(ctx context.Context, id packID) (int64, error) {
	p, err := s.packs.acquire(id)
	if err != nil {
		return 0, err
	}
	defer s.packs.release(p)
	if err := s.evacuate(ctx, p); err != nil {
		return 0, err
	}
	size, err := p.size()
	if err != nil {
		return 0, err
	}
	if err := s.run(func() error { return s.committer.forget(id) }); err != nil {
		return 0, err
	}
	return size, s.packs.remove(id)
}

// forget takes an empty pack out of the index. The commit is synced, and with
// it all before, so that nothing will ever look for the pack again.
func (c *committer) forget(id packID) error {
	if live := c.applier.usages[id].live; live != 0 {
		return fmt.Errorf("%w: %d bytes of live blobs were not found", storage.ErrCorrupt, live)
	}
	if err := c.disk.check(); err != nil {
		return err
	}
	b := c.db.NewBatch()
	defer b.Close()
	err := errors.Join(
		b.Delete(packKey(id), nil),
		b.Set(positionKey, c.writer.end.encode(), nil),
		b.Commit(pebble.Sync))
	if err = c.judge(err); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.applier.usages, id)
	return nil
}

// evacuate moves the live blobs of a pack.
func (s *Store) evacuate(ctx context.Context, p *pack) error {
	scan, err := newPackScanner(p, packHeaderSize)
	if err != nil {
		return err
	}
	e := evacuation{store: s, scan: scan, moves: &relocation{pack: p}}
	seq := p.firstSeq
	for ctx.Err() == nil {
		ok, err := scan.next()
		if err == nil && !ok {
			ok, err = e.afterGap(seq)
		}
		if err != nil {
			return err
		}
		if !ok {
			return errors.Join(e.flush(), e.broken)
		}
		seq = scan.header.seq + 1
		if err := e.group(); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// afterGap reads the first group behind one that cannot be read, if there is
// one: the log ends here if not.
func (e *evacuation) afterGap(seq uint64) (ok bool, err error) {
	if ok, err = e.scan.resync(seq); ok && err == nil {
		ok, err = e.scan.next()
	}
	return ok, err
}

// A relocation is a request to move blobs out of a pack, together with the
// keys that were written with them: the packs alone must still be enough to
// rebuild the index. What is no longer so when the leader gets to it is left
// out.
type relocation struct {
	pack    *pack
	batches []movedBatch
	bytes   int
}

// A movedBatch is what is alive of one batch.
type movedBatch struct {
	blobs []movedBlob
	sets  []operation
}

type movedBlob struct {
	id storage.BlobID
	at location
}

func (r *relocation) size() int { return r.bytes }

// admitMoves adds what still holds to the group.
func (c *committer) admitMoves(r *relocation) error {
	for _, b := range r.batches {
		c.encode(operation{kind: opBatch})
		if err := c.admitBlobs(r.pack, b.blobs); err != nil {
			return err
		}
		if err := c.admitSets(b.sets); err != nil {
			return err
		}
	}
	return nil
}

func (c *committer) admitBlobs(p *pack, blobs []movedBlob) error {
	for _, m := range blobs {
		at, err := locate(c.db, m.id)
		if errors.Is(err, storage.ErrNotFound) || (err == nil && at != m.at) || c.overlay.deleted[m.id] {
			continue
		}
		if err != nil {
			return err
		}
		c.encode(operation{kind: opMovedBlob, id: m.id, size: at.size, stored: at.stored})
		c.data = append(c.data, piece{src: p.file, offset: at.offset, length: at.stored})
	}
	return nil
}

func (c *committer) admitSets(sets []operation) error {
	for _, o := range sets {
		holds, err := c.overlay.holds(o.key, o.value)
		if err != nil {
			return err
		}
		if holds {
			c.encode(o)
		}
	}
	return nil
}

// An evacuation goes through the groups of a pack and gathers what to move.
type evacuation struct {
	store *Store
	scan  *packScanner
	moves *relocation
	batch movedBatch // at hand
	// broken is what was found of live blobs that cannot be read.
	broken error
}

// group gathers from one group, batch by batch.
func (e *evacuation) group() error {
	offset := e.scan.dataOffset()
	err := eachOperation(e.scan.meta(), func(o operation) error {
		switch o.kind {
		case opBatch:
			return e.endBatch()
		case opSet:
			e.batch.sets = append(e.batch.sets, o)
		case opBlob, opMovedBlob:
			at := location{pack: e.scan.pack.id, offset: offset, stored: o.stored, size: o.size}
			offset += o.stored
			return e.keepBlob(movedBlob{o.id, at})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return e.endBatch()
}

// endBatch keeps the batch at hand if a blob of it is alive. The operations
// of a group are overwritten by the next one, so they are copied.
func (e *evacuation) endBatch() error {
	b := e.batch
	e.batch = movedBatch{}
	if len(b.blobs) == 0 {
		return nil
	}
	for i, o := range b.sets {
		b.sets[i].key, b.sets[i].value = slices.Clone(o.key), slices.Clone(o.value)
		e.moves.bytes += len(o.key) + len(o.value)
	}
	e.moves.batches = append(e.moves.batches, b)
	if e.moves.bytes >= moveSize {
		return e.flush()
	}
	return nil
}

// keepBlob keeps a blob that is still alive here. It is checked first: a copy
// of broken bytes would look like the torn end of the log. A broken one stays
// where it is, and with it the pack.
func (e *evacuation) keepBlob(m movedBlob) error {
	at, err := e.store.locateOpen(m.id)
	if errors.Is(err, storage.ErrNotFound) || (err == nil && at != m.at) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := e.scan.verifyBlob(at); err != nil {
		if e.broken == nil {
			e.broken = fmt.Errorf("blob %d: %w", m.id, err)
		}
		return nil
	}
	e.batch.blobs = append(e.batch.blobs, m)
	e.moves.bytes += int(at.stored)
	return nil
}

// flush moves what has been gathered.
func (e *evacuation) flush() error {
	if len(e.moves.batches) == 0 {
		return nil
	}
	moves := e.moves
	e.moves = &relocation{pack: moves.pack}
	return e.store.queue.enqueue(&request{moves: moves}).Wait()
}

// locateOpen is locate unless the store has been closed.
func (s *Store) locateOpen(id storage.BlobID) (location, error) {
	if !s.gate.enter() {
		return location{}, storage.ErrClosed
	}
	defer s.gate.leave()
	return locate(s.db, id)
}
