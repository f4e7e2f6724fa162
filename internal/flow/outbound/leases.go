package outbound

import (
	"slices"
	"time"

	"github.com/mailstead/mailstead/internal/model/queue"
)

// sweep ends the leases of those who do not deliver any more: our own from
// before the start, and from time to time those of dead nodes. Our own of now
// it keeps alive. At these times it also mends what a clock has done.
func (l *loop) sweep(now time.Time) error {
	if !l.released {
		n, err := l.options.Queue.ReleaseOwner(l.options.Owner)
		if err != nil {
			return err
		}
		if n > 0 {
			l.options.Logger.Info("deliveries interrupted by the last stop start again", "recipients", n)
		}
		l.released, l.swept, l.tidied = true, now, now
		if err := l.hasten(now); err != nil {
			return err
		}
		l.intake.start()
	}
	if now.Sub(l.tidied) >= tidyPause {
		l.tidied = now
		l.lanes.tidy(now)
		l.probe(now)
		if err := l.renew(now); err != nil {
			return err
		}
	}
	if now.Sub(l.swept) < sweepPause {
		return nil
	}
	l.swept = now
	if _, err := l.options.Queue.ReleaseExpired(l.options.Owner, now); err != nil {
		return err
	}
	return l.hasten(now)
}

// hasten looks for recipients that wait for a time which the clock showed
// before it was set back.
func (l *loop) hasten(now time.Time) error {
	n, err := l.options.Queue.Hasten(now, l.options.Schedule.longest())
	if n > 0 {
		l.look = true
		l.options.Logger.Warn("recipients waited for longer than the schedule allows: the clock was set back", "recipients", n)
	}
	return err
}

// renew prolongs leases of which half the time is over.
func (l *loop) renew(now time.Time) error {
	var old []*leased
	for _, w := range l.inFlow {
		old = append(old, w)
	}
	for _, lane := range l.lanes.active {
		for i := range lane.ready {
			old = append(old, &lane.ready[i])
		}
	}
	old = slices.DeleteFunc(old, func(w *leased) bool { return w.until.Sub(now) > l.options.Lease/2 })
	until := now.Add(l.options.Lease)
	for chunk := range slices.Chunk(old, renewChunk) {
		works := make([]*queue.Work, len(chunk))
		for i := range chunk {
			works[i] = chunk[i].work
		}
		if err := l.options.Queue.Renew(works, until); err != nil {
			return err
		}
		for _, w := range chunk {
			w.until = until
		}
	}
	return nil
}

// renewChunk is how many works are renewed in one commit: each may have a
// hundred recipients.
const renewChunk = 20

// giveBack returns what was leased and not started.
func (l *loop) giveBack() {
	l.intake.stop()
	l.admit(l.options.Now())
	for _, lane := range l.lanes.active {
		for len(lane.ready) > 0 {
			w := l.pop(lane)
			l.finished <- queue.Finished{Work: *w.work, Outcomes: make([]queue.Outcome, len(w.work.Recipients))}
		}
	}
}

// finishChunk is how many works are finished together at most.
const finishChunk = 256

// collect waits for a finished work, and takes those that have come meanwhile.
func collect(list []queue.Finished, from <-chan queue.Finished) []queue.Finished {
	one, ok := <-from
	if !ok {
		return nil
	}
	list = append(list, one)
	for len(list) < finishChunk {
		select {
		case one, ok := <-from:
			if !ok {
				return list
			}
			list = append(list, one)
		default:
			return list
		}
	}
	return list
}

// storePause is how long to wait, at first and at most, before the queue is
// told again what it has not taken.
const (
	storePause    = time.Second
	maxStorePause = time.Minute
)
