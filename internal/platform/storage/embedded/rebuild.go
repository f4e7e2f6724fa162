package embedded

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A Rebuilt says what [Rebuild] has found and done.
type Rebuilt struct {
	// Checkpoint says that it started from a copy of the index that
	// [Store.Checkpoint] had made. Without one, keys that were never written
	// together with a blob are gone.
	Checkpoint bool `json:"checkpoint"`
	Packs      int  `json:"packs"`
	Groups     int  `json:"groups"`  // read from packs
	Blobs      int  `json:"blobs"`   // read from packs, deleted ones included
	Damaged    int  `json:"damaged"` // places in packs where groups could not be read
	Broken     int  `json:"broken"`  // packs without a readable head
	Missing    int  `json:"missing"` // blobs whose packs are gone
	// Aside is where the old index is kept; empty if there was none.
	Aside string `json:"aside,omitempty"`
}

// RebuildOptions say how the index is made again.
type RebuildOptions struct {
	Options
	// Finish sets right what the store's user keeps in it, before anybody else
	// can see the new index. It may be nil.
	Finish func(*Store, Rebuilt) error
	// DryRun leaves everything as it is, after all the work.
	DryRun bool
}

// newIndexDir is where the index is made until it is whole.
const newIndexDir = "index.new"

// Rebuild makes a new index for the closed store in dir: from the last
// checkpoint, if there is one that can be read, and from all packs. The old
// index is kept aside. Deleted blobs that have not been collected are back, and
// keys have the values that they had in the checkpoint or when they were last
// written together with a blob. If it fails, or is interrupted, nothing has
// changed.
func Rebuild(dir string, o RebuildOptions) (Rebuilt, error) {
	s := newStore(dir, o.Options.withDefaults())
	s.indexName = newIndexDir
	if err := s.exists(); err != nil {
		return Rebuilt{}, err
	}
	if err := s.openFolder(); err != nil {
		return Rebuilt{}, errors.Join(err, s.abandon())
	}
	found, err := s.rebuild(o.Finish)
	if err != nil || o.DryRun {
		return found, errors.Join(err, s.abandon(), s.opts.FS.RemoveAll(s.path(newIndexDir)))
	}
	if err := s.closeIndex(); err != nil {
		return found, errors.Join(err, s.abandon())
	}
	found.Aside, err = s.exchangeIndex()
	return found, errors.Join(err, s.abandon())
}

func (s *Store) rebuild(finish func(*Store, Rebuilt) error) (Rebuilt, error) {
	found := Rebuilt{}
	var err error
	if found.Checkpoint, err = s.openFromCheckpoint(); err != nil {
		return found, err
	}
	ids, err := s.packs.list()
	if err != nil {
		return found, err
	}
	end, usages, err := s.salvage(ids, &found)
	if err != nil || finish == nil {
		return found, err
	}
	if err := s.start(end, usages); err != nil {
		return found, err
	}
	err = finish(s, found)
	if s.committer.writer.current != nil {
		s.packs.release(s.committer.writer.current)
	}
	return found, err
}

// openFromCheckpoint opens a copy of the checkpoint as the new index, or an empty
// one if there is none that can be read.
func (s *Store) openFromCheckpoint() (bool, error) {
	fsys := s.opts.FS
	for _, name := range []string{checkpointDir, checkpointDir + ".new"} {
		if err := fsys.RemoveAll(s.path(newIndexDir)); err != nil {
			return false, err
		}
		if _, err := fsys.Stat(s.path(name)); err != nil {
			continue
		}
		err := s.linkAll(s.path(name), s.path(newIndexDir))
		if err == nil {
			err = s.openIndex()
		}
		if err == nil {
			if _, err = readPosition(s.db); err == nil {
				err = s.readAll()
			}
			if err == nil {
				return true, nil
			}
			err = errors.Join(err, s.closeIndex())
		}
		s.opts.Logger.Warn("the copy of the index cannot be used", "folder", name, "err", err)
	}
	if err := fsys.RemoveAll(s.path(newIndexDir)); err != nil {
		return false, err
	}
	if err := errors.Join(fsys.MkdirAll(s.path(newIndexDir), 0o700), syncDir(fsys, s.dir)); err != nil {
		return false, err
	}
	return false, s.openIndex()
}

// readAll reads every key, so that nothing damaged is built on.
func (s *Store) readAll() error {
	it, err := s.db.NewIter(nil)
	if err != nil {
		return readError(err)
	}
	err = walk(it, false, func(_, _ []byte) error { return nil })
	return errors.Join(err, readError(it.Close()))
}

func (s *Store) linkAll(from, to string) error {
	fsys := s.opts.FS
	names, err := fsys.List(from)
	if err == nil {
		err = fsys.MkdirAll(to, 0o700)
	}
	for _, name := range names {
		if err != nil {
			return err
		}
		// Only tables never change; the log and the manifest do.
		copyOne := vfs.Copy
		if len(name) > 4 && name[len(name)-4:] == ".sst" {
			copyOne = vfs.LinkOrCopy
		}
		err = copyOne(fsys, fsys.PathJoin(from, name), fsys.PathJoin(to, name))
	}
	return err
}

// salvage applies what the index does not know yet of all packs that can be
// read, and counts all packs again.
func (s *Store) salvage(ids []packID, found *Rebuilt) (position, map[packID]usage, error) {
	from, err := readPosition(s.db)
	if errors.Is(err, storage.ErrNotFound) {
		from, err = position{nextID: 1}, nil
	}
	if err != nil {
		return from, nil, err
	}
	r := replayer{store: s, applier: newApplier(s.db, make(map[packID]usage), s.opts.Logger), end: from, salvage: true}
	var kept []packID
	for i, id := range ids {
		if id < from.pack {
			kept = append(kept, id)
			continue
		}
		err := r.pack(id, i == len(ids)-1)
		if errors.Is(err, errPackHeader) {
			found.Broken++
			s.opts.Logger.Error("pack cannot be read", "pack", id)
			continue
		}
		if err != nil {
			return r.end, nil, fmt.Errorf("pack %d: %w", id, err)
		}
		kept = append(kept, id)
	}
	found.Packs, found.Groups, found.Blobs, found.Damaged = len(kept), r.groups, r.blobs, r.gaps
	end, usages, err := s.recount(kept, r.end, found)
	return end, usages, err
}

// exchangeIndex puts the new index in the place of the old one.
func (s *Store) exchangeIndex() (aside string, err error) {
	fsys := s.opts.FS
	if _, err := fsys.Stat(s.path(indexDir)); err == nil {
		for n := 1; ; n++ {
			aside = fmt.Sprintf("%s.old-%d", indexDir, n)
			if _, err := fsys.Stat(s.path(aside)); errors.Is(err, fs.ErrNotExist) {
				break
			}
		}
		if err := fsys.Rename(s.path(indexDir), s.path(aside)); err != nil {
			return "", err
		}
	}
	err = fsys.Rename(s.path(newIndexDir), s.path(indexDir))
	if err == nil {
		err = s.setAside()
	}
	// The checkpoint belongs to the old index: what it has of deleted things is
	// not to come back a second time.
	return aside, errors.Join(err, fsys.RemoveAll(s.path(checkpointDir)), fsys.RemoveAll(s.path(checkpointDir+".new")), syncDir(fsys, s.dir))
}

// setAside renames packs whose head cannot be read, so that they are not taken
// for packs that have been collected.
func (s *Store) setAside() error {
	ids, err := s.packs.list()
	for _, id := range ids {
		p, err := s.packs.acquire(id)
		if err == nil {
			s.packs.release(p)
			continue
		}
		if !errors.Is(err, errPackHeader) {
			return err
		}
		name := s.packs.path(id)
		if err := s.opts.FS.Rename(name, name+".broken"); err != nil {
			return err
		}
	}
	return errors.Join(err, s.packs.sync())
}

func (s *Store) closeIndex() error {
	err := s.db.Close()
	s.db = nil
	return err
}

// recount writes what is in each pack, as the index now sees it.
func (s *Store) recount(ids []packID, end position, found *Rebuilt) (position, map[packID]usage, error) {
	b := s.db.NewBatch()
	defer b.Close()
	usages, err := s.liveUsages(ids, b, found)
	if err != nil {
		return end, nil, err
	}
	for _, id := range ids {
		u := usages[id]
		brought, err := s.broughtBy(id)
		if err != nil {
			return end, nil, err
		}
		u.dead = max(0, brought-u.live)
		usages[id] = u
		if err := b.Set(packKey(id), u.encode(), nil); err != nil {
			return end, nil, err
		}
	}
	return end, usages, errors.Join(b.Set(positionKey, end.encode(), nil), b.Commit(pebble.Sync))
}

// liveUsages sums up the located blobs of each pack. It drops locations in packs
// that are gone, and counters of these.
func (s *Store) liveUsages(ids []packID, b *pebble.Batch, found *Rebuilt) (map[packID]usage, error) {
	usages := make(map[packID]usage)
	for _, id := range ids {
		usages[id] = usage{}
	}
	v := View{reader: s.db}
	err := v.eachLocation(func(id storage.BlobID, l location, err error) error {
		u, ok := usages[l.pack]
		if err != nil || !ok {
			found.Missing++
			return b.Delete(appendBlobKey(nil, id), nil)
		}
		u.live += l.stored
		usages[l.pack] = u
		return nil
	})
	if err != nil {
		return nil, err
	}
	return usages, b.DeleteRange(packKey(0), packKey(^packID(0)), nil)
}

// broughtBy sums up the blobs that the groups of a pack brought.
func (s *Store) broughtBy(id packID) (sum int64, err error) {
	p, err := s.packs.acquire(id)
	if err != nil {
		return 0, err
	}
	defer s.packs.release(p)
	scan, err := newPackScanner(p, packHeaderSize)
	if err != nil {
		return 0, err
	}
	for seq := p.firstSeq; ; seq = scan.header.seq + 1 {
		ok, err := scan.next()
		if err == nil && !ok {
			if ok, err = scan.resync(seq); ok && err == nil {
				ok, err = scan.next()
			}
		}
		if err != nil || !ok {
			return sum, err
		}
		err = eachOperation(scan.meta(), func(o operation) error {
			sum += o.stored
			return nil
		})
		if err != nil {
			return sum, err
		}
	}
}

// BlobSize returns the size of a blob, or storage.ErrNotFound. It does not look
// at the blob itself.
func (s *Store) BlobSize(id storage.BlobID) (int64, error) {
	l, err := s.locateOpen(id)
	return l.size, err
}

// Recount counts again what is alive and what is deleted in each pack.
func (s *Store) Recount() error {
	return s.run(func() error {
		ids, err := s.packs.list()
		if err != nil {
			return err
		}
		c := &s.committer
		known := ids[:0]
		for _, id := range ids {
			if _, ok := c.applier.usages[id]; ok {
				known = append(known, id)
			}
		}
		_, usages, err := s.recount(known, c.writer.end, new(Rebuilt))
		if err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.applier.usages = usages
		return nil
	})
}
