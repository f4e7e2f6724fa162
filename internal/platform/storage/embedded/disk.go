package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A diskGuard keeps the index alive when the disk is full. Pebble cannot go
// back from a failed write of its log; so when such a write fails for want of
// space, the guard gives up a file kept for that, Pebble tries again with the
// room gained, and until the file can be made again every commit is refused.
type diskGuard struct {
	fs     vfs.FS
	name   string
	size   int64
	logger *slog.Logger
	full   atomic.Bool
}

func newDiskGuard(opts Options, name string) *diskGuard {
	d := &diskGuard{fs: opts.FS, name: name, size: opts.BallastSize, logger: opts.Logger}
	if err := d.reserve(); err != nil {
		d.full.Store(true)
		d.logger.Warn("disk is full, commits are refused", "err", err)
	}
	return d
}

// reserve makes the ballast file, or keeps the one that is there.
func (d *diskGuard) reserve() error {
	f, err := d.fs.OpenReadWrite(d.name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if err := f.Preallocate(0, d.size); err != nil {
		return errors.Join(err, f.Close(), d.fs.Remove(d.name))
	}
	return f.Close()
}

// giveUp is called when a write of Pebble has met a full disk.
func (d *diskGuard) giveUp() {
	err := d.fs.Remove(d.name)
	d.full.Store(true)
	d.logger.Warn("disk is full, commits are refused", "ballast", err == nil)
}

// check returns [storage.ErrFull] while there is no room for the ballast.
func (d *diskGuard) check() error {
	if !d.full.Load() {
		return nil
	}
	if err := d.reserve(); err != nil {
		return storage.ErrFull
	}
	d.full.Store(false)
	d.logger.Info("disk has room again, commits are accepted")
	return nil
}

// openingRoom is what opening an index takes of the disk beside what is in its
// logs: new logs, a new manifest.
const openingRoom = 1 << 20

// roomToOpen returns [storage.ErrFull] if the disk has no room to open the index
// in, nor a ballast to give up: Pebble would try again for ever.
func (s *Store) roomToOpen() error {
	if !s.disk.full.Load() {
		return nil
	}
	usage, err := s.opts.FS.GetDiskUsage(s.dir)
	if err != nil {
		return nil // a file system that cannot tell
	}
	need, err := s.logBytes()
	if err != nil {
		return err
	}
	if need += openingRoom; usage.AvailBytes < need {
		return fmt.Errorf("%w: opening the index takes %d MB of the disk, which has %d KB free", storage.ErrFull, need>>20+1, usage.AvailBytes>>10)
	}
	return nil
}

// logBytes is how much the logs of the index have, which opening it may write
// into tables.
func (s *Store) logBytes() (uint64, error) {
	folder := s.path(s.indexName)
	names, err := s.opts.FS.List(folder)
	if err != nil {
		return 0, fmt.Errorf("storage: %w", err)
	}
	var sum uint64
	for _, name := range names {
		if !strings.HasSuffix(name, ".log") {
			continue
		}
		info, err := s.opts.FS.Stat(s.opts.FS.PathJoin(folder, name))
		if err != nil {
			return 0, fmt.Errorf("storage: %w", err)
		}
		sum += uint64(info.Size())
	}
	return sum, nil
}

// indexBlockSize is how much of the index is read, unpacked and cached at once.
// A scan of 100 000 message records, which are more than the cache holds, takes
// half the time that it takes with Pebble's default of 4 KB, and the index a
// quarter less of the disk; a single key that is not in the cache costs some 2 µs
// more.
const indexBlockSize = 16 << 10

// openIndex opens Pebble.
func (s *Store) openIndex() error {
	if err := s.roomToOpen(); err != nil {
		return err
	}
	if err := s.closed().forget(); err != nil {
		return err
	}
	opts := s.indexOptions()
	opts.FS = logFS{vfs.OnDiskFull(indexFS{patientFS{s.opts.FS, s.opts.Logger}}, s.disk.giveUp), &s.fatal, s.path(s.indexName)}
	return s.openPebble(opts)
}

// openIndexReadOnly opens Pebble so that nothing is written.
func (s *Store) openIndexReadOnly() error {
	if err := s.closed().check(); err != nil {
		return err
	}
	opts := s.indexOptions()
	opts.FS, opts.ReadOnly = s.opts.FS, true
	return s.openPebble(opts)
}

func (s *Store) openPebble(opts *pebble.Options) error {
	db, err := pebble.Open(s.path(s.indexName), opts)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, pebble.ErrDBDoesNotExist) {
		return fmt.Errorf("%w: %w", ErrNoIndex, err)
	}
	if err != nil {
		return startError(err)
	}
	s.db = db
	return nil
}

// startError says what an error of opening the index means. Pebble marks only
// some of what it finds damaged; all else that is no error of the system means
// the same: a file has another size, or makes no sense.
func startError(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) || pebble.IsCorruptionError(err) {
		return readError(err)
	}
	return fmt.Errorf("%w: index: %w", storage.ErrCorrupt, err)
}

func (s *Store) indexOptions() *pebble.Options {
	opts := &pebble.Options{
		// Pebble takes the memtables, the current one and the one before,
		// out of the cache's size.
		CacheSize:                   s.opts.CacheSize + 2*int64(s.opts.MemTableSize),
		MemTableSize:                uint64(s.opts.MemTableSize),
		MemTableStopWritesThreshold: 3,
		L0CompactionThreshold:       4,
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                s.opts.OpenKeys,
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      pebbleLogger{s.opts.Logger, &s.fatal},
		EventListener: &pebble.EventListener{
			// The reader gets the error; that is no reason to end the process.
			DataCorruption: func(info pebble.DataCorruptionInfo) {
				s.opts.Logger.Error("index is corrupt", "file", info.Path, "err", info.Details)
			},
		},
	}
	for i := range opts.Levels {
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		opts.Levels[i].BlockSize = indexBlockSize
	}
	return opts
}

// A pebbleLogger puts what Pebble says into the log.
type pebbleLogger struct {
	logger *slog.Logger
	fatal  *fatal
}

// Infof implements [pebble.Logger].
func (l pebbleLogger) Infof(format string, args ...any) {
	if l.logger.Enabled(context.Background(), slog.LevelDebug) {
		l.logger.Debug("pebble: " + fmt.Sprintf(format, args...))
	}
}

// Errorf implements [pebble.Logger].
func (l pebbleLogger) Errorf(format string, args ...any) {
	l.logger.Warn("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf implements [pebble.Logger]: Pebble cannot go on.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf("storage: index: "+format, args...)
	for _, arg := range args {
		if cause, ok := arg.(error); ok {
			err = fmt.Errorf("%v: %w", err, cause)
		}
	}
	l.fatal.set(err)
}
