package upkeep

import (
	"context"
	"log/slog"
	"time"

	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Options are what a Keeper is made of; all must be set.
type Options struct {
	Store storage.Store
	Mail  *mailstore.Store
	// Interval is the time between rounds.
	Interval time.Duration
	// Chores are what else is to be done, each in its own time.
	Chores []Chore
	// KeepExpunged is how long the content of an expunged message stays.
	KeepExpunged time.Duration
	Now          func() time.Time
	// Uptime is a clock that nobody sets: how long the process has run.
	Uptime func() time.Duration
	Logger *slog.Logger
}

// A Chore is something to be done every so often, but no more often than there
// are rounds. What it returns is how much it has done.
type Chore struct {
	Name  string
	Every time.Duration
	// Expires says that it throws away what is old: it is not done as long as
	// the clock may be wrong.
	Expires bool
	Do      func(context.Context) (int64, error)
}

// A Keeper does the upkeep.
type Keeper struct {
	Options
	done  map[string]time.Time // when each chore succeeded last
	clock clock
}

// New returns a Keeper.
func New(o Options) *Keeper { return &Keeper{Options: o, done: make(map[string]time.Time)} }

// Run does a round every so often until ctx is done.
func (k *Keeper) Run(ctx context.Context) {
	tick := time.NewTicker(k.Interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			k.Round(ctx)
		}
	}
}

// Round does everything once. What fails is logged, and tried again in the next
// round.
func (k *Keeper) Round(ctx context.Context) {
	now := k.Now()
	if jump := k.clock.look(now, k.Uptime()); jump > 0 {
		k.Logger.Warn("the clock has jumped; what would be old now is kept for a day", "by", jump.Round(time.Second))
	}
	for _, task := range k.due(ctx, now) {
		n, err := task.do()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			k.Logger.Error("upkeep failed", "task", task.name, "err", err)
		case n > 0:
			k.Logger.Info("upkeep", "task", task.name, "done", n)
		}
	}
}

// A task is one thing that a round does.
type task struct {
	name string
	do   func() (int64, error)
}

// due returns what a round does: always to look after the store, and the chores
// whose time has come. One that fails is due again in the next round.
func (k *Keeper) due(ctx context.Context, now time.Time) []task {
	tasks := []task{{"reclaiming space", func() (int64, error) { return k.Store.Reclaim(ctx) }}}
	expire := k.clock.trusted(k.Uptime())
	if expire {
		tasks = append(tasks, task{"collecting expunged messages", func() (int64, error) {
			n, err := k.Mail.CollectOrphans(ctx, now.Add(-k.KeepExpunged))
			return int64(n), err
		}})
	}
	for _, c := range k.Chores {
		since := now.Sub(k.done[c.Name]) // below zero if the clock was set back
		if since >= 0 && since < c.Every || c.Expires && !expire {
			continue
		}
		tasks = append(tasks, task{c.Name, func() (int64, error) {
			n, err := c.Do(ctx)
			if err == nil {
				k.done[c.Name] = now
			}
			return n, err
		}})
	}
	return tasks
}
