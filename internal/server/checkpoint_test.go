package server

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A copying is a checkpointer whose copies are counted.
type copying struct {
	*checkpointer
	version atomic.Uint64 // of the directory
	takes   time.Duration // a copy
	err     error

	copies atomic.Int64
	copied atomic.Uint64 // the version that the last one has
	cancel context.CancelFunc
	ended  chan struct{}
}

// beginCopying runs one, which has made its first copy when this returns.
func beginCopying(t *testing.T) *copying {
	c := &copying{ended: make(chan struct{})}
	c.checkpointer = &checkpointer{
		version: func(context.Context) (uint64, error) { return c.version.Load(), nil },
		checkpoint: func(context.Context) error {
			has := c.version.Load()
			time.Sleep(c.takes)
			if c.err == nil {
				c.copies.Add(1)
				c.copied.Store(has)
			}
			return c.err
		},
		every: time.Hour, changed: make(chan struct{}, 1), logger: slog.New(slog.DiscardHandler),
	}
	c.note()
	ctx, cancel := context.WithCancel(t.Context())
	c.cancel = cancel
	go func() {
		defer close(c.ended)
		c.run(ctx)
	}()
	c.pass(2 * copyDelay)
	if c.copies.Load() != 1 {
		t.Errorf("%d copies were made after the start, want 1", c.copies.Load())
	}
	return c
}

func (c *copying) change() {
	c.version.Add(1)
	c.note()
}

func (c *copying) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (c *copying) end() {
	c.cancel()
	<-c.ended
}

// TestCopySoonAfterChange wants a change to be in a copy a second later, and one
// copy to do for changes that come together.
func TestCopySoonAfterChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := beginCopying(t)
		defer c.end()
		for round := range int64(3) {
			for range 100 {
				c.change()
				time.Sleep(5 * time.Millisecond)
			}
			c.pass(copyDelay)
			if c.copies.Load() != 2+round || c.copied.Load() != c.version.Load() {
				t.Errorf("round %d: %d copies, the last of version %d of %d", round, c.copies.Load(), c.copied.Load(), c.version.Load())
			}
		}
		c.pass(30 * time.Minute)
		if c.copies.Load() != 4 {
			t.Errorf("%d copies, want none where nothing has changed", c.copies.Load())
		}
	})
}

// TestCopyRests wants copies to take a small part of the time, though the
// directory changes without an end, and the last change to be copied.
func TestCopyRests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := beginCopying(t)
		defer c.end()
		c.takes = 2 * time.Second
		begin := c.copies.Load()
		for range 100_000 {
			c.change()
			time.Sleep(36 * time.Millisecond)
		}
		synctest.Wait()
		copies := time.Duration(c.copies.Load() - begin)
		if most := time.Hour / copyRest; copies*c.takes > most {
			t.Errorf("%d copies of %v in an hour, want %v in all", copies, c.takes, most)
		}
		c.pass(copyDelay + (copyRest+1)*c.takes + c.takes)
		if c.copied.Load() != c.version.Load() {
			t.Errorf("version %d is copied, want %d", c.copied.Load(), c.version.Load())
		}
	})
}

// TestCopyAtTheEnd wants what has changed last to be copied before the end.
func TestCopyAtTheEnd(t *testing.T) {
	t.Parallel()
	for _, before := range []time.Duration{0, copyDelay / 2, 2 * copyDelay} {
		synctest.Test(t, func(t *testing.T) {
			c := beginCopying(t)
			c.change()
			c.pass(before)
			c.change()
			c.end()
			if c.copied.Load() != c.version.Load() {
				t.Errorf("%v after a change: version %d is copied, want %d", before, c.copied.Load(), c.version.Load())
			}
		})
	}
}

// TestCopyFails wants the upkeep to make the copy that could not be made.
func TestCopyFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := beginCopying(t)
		defer c.end()
		c.err = errors.New("disk full")
		c.change()
		c.pass(2 * copyDelay)
		if _, err := c.chore().Do(t.Context()); !errors.Is(err, c.err) {
			t.Errorf("the upkeep says %v", err)
		}
		c.err = nil
		if _, err := c.chore().Do(t.Context()); err != nil || c.copied.Load() != c.version.Load() {
			t.Errorf("the upkeep says %v, version %d is copied, want %d", err, c.copied.Load(), c.version.Load())
		}
	})
}
