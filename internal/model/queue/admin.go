package queue

import (
	"math"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// RetryNow makes the waiting recipients that the filter chooses due now. It
// returns how many they are.
func (q *Queue) RetryNow(f Filter, now time.Time) (int, error) {
	f.State = Waiting
	return q.change(f, func(c *finisher, m *Message, r *Recipient, before []byte) {
		c.retry(m, r, before, now)
	})
}

// retry makes a waiting recipient due.
func (f *finisher) retry(m *Message, r *Recipient, before []byte, now time.Time) {
	f.rewrite(m, r, before, func() { r.Due, r.Suspended = now, false })
}

// rewrite changes a recipient, whatever its state. One that is leased stays so.
func (f *finisher) rewrite(m *Message, r *Recipient, before []byte, change func()) {
	f.batch.Assert(recipientKey(m.ID, r.Index), before)
	if r.State() == Leased {
		change()
		f.batch.Set(recipientKey(m.ID, r.Index), encode(r))
		return
	}
	deleteRow(f.batch, m, r)
	change()
	f.setWaiting(m, r)
}

// Hold keeps the recipients that the filter chooses from being tried, until
// Release. One that is being delivered is held if it comes back. It returns how
// many they are.
func (q *Queue) Hold(f Filter) (int, error) { return q.setHeld(f, true) }

// Release ends a Hold. The recipients are due as they were.
func (q *Queue) Release(f Filter) (int, error) { return q.setHeld(f, false) }

func (q *Queue) setHeld(f Filter, held bool) (int, error) {
	f.held = &held
	return q.change(f, func(c *finisher, m *Message, r *Recipient, before []byte) {
		c.rewrite(m, r, before, func() { r.Held = held })
	})
}

// A Reroute says where mail goes in place of where it would have gone.
type Reroute struct {
	Destination address.Domain // whose hosts take it
	Via         string         // or the one host, as host:port
}

// Reroute sends the recipients that the filter chooses elsewhere, and makes
// them due now unless they are held. A zero Reroute sends them where they
// would have gone at first. Those that are being delivered go there if they
// come back. It returns how many they are.
func (q *Queue) Reroute(f Filter, to Reroute, now time.Time) (int, error) {
	return q.change(f, func(c *finisher, m *Message, r *Recipient, before []byte) {
		c.rewrite(m, r, before, func() {
			r.Via, r.Destination = to.Via, to.Destination
			if r.Destination.IsZero() {
				r.Destination = r.Address.Domain
			}
			if !r.Due.Before(now) {
				r.Due = now
			}
			r.Suspended = false
		})
	})
}

// Drop takes away the recipients that the filter chooses, without telling
// anyone. It returns how many they were. One that is being delivered at this
// moment may get the message all the same.
func (q *Queue) Drop(f Filter) (int, error) {
	return q.change(f, func(c *finisher, m *Message, r *Recipient, before []byte) {
		c.remove(m, r, before)
	})
}

// change does something to all recipients that the filter chooses.
func (q *Queue) change(f Filter, do func(c *finisher, m *Message, r *Recipient, before []byte)) (int, error) {
	var s selection
	return q.inChunks(f.space(), math.MaxInt, func(r storage.Reader, key, value []byte) (bool, error) {
		if s.reader != r {
			s = selection{filter: f, reader: r}
		}
		_, ok, err := s.choose(key, value)
		return ok, err
	}, do)
}
