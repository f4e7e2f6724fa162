package server

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/mailstead/mailstead/internal/flow/upkeep"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// Changes of the directory that come within copyDelay of the first share a copy
// of the index, and copying takes at most one part in copyRest+1 of the time:
// that many times as long as a copy took, none is made.
const (
	copyDelay = time.Second
	copyRest  = 20
)

// A checkpointer keeps a copy of the index that is not old: accounts, flags and
// all else that does not come with a message are nowhere else. When the directory
// has changed, the copy is made soon after; for all else the upkeep makes one.
type checkpointer struct {
	checkpoint func(context.Context) error
	version    func(context.Context) (uint64, error) // of the directory
	every      time.Duration
	changed    chan struct{} // has room for one: the directory has changed
	logger     *slog.Logger

	mu   sync.Mutex // held while a copy is made
	made time.Time
	at   uint64 // version of the directory then
}

// newCheckpointer returns the one that copies the store's index, or nil if there
// is nothing to do.
func (s *Server) newCheckpointer() *checkpointer {
	store, ok := s.store.(*embedded.Store)
	if !ok || s.config.Storage.IndexCopy.Duration == 0 {
		return nil
	}
	c := &checkpointer{
		checkpoint: store.Checkpoint,
		version:    func(ctx context.Context) (uint64, error) { return s.directory.Version(ctx) },
		every:      s.config.Storage.IndexCopy.Duration,
		changed:    make(chan struct{}, 1),
		logger:     s.log.With("part", "upkeep"),
	}
	// The last process may have ended before it copied what had changed, and a
	// repair leaves no copy.
	c.note()
	return c
}

// note says that the directory has changed.
func (c *checkpointer) note() {
	select {
	case c.changed <- struct{}{}:
	default: // a copy is due already
	}
}

// chore is what the upkeep does.
func (c *checkpointer) chore() upkeep.Chore {
	return upkeep.Chore{Name: "copying the index", Do: func(ctx context.Context) (int64, error) {
		return 0, c.copyIfOld(ctx) // not worth a line in the log
	}}
}

// run copies the index soon after the directory has changed, until ctx is done.
// What changed last is copied before it returns.
func (c *checkpointer) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			c.finish()
			return
		case <-c.changed:
		}
		pause(ctx, copyDelay)
		began := time.Now()
		// A full disk, say: the upkeep tries again.
		if err := c.copyIfOld(context.WithoutCancel(ctx)); err != nil {
			c.logger.Error("the index was not copied after accounts have changed", "err", err)
		}
		pause(ctx, copyRest*time.Since(began))
	}
}

// finish makes the copy that is due.
func (c *checkpointer) finish() {
	select {
	case <-c.changed:
	default:
		return
	}
	if err := c.copyIfOld(context.Background()); err != nil {
		c.logger.Error("the index was not copied before the end", "err", err)
	}
}

// pause waits, but not beyond the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// copyIfOld makes a copy when the last one is old, or the directory has changed
// since.
func (c *checkpointer) copyIfOld(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	version, err := c.version(ctx)
	if err != nil {
		return err
	}
	if !c.made.IsZero() && version == c.at && time.Since(c.made) < c.every {
		return nil
	}
	if err := c.checkpoint(ctx); err != nil {
		return err
	}
	c.made, c.at = time.Now(), version
	return nil
}
