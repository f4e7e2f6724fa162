package server

import (
	"context"
	"time"

	"github.com/mailstead/mailstead/internal/flow/upkeep"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// A checkpointer keeps a copy of the index that is not old: accounts, flags and
// all else that does not come with a message are nowhere else.
type checkpointer struct {
	store   *embedded.Store
	version func(context.Context) (uint64, error) // of the directory
	every   time.Duration
	now     func() time.Time

	made time.Time
	at   uint64 // version of the directory then
}

// checkpoints returns the chore, and false if there is nothing to do.
func (s *Server) checkpoints() (upkeep.Chore, bool) {
	store, ok := s.store.(*embedded.Store)
	if !ok || s.config.Storage.IndexCopy.Duration == 0 {
		return upkeep.Chore{}, false
	}
	c := &checkpointer{store: store, version: s.directory.Version, every: s.config.Storage.IndexCopy.Duration, now: time.Now}
	return upkeep.Chore{Name: "copying the index", Do: c.do}, true
}

// do makes a copy when the last one is old, or the directory has changed since.
func (c *checkpointer) do(ctx context.Context) (int64, error) {
	version, err := c.version(ctx)
	if err != nil {
		return 0, err
	}
	if now := c.now(); version == c.at && now.Sub(c.made) < c.every {
		return 0, nil
	}
	if err := c.store.Checkpoint(ctx); err != nil {
		return 0, err
	}
	c.made, c.at = c.now(), version
	return 0, nil // not worth a line in the log
}
