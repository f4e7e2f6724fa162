package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// ErrBackupExists says that the folder for a backup is there already.
var ErrBackupExists = errors.New("storage: the folder exists")

// A BackedUp says what [Store.Backup] has made.
type BackedUp struct {
	Packs int   `json:"packs"`
	Bytes int64 `json:"bytes"` // of packs
}

// Backup copies the store as it is at one moment to a folder, which must not
// exist, while it goes on being used. The copy is a store like any other. Files
// that never change again are linked where the file system can do that, and
// copied otherwise. Reclaim rests meanwhile. What is there of a backup that
// failed is removed.
func (s *Store) Backup(ctx context.Context, dir string) (BackedUp, error) {
	fsys := s.opts.FS
	if _, err := fsys.Stat(dir); err == nil {
		return BackedUp{}, fmt.Errorf("%w: %s", ErrBackupExists, dir)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return BackedUp{}, err
	}
	s.reclaiming.RLock()
	defer s.reclaiming.RUnlock()
	if !s.gate.enter() {
		return BackedUp{}, storage.ErrClosed
	}
	defer s.gate.leave()
	made, err := s.backUp(ctx, dir)
	if err != nil {
		return made, errors.Join(err, fsys.RemoveAll(dir))
	}
	return made, nil
}

func (s *Store) backUp(ctx context.Context, dir string) (BackedUp, error) {
	fsys := s.opts.FS
	for _, name := range []string{dir, fsys.PathJoin(dir, packDir), fsys.PathJoin(dir, stagingDir)} {
		if err := fsys.MkdirAll(name, 0o700); err != nil {
			return BackedUp{}, err
		}
	}
	if err := s.db.Checkpoint(fsys.PathJoin(dir, indexDir), pebble.WithFlushedWAL()); err != nil {
		return BackedUp{}, readError(err)
	}
	end, usages, err := s.copiedPosition(dir)
	if err != nil {
		return BackedUp{}, err
	}
	made, err := s.copyPacks(ctx, dir, end, usages)
	if err != nil {
		return made, err
	}
	if err := writeFormat(fsys, dir); err != nil {
		return made, err
	}
	return made, errors.Join(syncDir(fsys, fsys.PathJoin(dir, packDir)), syncDir(fsys, dir), syncDir(fsys, fsys.PathDir(dir)))
}

// copiedPosition asks the copied index up to where it knows the packs. What they
// have behind that was built on keys that the copy may not have.
func (s *Store) copiedPosition(dir string) (position, map[packID]usage, error) {
	opts := s.indexOptions()
	opts.FS, opts.ReadOnly, opts.CacheSize = s.opts.FS, true, 1<<20
	db, err := pebble.Open(s.opts.FS.PathJoin(dir, indexDir), opts)
	if err != nil {
		return position{}, nil, readError(err)
	}
	end, err := readPosition(db)
	var usages map[packID]usage
	if err == nil {
		usages, err = readUsages(db)
	}
	return end, usages, errors.Join(err, db.Close())
}

func (s *Store) copyPacks(ctx context.Context, dir string, end position, usages map[packID]usage) (made BackedUp, err error) {
	ids, err := s.packs.list()
	if err != nil {
		return made, err
	}
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return made, err
		}
		_, used := usages[id]
		if id > end.pack || id < end.pack && !used {
			continue
		}
		n, err := s.copyPack(ctx, dir, id, end)
		if err != nil {
			return made, fmt.Errorf("pack %d: %w", id, err)
		}
		made.Packs++
		made.Bytes += n
	}
	return made, nil
}

// copyPack links a pack that is full, and copies what the index knows of the one
// at the position.
func (s *Store) copyPack(ctx context.Context, dir string, id packID, end position) (int64, error) {
	fsys, from := s.opts.FS, s.packs.path(id)
	to := fsys.PathJoin(dir, packDir, fsys.PathBase(from))
	p, err := s.packs.acquire(id)
	if err != nil {
		return 0, err
	}
	defer s.packs.release(p)
	size := end.offset
	if id < end.pack {
		if size, err = p.size(); err != nil {
			return 0, err
		}
		if err := fsys.Link(from, to); err == nil {
			return size, nil
		}
	}
	return size, copyFile(ctx, fsys, to, io.NewSectionReader(p.file, 0, size))
}

// copyFile makes a durable file.
func copyFile(ctx context.Context, fsys vfs.FS, name string, from io.Reader) error {
	f, err := fsys.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, contextReader{ctx, from}, make([]byte, writeSize))
	return errors.Join(err, f.Sync(), f.Close())
}

// A contextReader reads until its context is done.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// Checkpoint keeps a copy of the index beside it, in place of the one before:
// what [Rebuild] starts from. Keys that were written without a blob are nowhere
// else than in the index. Most files of the copy are links, and cost nothing
// until the index drops them.
func (s *Store) Checkpoint(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.checkpointing.Lock()
	defer s.checkpointing.Unlock()
	if !s.gate.enter() {
		return storage.ErrClosed
	}
	defer s.gate.leave()
	fsys, name := s.opts.FS, s.path(checkpointDir)
	if err := fsys.RemoveAll(name + ".new"); err != nil {
		return err
	}
	if err := s.db.Checkpoint(name+".new", pebble.WithFlushedWAL()); err != nil {
		return readError(err)
	}
	// Between these two, the new one is there under its first name: Rebuild
	// looks there too.
	if err := fsys.RemoveAll(name); err != nil {
		return err
	}
	return errors.Join(fsys.Rename(name+".new", name), syncDir(fsys, s.dir))
}
