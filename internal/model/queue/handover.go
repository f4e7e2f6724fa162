package queue

import (
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Terms say which recipients of a message that is being added somebody is ready
// to deliver at once. The zero Terms lease nothing.
type Terms struct {
	Owner         string
	Now           time.Time // recipients that are due later wait
	Until         time.Time // end of the leases
	MaxRecipients int       // of one Work
	// Room reports whether one more Work for a hop is wanted; nil wants none.
	Room func(Hop) bool
}

// AddLeased is Add for a message that somebody is ready to deliver as soon as
// the batch has committed: those of its recipients that are due, and for whose
// hop there is room, are leased in this batch and returned as Works, which are
// good once it has committed. So they need neither wait, nor be found, nor
// another commit. The others wait.
func (q *Queue) AddLeased(b *storage.Batch, m Message, recipients []Recipient, t Terms) (ID, []Work, error) {
	if err := m.check(recipients); err != nil {
		return 0, nil, err
	}
	q.addMessage(b, &m, len(recipients))
	w := writer{queue: q, batch: b}
	h := handover{queue: q, batch: b, terms: t, message: &m}
	for i, r := range recipients {
		r.Index, r.Lease = uint32(i), Lease{}
		if r.Due.IsZero() {
			r.Due = m.Received
		}
		r.Due = stored(r.Due)
		if !h.take(&r) {
			w.setWaiting(&m, &r)
		}
	}
	return m.ID, h.works, nil
}

// A handover makes Works of a message that is being added.
type handover struct {
	queue   *Queue
	batch   *storage.Batch
	terms   Terms
	message *Message
	works   []Work
	last    map[Hop]int // the Work of each hop that is not full; -1 if it takes no more
}

// take leases a recipient, if it can be delivered at once.
func (h *handover) take(r *Recipient) bool {
	if h.terms.Room == nil || r.Held || r.Due.After(h.terms.Now) {
		return false
	}
	at := h.work(r)
	if at < 0 {
		return false
	}
	w := &h.works[at]
	r.Lease = Lease{Owner: h.terms.Owner, Until: stored(h.terms.Until), Token: w.token}
	record := encode(r)
	setLeased(h.batch, h.message.ID, r, record)
	w.Recipients, w.stored = append(w.Recipients, *r), append(w.stored, record)
	return true
}

// work returns the Work that a recipient belongs to, a new one if there is room;
// -1 if there is none.
func (h *handover) work(r *Recipient) int {
	hop := r.Hop()
	at, known := h.last[hop]
	if known && (at < 0 || len(h.works[at].Recipients) < h.terms.MaxRecipients) {
		return at
	}
	if h.last == nil {
		h.last = make(map[Hop]int, 1)
	}
	at = -1
	if h.terms.Room(hop) {
		at = len(h.works)
		h.works = append(h.works, Work{Message: *h.message, Destination: r.Destination, Via: r.Via, token: h.queue.unique()})
	}
	h.last[hop] = at
	return at
}
