package outbound

import (
	"math/rand/v2"
	"strings"
	"time"
)

// A pace says how fast mail may go to one destination. Parcels at once grow
// with each success, doubling in every round at first, and are halved when the
// destination says that it is too much. At one parcel at once there may be a gap
// between two. A destination that cannot be reached is down: nobody asks it
// before some time has passed, and then one parcel only.
type pace struct {
	window    float64 // parcels at once
	threshold float64 // where doubling ends
	slowed    time.Time
	gap       time.Duration // between the starts of two parcels
	next      time.Time     // no parcel starts earlier
	succeeded time.Time     // last

	failures int       // in a row
	down     time.Time // until then
	reason   Result    // of the last failure
}

// Bounds of a pace.
const (
	firstWindow = 2
	firstGap    = time.Second
	longestGap  = time.Minute
	firstDown   = 30 * time.Second
	longestDown = 3 * time.Minute
)

func newPace(limit int) pace {
	return pace{window: float64(min(firstWindow, limit)), threshold: float64(limit)}
}

// A signal is what one parcel says about its destination.
type signal int

// The signals.
const (
	silence    signal = iota // nothing: it was our own fault
	welcome                  // the destination works
	busy                     // it puts a recipient or a message off
	overrun                  // it wants less from us
	outOfReach               // no session could be had
)

// signalOf reads the results of a parcel. One that reached its goal outweighs
// the others.
func signalOf(results []Result) signal {
	s := silence
	for i := range results {
		s = max(s, results[i].signal())
		if results[i].signal() == welcome {
			return welcome
		}
	}
	return s
}

func (r *Result) signal() signal {
	switch {
	case r.Kind == Accepted, r.Kind == Permanent && r.Remote != "":
		return welcome
	case r.Kind == Permanent:
		return silence
	case r.Unreached:
		return outOfReach
	case r.Remote == "" && r.Code != codeBroken:
		return silence
	case r.Remote == "", r.Command == "MAIL", strings.HasPrefix(r.Text, "421"):
		return overrun
	}
	return busy
}

// hear takes the signal of a parcel that began some time ago. It reports
// whether the destination has come back from being down.
func (p *pace) hear(s signal, results []Result, began, now time.Time, limit int) (back bool) {
	switch {
	case s == welcome:
		back = p.failures > 0
		p.succeed(now, limit)
	case s == busy:
		p.slow(began, now)
	case s == overrun, s == outOfReach && p.succeeded.After(began):
		// Others have got through meanwhile: it is a matter of too much.
		p.slow(began, now)
		if p.window <= 1 {
			p.gap = min(max(2*p.gap, firstGap), longestGap)
		}
	case s == outOfReach:
		p.fail(began, now, results)
	}
	return back
}

func (p *pace) succeed(now time.Time, limit int) {
	p.succeeded, p.failures, p.down = now, 0, time.Time{}
	if p.gap /= 2; p.gap < firstGap/2 {
		p.gap = 0
	}
	if p.window < p.threshold {
		p.window++
	} else {
		p.window += 1 / p.window
	}
	p.window = min(p.window, float64(limit))
}

// slow halves the window, once for all parcels that were under way together.
func (p *pace) slow(began, now time.Time) {
	if !began.After(p.slowed) {
		return
	}
	p.slowed = now
	p.window = max(1, p.window/2)
	p.threshold = p.window
}

// fail takes the destination down, for longer each time; what was under way
// together counts once.
func (p *pace) fail(began, now time.Time, results []Result) {
	if p.failures > 0 && !began.After(p.slowed) {
		return
	}
	p.failures++
	p.slowed, p.window, p.threshold = now, 1, firstWindow
	pause := min(firstDown<<min(p.failures-1, 10), longestDown)
	p.down = now.Add(pause - pause/10 + rand.N(pause/5))
	for _, r := range results {
		if r.Unreached {
			p.reason = r
		}
	}
}

// isDown reports whether the destination is not to be asked, and why.
func (p *pace) isDown(now time.Time) (Result, bool) {
	if p.failures == 0 || !now.Before(p.down) {
		return Result{}, false
	}
	r := p.reason
	r.Suspended = true
	return r, true
}

// ready reports whether a parcel may start beside those that are under way.
func (p *pace) ready(running int, now time.Time) bool {
	return float64(running)+1 <= p.window && !now.Before(p.next) && !now.Before(p.down)
}

// started notes that a parcel has begun. Route is the least gap.
func (p *pace) started(now time.Time, least time.Duration) {
	if gap := max(p.gap, least); gap > 0 {
		p.next = now.Add(gap)
	}
}
