package outbound

import (
	"cmp"
	"time"

	"github.com/mailstead/mailstead/internal/model/queue"
)

// A lane is the way to one hop over one route. It belongs to the loop.
type lane struct {
	key   laneKey
	route *Route // that the last parcel took
	pace
	ready   []leased // that may start when there is room
	running int      // parcels under way
	listed  bool     // among lanes.active
	// suspending says that works are being put off because the hop is down.
	suspending bool
	used       time.Time
}

type laneKey struct {
	hop   queue.Hop
	route string
}

// A leased is a work in memory.
type leased struct {
	work  *queue.Work
	lane  *lane
	route *Route
	until time.Time // end of the lease
	short bool      // it came through the intake
}

// lanes are all that are in use, or whose pace is worth remembering.
type lanes struct {
	limit  int // parcels at once on a lane, by default
	byKey  map[laneKey]*lane
	byHop  map[queue.Hop][]*lane
	active []*lane // with ready works
	ready  int     // works on all lanes
}

// Bounds of what is remembered.
const (
	maxLanes     = 50_000
	rememberLane = time.Hour
)

func newLanes(limit int) *lanes {
	return &lanes{limit: limit, byKey: map[laneKey]*lane{}, byHop: map[queue.Hop][]*lane{}}
}

// get returns the lane of a hop and a route, a new one if there is none.
func (ls *lanes) get(hop queue.Hop, route *Route, now time.Time) *lane {
	key := laneKey{hop, route.Name}
	l := ls.byKey[key]
	if l == nil {
		l = &lane{key: key, route: route}
		l.pace = newPace(ls.limitOf(l))
		ls.byKey[key] = l
		ls.byHop[hop] = append(ls.byHop[hop], l)
	}
	l.used = now
	return l
}

// limitOf is how many parcels at once a lane may have at most.
func (ls *lanes) limitOf(l *lane) int { return cmp.Or(l.route.PerDestination, ls.limit) }

// push makes a work ready.
func (ls *lanes) push(w leased) {
	l := w.lane
	l.ready = append(l.ready, w)
	ls.ready++
	if !l.listed {
		l.listed = true
		ls.active = append(ls.active, l)
	}
}

// pop takes the next work of a lane.
func (ls *lanes) pop(l *lane) leased {
	w := l.ready[0]
	l.ready[0] = leased{}
	l.ready = l.ready[1:]
	ls.ready--
	return w
}

// ahead is how many works a lane has in memory that are not under way yet: so
// many that it does not run dry while more are leased, and that the commit of
// their leases is shared by many.
func (l *lane) ahead() int { return 16 * int(l.window) }

// suspendChunk is how many works of a hop that is down are put off together.
const suspendChunk = 200

// room is how many works a hop can take. It is none until half of what it had
// ahead is used up, so that leases come in batches.
func (ls *lanes) room(hop queue.Hop, now time.Time) int {
	known := ls.byHop[hop]
	if len(known) == 0 {
		return 4 * firstWindow
	}
	room, ready := 0, 0
	for _, l := range known {
		ready += len(l.ready)
		if _, down := l.isDown(now); down {
			if !l.suspending {
				room = max(room, suspendChunk)
			}
		} else if len(l.ready) <= l.ahead()/2 {
			room = max(room, l.ahead()-len(l.ready))
		}
	}
	if ready > suspendChunk {
		return 0
	}
	return room
}

// moving reports whether something of a hop is in memory, so that the loop will
// come back to it.
func (ls *lanes) moving(hop queue.Hop) bool {
	for _, l := range ls.byHop[hop] {
		if l.running > 0 || len(l.ready) > 0 || l.suspending {
			return true
		}
	}
	return false
}

// quiet returns the hops that were out of reach, may be asked again, and have
// nothing that would.
func (ls *lanes) quiet(now time.Time) []queue.Hop {
	var hops []queue.Hop
	for _, l := range ls.byKey {
		if l.failures > 0 && !now.Before(l.down) && l.idle() {
			hops = append(hops, l.key.hop)
		}
	}
	return hops
}

// forgive lets every lane try at once. Those that fail again wait longer than
// before.
func (ls *lanes) forgive() {
	for _, l := range ls.byKey {
		l.down, l.next = time.Time{}, time.Time{}
	}
}

// tidy forgets lanes that have nothing to remember, and the oldest ones if
// there are too many.
func (ls *lanes) tidy(now time.Time) {
	for _, l := range ls.byKey {
		if !l.idle() {
			continue
		}
		age := now.Sub(l.used)
		if age > rememberLane || age > time.Minute && l.failures == 0 || len(ls.byKey) > maxLanes {
			ls.forget(l)
		}
	}
}

func (l *lane) idle() bool { return l.running == 0 && len(l.ready) == 0 && !l.suspending && !l.listed }

func (ls *lanes) forget(l *lane) {
	delete(ls.byKey, l.key)
	rest := ls.byHop[l.key.hop]
	for i := range rest {
		if rest[i] == l {
			rest = append(rest[:i:i], rest[i+1:]...)
			break
		}
	}
	if len(rest) == 0 {
		delete(ls.byHop, l.key.hop)
		return
	}
	ls.byHop[l.key.hop] = rest
}
