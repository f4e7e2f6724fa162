package embedded

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// The files of a store in its folder.
const (
	lockName   = "LOCK"
	indexDir   = "index"
	packDir    = "packs"
	stagingDir = "staging"

	checkpointDir = "checkpoint"

	ballast = "ballast"
)

// ErrLocked says that another process, or another Store of this one, has the
// folder open.
var ErrLocked = errors.New("storage: data folder is in use")

// A Store is a [storage.Store] in a folder.
type Store struct {
	opts      Options
	dir       string
	indexName string
	lock      io.Closer
	db        *pebble.DB
	codec     *codec
	packs     *packSet
	staging   *staging
	queue     queue
	committer committer
	nextID    atomic.Uint64
	disk      *diskGuard
	fatal     fatal
	gate      gate
	windows   permits // of readers that read ahead
	locations locationCache
	damages   damages
	checked   checked

	reclaiming    sync.RWMutex // held by Reclaim, and shared by views
	checkpointing sync.Mutex   // held by Checkpoint
	// avoided has the packs that Reclaim found damaged, and how many bytes were
	// alive in them then. It belongs to the leader of the queue.
	avoided map[packID]int64

	mu        sync.Mutex
	snapshots map[*snapshot]struct{}
}

var _ storage.Store = (*Store)(nil)

// Open opens the store in dir, or makes a new one there. What an earlier
// process acknowledged but the index does not know is read from the packs.
// Only one Store can have a folder open; for the next, Open fails with
// ErrLocked.
func Open(dir string, opts Options) (*Store, error) {
	s := newStore(dir, opts.withDefaults())
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.abandon())
	}
	return s, nil
}

// ErrNoStore says that there is no store in a folder.
var ErrNoStore = errors.New("storage: no store")

// OpenExisting is Open for a store that has been made before. It returns
// ErrNoStore, and makes nothing, if there is none.
func OpenExisting(dir string, opts Options) (*Store, error) {
	if err := newStore(dir, opts.withDefaults()).exists(); err != nil {
		return nil, err
	}
	return Open(dir, opts)
}

// exists returns ErrNoStore if nobody has made a store in the folder.
func (s *Store) exists() error {
	if _, err := s.opts.FS.Stat(s.path(packDir)); err != nil {
		return fmt.Errorf("%w in %s: %w", ErrNoStore, s.dir, err)
	}
	return nil
}

func newStore(dir string, opts Options) *Store {
	s := &Store{
		opts:      opts,
		dir:       dir,
		indexName: indexDir,
		snapshots: make(map[*snapshot]struct{}),
	}
	s.gate.idle = sync.NewCond(&s.gate.mu)
	s.fatal.report = opts.OnFatal
	s.damages.logger = opts.Logger
	s.windows.left.Store(opts.ReadAhead / windowSize)
	return s
}

func (s *Store) path(name string) string { return s.opts.FS.PathJoin(s.dir, name) }

func (s *Store) open() error {
	if err := s.openFolder(); err != nil {
		return err
	}
	if err := s.openIndex(); err != nil {
		return err
	}
	end, usages, err := s.recover()
	if err != nil {
		return err
	}
	return s.start(end, usages)
}

// openFolder makes the folders, and locks them: nothing is made in one that
// somebody else has open.
func (s *Store) openFolder() error {
	fs := s.opts.FS
	if err := checkFormat(fs, s.dir); err != nil {
		return err
	}
	if err := fs.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("storage: %w", err)
	}
	if err := s.lockFolder(); err != nil {
		return err
	}
	for _, name := range []string{s.indexName, packDir, stagingDir} {
		if err := fs.MkdirAll(s.path(name), 0o700); err != nil {
			return fmt.Errorf("storage: %w", err)
		}
	}
	if err := errors.Join(syncDir(fs, fs.PathDir(s.dir)), syncDir(fs, s.dir)); err != nil {
		return err
	}
	if err := writeFormat(fs, s.dir); err != nil {
		return err
	}
	s.codec = newCodec()
	s.packs = newPackSet(patientFS{fs, s.opts.Logger}, s.path(packDir), s.opts.OpenPacks)
	s.staging = &staging{fs: fs, dir: s.path(stagingDir), codec: s.codec, reserved: s.opts.Reserved}
	s.disk = newDiskGuard(s.opts, s.path(ballast))
	return s.staging.clean()
}

func (s *Store) lockFolder() error {
	lock, err := s.opts.FS.Lock(s.path(lockName))
	if err != nil {
		return fmt.Errorf("%w: %s: %v", ErrLocked, s.dir, err)
	}
	s.lock = lock
	return nil
}

// start lets the committer go on after end.
func (s *Store) start(end position, usages map[packID]usage) error {
	w := &packWriter{packs: s.packs, packSize: s.opts.PackSize, end: end}
	if end.pack != 0 {
		var err error
		if w.current, err = s.packs.acquire(end.pack); err != nil {
			return err
		}
	}
	s.nextID.Store(end.nextID)
	s.committer.db = s.db
	s.committer.codec = s.codec
	s.committer.writer = w
	s.committer.overlay = newOverlay(s.db)
	s.committer.applier = newApplier(s.db, usages, s.opts.Logger)
	s.committer.nextID = &s.nextID
	s.committer.locations = &s.locations
	s.committer.disk = s.disk
	s.committer.fatal = &s.fatal
	s.queue.serve = s.committer.serve
	return nil
}

// abandon closes what a failed open has opened.
func (s *Store) abandon() error {
	var errs []error
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.packs != nil {
		s.packs.close()
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// Close implements [storage.Store].
func (s *Store) Close() error {
	return s.queue.close(func() error {
		s.gate.close()
		s.closeSnapshots()
		if s.committer.writer.current != nil {
			s.packs.release(s.committer.writer.current)
		}
		return errors.Join(s.shutIndex(), s.abandon())
	})
}

// NewBatch implements [storage.Store].
func (s *Store) NewBatch() *storage.Batch { return storage.NewBatch(s) }

// NextID implements [storage.BlobSource]. An ID that was in a committed batch
// is never given out again.
func (s *Store) NextID() storage.BlobID { return storage.BlobID(s.nextID.Add(1) - 1) }

// Encode implements [storage.BlobSource]: it compresses.
func (s *Store) Encode(content []byte) [][]byte { return s.codec.encode(content) }

// Enqueue implements [storage.Store].
func (s *Store) Enqueue(b *storage.Batch) *storage.Pending {
	if err := b.Err(); err != nil {
		p := storage.NewPending()
		p.Resolve(err)
		return p
	}
	return s.queue.enqueue(&request{batch: b})
}

// Stage implements [storage.Store].
func (s *Store) Stage() (storage.Staged, error) {
	if !s.gate.enter() {
		return nil, storage.ErrClosed
	}
	defer s.gate.leave()
	return s.staging.newStaged(), nil
}

// Stats implements [storage.Store].
func (s *Store) Stats() storage.Stats {
	stats := s.committer.stats()
	s.damages.tell(&stats)
	if s.gate.enter() {
		defer s.gate.leave()
		stats.KeyBytes = int64(s.db.Metrics().DiskSpaceUsage())
	}
	return stats
}

// A gate counts who is inside, so that the index is not closed under a reader.
type gate struct {
	mu     sync.Mutex
	inside int
	closed bool
	idle   *sync.Cond
}

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 && g.closed {
		g.idle.Broadcast()
	}
}

// close lets nobody in any more and waits until all have left.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	for g.inside > 0 {
		g.idle.Wait()
	}
}

// Permits are a number that may be in use at once.
type permits struct{ left atomic.Int64 }

// take takes one, if one is left.
func (p *permits) take() bool {
	if p.left.Add(-1) >= 0 {
		return true
	}
	p.left.Add(1)
	return false
}

func (p *permits) giveBack() { p.left.Add(1) }
