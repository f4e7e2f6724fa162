package outbound

import (
	"sync"

	"github.com/mailstead/mailstead/internal/model/queue"
)

// An intake is the short way into the loop, for mail that has just been
// accepted: recipients at a hop that has room are leased in the batch that
// accepts them, and come here when it has committed. Nothing has to look for
// them, and no other commit is needed. Where mail waits already, or too much is
// in memory, the rest waits in the queue, and so does all that comes after it,
// until the loop has found it there: who came first goes first.
type intake struct {
	most    int // works for one hop; twice as many in all
	arrived chan struct{}

	mu     sync.Mutex
	open   bool               // somebody runs, and has ended the leases from before
	coming map[queue.Hop]int  // works that were given room and have not started
	total  int                // of coming
	behind map[queue.Hop]bool // where mail waits in the queue
	works  []queue.Work       // for the loop to fetch
}

func newIntake(most int) *intake {
	return &intake{most: most, arrived: make(chan struct{}, 1), coming: map[queue.Hop]int{}, behind: map[queue.Hop]bool{}}
}

// Terms returns on which a message that is accepted now may be leased. Each work
// that they have given room must come back, by Take or Forgo.
func (r *Runner) Terms() queue.Terms {
	now := r.options.Now()
	return queue.Terms{
		Owner: r.options.Owner, Now: now, Until: now.Add(r.options.Lease),
		MaxRecipients: r.options.MaxRecipients, Room: r.intake.room,
	}
}

// Take delivers works whose leases have committed. They are the Runner's now.
func (r *Runner) Take(works []queue.Work) { r.intake.take(works) }

// Forgo gives back the room of works that have not committed.
func (r *Runner) Forgo(works []queue.Work) {
	for i := range works {
		r.intake.started(works[i].Hop())
	}
}

// room gives room to one more work for a hop, if there is some.
func (in *intake) room(hop queue.Hop) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.open || in.behind[hop] {
		return false
	}
	if in.coming[hop] >= in.most || in.total >= 2*in.most {
		if len(in.behind) < maxLanes {
			in.behind[hop] = true
		}
		return false
	}
	in.coming[hop]++
	in.total++
	return true
}

// started gives back the room of a work.
func (in *intake) started(hop queue.Hop) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.giveBack(hop)
}

// giveBack is started for those who hold mu.
func (in *intake) giveBack(hop queue.Hop) {
	in.total--
	if in.coming[hop]--; in.coming[hop] == 0 {
		delete(in.coming, hop)
	}
}

// take keeps works for the loop. If that has ended, they stay leased until the
// next one starts and makes them wait.
func (in *intake) take(works []queue.Work) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.open {
		for i := range works {
			in.giveBack(works[i].Hop())
		}
		return
	}
	in.works = append(in.works, works...)
	select {
	case in.arrived <- struct{}{}:
	default:
	}
}

// fetch returns the works that have come.
func (in *intake) fetch() []queue.Work {
	in.mu.Lock()
	defer in.mu.Unlock()
	works := in.works
	in.works = nil
	return works
}

// start lets works come.
func (in *intake) start() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.open = true
}

// stop lets no more works come.
func (in *intake) stop() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.open = false
}

// looked says at which hops mail waits, as a look at the queue has shown; more
// says that there may be others.
func (in *intake) looked(more bool, left map[queue.Hop]bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !more {
		clear(in.behind)
	}
	for hop := range left {
		in.behind[hop] = true
	}
}
