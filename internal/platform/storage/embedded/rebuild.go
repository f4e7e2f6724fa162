package embedded

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// A Rebuilt says what [Rebuild] has found.
type Rebuilt struct {
	Packs  int
	Groups int
	Blobs  int
	Broken int // packs without a readable header; they are renamed to *.broken
}

// Rebuild throws away the index of the closed store in dir and makes a new one
// from the packs. Deleted blobs that have not been collected are back, and
// keys have the values that they had when they were last written together with
// a blob.
func Rebuild(dir string, opts Options) (Rebuilt, error) {
	s := newStore(dir, opts.withDefaults())
	if err := s.openFolder(); err != nil {
		return Rebuilt{}, errors.Join(err, s.abandon())
	}
	found, err := s.rebuild()
	return found, errors.Join(err, s.abandon())
}

func (s *Store) rebuild() (Rebuilt, error) {
	fs := s.opts.FS
	if err := fs.RemoveAll(s.path(indexDir)); err != nil {
		return Rebuilt{}, err
	}
	if err := errors.Join(fs.MkdirAll(s.path(indexDir), 0o700), syncDir(fs, s.dir)); err != nil {
		return Rebuilt{}, err
	}
	if err := s.openIndex(); err != nil {
		return Rebuilt{}, err
	}
	ids, err := s.packs.list()
	if err != nil {
		return Rebuilt{}, err
	}
	return s.salvage(ids)
}

// salvage applies all groups of all packs that can be read.
func (s *Store) salvage(ids []packID) (Rebuilt, error) {
	r := replayer{
		store:   s,
		applier: newApplier(s.db, make(map[packID]usage), s.opts.Logger),
		end:     position{nextID: 1},
		salvage: true,
	}
	var found Rebuilt
	for i, id := range ids {
		err := r.pack(id, i == len(ids)-1)
		if errors.Is(err, errPackHeader) {
			found.Broken++
			if err := s.setAside(id); err != nil {
				return found, err
			}
			continue
		}
		if err != nil {
			return found, fmt.Errorf("pack %d: %w", id, err)
		}
		found.Packs++
	}
	found.Groups, found.Blobs = r.groups, r.blobs
	return found, s.db.Set(positionKey, r.end.encode(), pebble.Sync)
}

// setAside keeps a pack that cannot be read from being taken for one that has
// been collected.
func (s *Store) setAside(id packID) error {
	name := s.packs.path(id)
	s.opts.Logger.Error("pack cannot be read", "pack", id, "renamed", name+".broken")
	return errors.Join(s.opts.FS.Rename(name, name+".broken"), s.packs.sync())
}
