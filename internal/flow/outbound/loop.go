package outbound

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Pauses of the loop.
const (
	maxIdle      = time.Minute           // between looks at the queue
	sweepPause   = 10 * time.Minute      // between looks for leases of dead nodes
	tidyPause    = time.Minute           // between looks at leases and lanes of our own
	storagePause = 5 * time.Second       // after the store has failed
	fullPause    = 10 * time.Millisecond // between looks for what is new while all lanes are full
)

// A loop is one Run. One goroutine leases, puts works on lanes and starts
// parcels, each in a goroutine; what came of them goes to another goroutine,
// which tells the queue. All fields but the channels belong to the first.
type loop struct {
	*Runner
	work     context.Context // of the deliveries
	running  sync.WaitGroup
	done     chan report
	finished chan queue.Finished

	lanes    *lanes
	busy     map[string]int          // parcels on each route
	left     map[queue.Hop]bool      // that have more in the store
	inFlow   map[*queue.Work]*leased // under way
	resuming map[queue.Hop]bool      // whose suspended recipients are being made due
	probing  bool
	parcels  int       // in flight
	next     time.Time // when the store has something new by itself
	look     bool      // at the store: there may be something new
	quiet    time.Time // no look before, unless a lane has room
	swept    time.Time
	tidied   time.Time
	released bool // what we had leased before the start
}

// A report is what the loop hears of a parcel that is over.
type report struct {
	leased
	began   time.Time
	results []Result
	route   *Route // that was taken in the end; nil if none was
	// suspended says that nothing was tried, for a lane that is down; resumed
	// that the suspended recipients of a hop are due.
	suspended *lane
	resumed   queue.Hop
	probed    bool // a probe is over
}

func newLoop(r *Runner, work context.Context) *loop {
	return &loop{
		Runner: r, work: work, lanes: newLanes(r.options.MaxPerDestination),
		done: make(chan report, r.options.MaxDeliveries), finished: make(chan queue.Finished, finishChunk),
		busy: map[string]int{}, left: map[queue.Hop]bool{}, inFlow: map[*queue.Work]*leased{},
		resuming: map[queue.Hop]bool{}, look: true,
	}
}

func (l *loop) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-l.wake:
			l.look = true
		case <-l.intake.arrived:
		case <-timer.C:
		case r := <-l.done:
			l.hear(r)
		}
		l.hearAll()
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

// hearAll takes the reports that have come meanwhile.
func (l *loop) hearAll() {
	for {
		select {
		case r := <-l.done:
			l.hear(r)
		default:
			return
		}
	}
}

// turn starts deliveries. It returns when to look again, if nothing happens
// before.
func (l *loop) turn() (time.Duration, error) {
	now := l.options.Now()
	if err := l.sweep(now); err != nil {
		return 0, err
	}
	l.admit(now)
	l.dispatch(now)
	if known := l.known(now); len(known) > 0 || l.mayLook(now) {
		if err := l.lease(now, known); err != nil {
			return 0, err
		}
		l.dispatch(now)
	}
	return l.pause(now), nil
}

// mayLook reports whether it is time to ask the store for what is new.
func (l *loop) mayLook(now time.Time) bool {
	if !l.next.IsZero() && !now.Before(l.next) {
		l.look = true
	}
	return l.look && l.space() > 0 && !now.Before(l.quiet)
}

// space is how many works may be leased now.
func (l *loop) space() int { return 2*l.options.MaxDeliveries + suspendChunk - l.lanes.ready }

// known returns hops that have more in the store, and room for it.
func (l *loop) known(now time.Time) []queue.Hop {
	var hops []queue.Hop
	if l.space() <= 0 {
		return nil
	}
	for hop := range l.left {
		if l.lanes.room(hop, now) > 0 {
			hops = append(hops, hop)
		}
	}
	return hops
}

// lease asks the store for works.
func (l *loop) lease(now time.Time, known []queue.Hop) error {
	l.look = false
	until := now.Add(l.options.Lease)
	leasing, err := l.options.Queue.Lease(now, queue.LeaseOptions{
		Owner:         l.options.Owner,
		Duration:      l.options.Lease,
		MaxWorks:      l.space(),
		MaxRecipients: l.options.MaxRecipients,
		Room:          func(h queue.Hop) int { return l.lanes.room(h, now) },
		Known:         known,
	})
	if err != nil {
		l.look = true
		return err
	}
	for _, hop := range known {
		delete(l.left, hop)
	}
	for i := range leasing.Works {
		l.place(leased{work: &leasing.Works[i], until: until}, now)
	}
	for _, hop := range leasing.Left {
		// Of a hop with nothing under way nobody would tell us that there is
		// room; the store finds it again.
		if l.lanes.moving(hop) {
			l.left[hop] = true
		}
	}
	l.next, l.look = leasing.Next, leasing.More
	l.intake.looked(leasing.More, l.left)
	if len(leasing.Works) == 0 && l.parcels > 0 {
		l.quiet = now.Add(fullPause)
	}
	return nil
}

// admit takes what has just been accepted.
func (l *loop) admit(now time.Time) {
	works := l.intake.fetch()
	for i := range works {
		l.place(leased{work: &works[i], until: works[i].Recipients[0].Lease.Until, short: true}, now)
	}
}

// place puts a work on its lane.
func (l *loop) place(w leased, now time.Time) {
	way := wayOf(&w.work.Message, w.work.Recipients)
	w.route = l.options.Routes.choose(&way)
	w.lane = l.lanes.get(w.work.Hop(), w.route, now)
	l.lanes.push(w)
}

// pop takes the next work of a lane.
func (l *loop) pop(lane *lane) leased {
	w := l.lanes.pop(lane)
	if w.short {
		l.intake.started(lane.key.hop)
	}
	return w
}

// dispatch starts as many parcels as there is room for, one on each lane in
// turn.
func (l *loop) dispatch(now time.Time) {
	if l.forgive.Swap(false) {
		l.lanes.forgive()
	}
	for started := true; started; {
		started = false
		active := l.lanes.active[:0]
		for _, lane := range l.lanes.active {
			started = l.advance(lane, now) || started
			if lane.listed = len(lane.ready) > 0; lane.listed {
				active = append(active, lane)
			}
		}
		clear(l.lanes.active[len(active):])
		l.lanes.active = active
	}
}

// advance starts one parcel of a lane, or puts off all that it has if it is
// down. It reports whether a parcel has started.
func (l *loop) advance(lane *lane, now time.Time) bool {
	if len(lane.ready) == 0 {
		return false
	}
	if reason, down := lane.isDown(now); down {
		if !lane.suspending {
			l.suspend(lane, reason)
		}
		return false
	}
	if !lane.pace.ready(lane.running, now) || !l.slot(lane) {
		return false
	}
	l.start(l.pop(lane), now)
	return true
}

// slot reports whether one more parcel may be under way. A quarter is kept from
// destinations that have last failed, so that any number of them that stall
// leaves room for the others.
func (l *loop) slot(lane *lane) bool {
	most := l.options.MaxDeliveries
	if lane.failures > 0 {
		most -= most / 4
	}
	if c := lane.route.Concurrency; c > 0 && l.busy[lane.route.Name] >= c {
		return false
	}
	return l.parcels < most
}

// start delivers a work beside the loop.
func (l *loop) start(w leased, now time.Time) {
	w.lane.started(now, w.lane.route.least())
	w.lane.running++
	l.busy[w.route.Name]++
	l.parcels++
	known := w // whose lease the loop prolongs
	l.inFlow[w.work] = &known
	l.inFlight()
	l.running.Go(func() {
		results, route := l.handle(l.work, w, l.finished)
		l.done <- report{leased: w, began: now, results: results, route: route}
	})
}

// suspend puts off all works of a lane that is down, without asking anyone.
func (l *loop) suspend(lane *lane, reason Result) {
	works := slices.Clone(lane.ready)
	for range works {
		l.pop(lane)
	}
	lane.suspending = true
	l.running.Go(func() {
		for _, w := range works {
			l.putOff(l.work, w, reason, l.finished)
		}
		l.done <- report{suspended: lane}
	})
}

// hear takes a report.
func (l *loop) hear(r report) {
	now := l.options.Now()
	switch {
	case r.resumed != "":
		delete(l.resuming, r.resumed)
		l.look = true
		return
	case r.probed:
		l.probing, l.look = false, true
		return
	case r.suspended != nil:
		r.suspended.suspending = false
		return
	}
	lane := r.lane
	delete(l.inFlow, r.work)
	if l.busy[r.leased.route.Name]--; l.busy[r.leased.route.Name] == 0 {
		delete(l.busy, r.leased.route.Name)
	}
	lane.running--
	lane.used = now
	l.parcels--
	l.inFlight()
	if r.route != nil {
		lane.route = r.route
	}
	if back := lane.hear(signalOf(r.results), r.results, r.began, now, l.lanes.limitOf(lane)); back {
		l.resume(lane.key.hop)
	}
}

// resume makes due what was put off for a hop that has come back.
func (l *loop) resume(hop queue.Hop) {
	if l.resuming[hop] {
		return
	}
	l.resuming[hop] = true
	l.running.Go(func() {
		if _, err := l.options.Queue.Resume(hop, l.options.Now(), math.MaxInt); err != nil {
			l.options.Logger.Error("what was put off is not made due", "hop", string(hop), "error", err)
		}
		l.done <- report{resumed: hop}
	})
}

// probe makes one message due for each hop that was out of reach and may not be
// any more, if none is due by itself.
func (l *loop) probe(now time.Time) {
	hops := l.lanes.quiet(now)
	if len(hops) == 0 || l.probing {
		return
	}
	l.probing = true
	l.running.Go(func() {
		for _, hop := range hops {
			if l.work.Err() != nil {
				break
			}
			if _, err := l.options.Queue.Resume(hop, now, 1); err != nil {
				l.options.Logger.Error("a destination is not tried again", "hop", string(hop), "error", err)
			}
		}
		l.done <- report{probed: true}
	})
}

// pause is how long nothing happens by itself.
func (l *loop) pause(now time.Time) time.Duration {
	until := now.Add(maxIdle)
	earlier := func(t time.Time) {
		if !t.IsZero() && t.Before(until) {
			until = t
		}
	}
	look := l.next
	if l.look {
		look = now
	}
	if l.space() > 0 && !look.IsZero() {
		earlier(later(look, l.quiet))
	}
	for _, lane := range l.lanes.active {
		if lane.next.After(now) {
			earlier(lane.next)
		}
	}
	return max(0, until.Sub(now))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (l *loop) inFlight() {
	if m := l.options.Metrics; m != nil {
		m.InFlight(l.parcels)
	}
}
