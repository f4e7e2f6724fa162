package upkeep

import (
	"context"
	"log/slog"
	"time"

	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Options are what a Keeper is made of; all must be set.
type Options struct {
	Store storage.Store
	Mail  *mailstore.Store
	Queue *queue.Queue
	// Interval is the time between rounds.
	Interval time.Duration
	// Chores are what else is to be done, each in its own time.
	Chores []Chore
	// KeepExpunged is how long the content of an expunged message stays.
	KeepExpunged time.Duration
	Now          func() time.Time
	Logger       *slog.Logger
}

// A Chore is something to be done every so often, but no more often than there
// are rounds. What it returns is how much it has done.
type Chore struct {
	Name  string
	Every time.Duration
	Do    func(context.Context) (int64, error)
}

// A Keeper does the upkeep.
type Keeper struct {
	Options
	done map[string]time.Time // when each chore succeeded last
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
	for _, task := range append([]task{
		{"collecting expunged messages", func() (int64, error) {
			n, err := k.Mail.CollectOrphans(ctx, now.Add(-k.KeepExpunged))
			return int64(n), err
		}},
		{"reclaiming space", func() (int64, error) { return k.Store.Reclaim(ctx) }},
		{"releasing expired leases", func() (int64, error) {
			n, err := k.Queue.ReleaseExpired(now)
			return int64(n), err
		}},
	}, k.due(ctx, now)...) {
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

// due returns the chores whose time has come. One that fails is due again in
// the next round.
func (k *Keeper) due(ctx context.Context, now time.Time) []task {
	var tasks []task
	for _, c := range k.Chores {
		if now.Sub(k.done[c.Name]) < c.Every {
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
