package outbound

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
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
	// Routes change what holds for all mail, for some of it.
	Routes Routes
	// Owner names this node in leases; default "outbound". Two nodes must
	// not have the same.
	Owner string
	// MaxDeliveries and MaxPerDestination bound how many parcels are
	// delivered at once, in all and for one destination; default 100 and
	// 10. Each destination starts with fewer, and gets more with success.
	MaxDeliveries     int
	MaxPerDestination int
	// MaxRecipients of one parcel; default 100.
	MaxRecipients int
	// Lease is for how long works are leased; leases are renewed while they
	// are needed. Default 20 minutes.
	Lease time.Duration
	// Timeout bounds the delivery of one parcel; default 30 minutes.
	Timeout time.Duration
	// Drain is how long Run waits, when it is to stop, for what is in
	// flight; default one minute.
	Drain time.Duration

	Now     func() time.Time // the clock; default time.Now
	Logger  *slog.Logger     // default discards
	Metrics Metrics          // nil counts nothing

	// Observe is told of each attempt when it is over, before the queue
	// knows the outcome; nil is told nothing. It is called concurrently.
	Observe func(ctx context.Context, a []Attempt)
	// Journal adds to the batch that tells the queue what came of a parcel,
	// perhaps more than once, to one batch after the other, until one has
	// committed; nil adds nothing.
	Journal func(b *storage.Batch, a []Attempt)
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
	forgive atomic.Bool // see TryAll
	intake  *intake
}

// New returns a runner; it does nothing before Run is called.
func New(o Options) *Runner {
	o.Owner = cmp.Or(o.Owner, "outbound")
	o.MaxDeliveries = cmp.Or(o.MaxDeliveries, 100)
	o.MaxPerDestination = cmp.Or(o.MaxPerDestination, 10)
	o.MaxRecipients = cmp.Or(o.MaxRecipients, 100)
	o.Lease = cmp.Or(o.Lease, 20*time.Minute)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Minute)
	o.Drain = cmp.Or(o.Drain, time.Minute)
	o.Schedule = o.Schedule.withDefaults()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Runner{options: o, wake: make(chan struct{}, 1), intake: newIntake(2 * o.MaxDeliveries)}
}

// Notify says that there may be something new in the queue. It does not block.
func (r *Runner) Notify() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// TryAll makes the runner ask every destination again, also those that are left
// alone for now because they could not be reached: somebody knows better. What
// the transport remembers is for the caller to clear, see [SMTP.Forget].
func (r *Runner) TryAll() {
	r.forgive.Store(true)
	r.Notify()
}

// Run delivers until the context ends. Then it takes nothing new, finishes what
// is in flight, and returns nil. It returns an error only if the store has been
// closed under it. There must be only one Run at a time.
func (r *Runner) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	l := newLoop(r, work)
	var finishing sync.WaitGroup
	finishing.Go(func() { r.finishAll(work, l.finished) })
	err := l.run(ctx)
	stop := time.AfterFunc(r.options.Drain, cancel)
	defer stop.Stop()
	l.giveBack()
	finishing.Go(func() {
		l.running.Wait()
		close(l.done)
	})
	for range l.done { // nobody waits for what it says
	}
	close(l.finished)
	finishing.Wait()
	l.parcels = 0
	l.inFlight()
	return err
}
