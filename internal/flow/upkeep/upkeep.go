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
	// Expire looks after the mail that POP3 clients leave on the server, in
	// days, so it is called once an hour at most.
	Expire func(context.Context) (int64, error)
	// KeepExpunged is how long the content of an expunged message stays.
	KeepExpunged time.Duration
	Now          func() time.Time
	Logger       *slog.Logger
}

// A Keeper does the upkeep.
type Keeper struct {
	Options
	expired time.Time // when Expire was called
}

// New returns a Keeper.
func New(o Options) *Keeper { return &Keeper{Options: o} }

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
	for _, task := range []struct {
		name string
		do   func() (int64, error)
	}{
		{"collecting expunged messages", func() (int64, error) {
			n, err := k.Mail.CollectOrphans(ctx, now.Add(-k.KeepExpunged))
			return int64(n), err
		}},
		{"reclaiming space", func() (int64, error) { return k.Store.Reclaim(ctx) }},
		{"expiring mail left by POP3", func() (int64, error) { return k.expire(ctx, now) }},
		{"releasing expired leases", func() (int64, error) {
			n, err := k.Queue.ReleaseExpired(now)
			return int64(n), err
		}},
	} {
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

// expireEvery is the time between looks at the mail that POP3 clients left.
const expireEvery = time.Hour

func (k *Keeper) expire(ctx context.Context, now time.Time) (int64, error) {
	if now.Sub(k.expired) < expireEvery {
		return 0, nil
	}
	n, err := k.Expire(ctx)
	if err == nil {
		k.expired = now
	}
	return n, err
}
