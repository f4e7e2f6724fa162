package outbound

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Options of a Runner. Queue, Store, Transport, Bounce and Hostname must be
// set; zero values of the others stand for the defaults.
type Options struct {
	Queue     *queue.Queue
	Store     storage.Store // that has the blobs of the queue
	Transport Transport
	// Bounce delivers a notification to a sender, or queues it. When it
	// returns nil, the notification is safe.
	Bounce   func(ctx context.Context, n Notice) error
	Hostname address.Domain // our name, for notifications

	Schedule Schedule
	// Owner names this node in leases; default "outbound". Two nodes must
	// not have the same.
	Owner string
	// MaxDeliveries and MaxPerDestination bound how many parcels are
	// delivered at once, in all and for one destination; default 100 and
	// 10.
	MaxDeliveries     int
	MaxPerDestination int
	// MaxRecipients of one parcel; default 100.
	MaxRecipients int
	// Timeout bounds the delivery of one parcel; default 30 minutes.
	Timeout time.Duration
	// Drain is how long Run waits, when it is to stop, for what is in
	// flight; default one minute.
	Drain time.Duration

	Now     func() time.Time // the clock; default time.Now
	Logger  *slog.Logger     // default discards
	Metrics Metrics          // nil counts nothing
}

// Metrics counts. Its methods are called concurrently.
type Metrics interface {
	// Attempted is called for each recipient after each attempt, with how
	// long the attempt took for the whole parcel.
	Attempted(r Result, took time.Duration)
	// Judged is called for each recipient with what becomes of it.
	Judged(v Verdict)
	// InFlight is called with how many parcels are being delivered.
	InFlight(parcels int)
}

// A Runner delivers what is in the queue.
type Runner struct {
	options Options
	wake    chan struct{}
}

// New returns a runner; it does nothing before Run is called.
func New(o Options) *Runner {
	o.Owner = cmp.Or(o.Owner, "outbound")
	o.MaxDeliveries = cmp.Or(o.MaxDeliveries, 100)
	o.MaxPerDestination = cmp.Or(o.MaxPerDestination, 10)
	o.MaxRecipients = cmp.Or(o.MaxRecipients, 100)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Minute)
	o.Drain = cmp.Or(o.Drain, time.Minute)
	o.Schedule = o.Schedule.withDefaults()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Runner{options: o, wake: make(chan struct{}, 1)}
}

// Notify says that there may be something new in the queue. It does not block.
func (r *Runner) Notify() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Pauses of the loop.
const (
	maxIdle      = time.Minute      // between looks at the queue
	sweepPause   = 10 * time.Minute // between looks for leases of dead nodes
	storagePause = 5 * time.Second  // after the store has failed
)

// Run delivers until the context ends. Then it takes nothing new, finishes what
// is in flight, and returns nil. It returns an error only if the store has been
// closed under it. There must be only one Run at a time.
func (r *Runner) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	l := loop{
		Runner: r, work: work, busy: map[address.Domain]int{},
		done: make(chan address.Domain, r.options.MaxDeliveries),
	}
	err := l.run(ctx)
	stop := time.AfterFunc(r.options.Drain, cancel)
	defer stop.Stop()
	l.running.Wait()
	l.parcels = 0
	l.inFlight()
	return err
}

// A loop is one Run.
type loop struct {
	*Runner
	work      context.Context // of the deliveries
	running   sync.WaitGroup
	done      chan address.Domain // a parcel for this destination has been dealt with
	busy      map[address.Domain]int
	parcels   int // in flight: the sum of busy
	lastSweep time.Time
	released  bool // what we had leased before the start
}

func (l *loop) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.wake:
		case <-timer.C:
		case d := <-l.done:
			l.parcelDone(d)
		}
		pause, err := l.turn()
		if errors.Is(err, storage.ErrClosed) {
			return err
		}
		if err != nil {
			l.options.Logger.Error("queue cannot be read", "error", err)
			pause = storagePause
		}
		timer.Reset(pause)
	}
}

// turn starts deliveries. It returns when to look again, if nothing happens
// before.
func (l *loop) turn() (time.Duration, error) {
	if err := l.sweep(); err != nil {
		return 0, err
	}
	if l.parcels >= l.options.MaxDeliveries {
		return maxIdle, nil
	}
	now := l.options.Now()
	leasing, err := l.options.Queue.Lease(now, queue.LeaseOptions{
		Owner:         l.options.Owner,
		Duration:      2 * l.options.Timeout,
		MaxWorks:      l.options.MaxDeliveries - l.parcels,
		MaxRecipients: l.options.MaxRecipients,
		Room:          func(d address.Domain) int { return l.options.MaxPerDestination - l.busy[d] },
	})
	if err != nil {
		return 0, err
	}
	for _, w := range leasing.Works {
		l.start(w)
	}
	switch {
	case leasing.More:
		return 0, nil
	case leasing.Next.IsZero():
		return maxIdle, nil
	}
	return min(maxIdle, max(0, leasing.Next.Sub(now))), nil
}

// sweep ends the leases of those who do not deliver any more: our own from
// before the start, and from time to time those of dead nodes.
func (l *loop) sweep() error {
	now := l.options.Now()
	if !l.released {
		n, err := l.options.Queue.ReleaseOwner(l.options.Owner)
		if err != nil {
			return err
		}
		if n > 0 {
			l.options.Logger.Info("deliveries interrupted by the last stop start again", "recipients", n)
		}
		l.released, l.lastSweep = true, now
	}
	if now.Sub(l.lastSweep) < sweepPause {
		return nil
	}
	l.lastSweep = now
	_, err := l.options.Queue.ReleaseExpired(now)
	return err
}

// start delivers a piece of work beside the loop.
func (l *loop) start(w queue.Work) {
	l.busy[w.Destination]++
	l.parcels++
	l.inFlight()
	l.running.Go(func() {
		l.handle(l.work, w)
		l.done <- w.Destination // has room for all
	})
}

func (l *loop) parcelDone(d address.Domain) {
	if l.busy[d]--; l.busy[d] == 0 {
		delete(l.busy, d)
	}
	l.parcels--
	l.inFlight()
}

func (l *loop) inFlight() {
	if m := l.options.Metrics; m != nil {
		m.InFlight(l.parcels)
	}
}
