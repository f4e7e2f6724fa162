package delivery

import (
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/smtp"
)

// retryLocal is how long an account that had no room gets before the queue
// tries it.
const retryLocal = 5 * time.Minute

// A Taker delivers at once what the queue need not keep waiting. Its methods
// are called concurrently.
type Taker interface {
	// Terms say for which hops there is room. Works that are given room
	// come back by Take or by Forgo.
	Terms() queue.Terms
	// Take takes works whose leases are durable.
	Take(works []queue.Work)
	// Forgo hears of works that were not committed.
	Forgo(works []queue.Work)
}

// A queueing puts a message into a batch, for those that the queue serves.
type queueing struct {
	*Deliverer
	message    *Message
	content    *mailstore.Content
	discard    func() // what only the queueing needs
	queued     queue.Message
	recipients []queue.Recipient
	works      []queue.Work // for the Taker, if the batch commits
}

func (d *Deliverer) newQueueing(m *Message) (*queueing, error) {
	recipients := d.queuedRecipients(m)
	if len(m.Trace) > queue.MaxPrefix || len(recipients) > queue.MaxRecipients {
		return nil, queue.ErrInvalid
	}
	q := &queueing{Deliverer: d, message: m, content: m.Content, discard: func() {}, queued: d.queued(m), recipients: recipients}
	if len(m.Recipients.Local) > 0 {
		var err error
		if q.content, err = m.Content.Duplicate(); err != nil {
			return nil, err
		}
		q.discard = q.content.Discard
	}
	return q, nil
}

// add adds to the batch, or to the next one if that did not commit.
func (q *queueing) add(b *storage.Batch) {
	q.forgo()
	var terms queue.Terms
	if q.Taker != nil {
		terms = q.Taker.Terms()
	}
	q.queued.Blob = q.content.AppendTo(b)
	var err error
	q.message.QueueID, q.works, err = q.Queue.AddLeased(b, q.queued, q.recipients, terms)
	if err != nil {
		panic(err) // what it refuses has been looked at
	}
}

func (q *queueing) forgo() {
	if len(q.works) > 0 {
		q.Taker.Forgo(q.works)
		q.works = nil
	}
}

// settle is called with the outcome of the batch. Whoever is not taken at once
// is found in the queue.
func (q *queueing) settle(err error) {
	if err != nil {
		q.forgo()
		return
	}
	taken := 0
	for i := range q.works {
		taken += len(q.works[i].Recipients)
	}
	if taken > 0 {
		q.Taker.Take(q.works)
	}
	if taken < len(q.recipients) {
		q.Wake()
	}
}

// queued describes the message. What asks to hold it has become its due time,
// from which its life counts.
func (d *Deliverer) queued(m *Message) queue.Message {
	now := d.Now()
	begin := now
	if m.NotBefore.After(now) {
		begin = m.NotBefore
	}
	options := m.Options
	options.HoldFor, options.HoldUntil = 0, time.Time{}
	return queue.Message{
		Sender:   m.From,
		Options:  options,
		Account:  m.Account,
		Prefix:   m.Trace,
		Size:     int64(len(m.Trace)) + m.Content.Size(),
		Received: now, NotBefore: m.NotBefore,
		Expires: begin.Add(d.Lifetime),
	}
}

func (d *Deliverer) queuedRecipients(m *Message) []queue.Recipient {
	r := &m.Recipients
	list := make([]queue.Recipient, 0, len(r.Foreign)+len(r.Later))
	for _, f := range r.Foreign {
		list = append(list, queuedTo(f.Address, f.Options, m.NotBefore))
	}
	due := m.NotBefore
	if due.IsZero() {
		due = d.Now().Add(retryLocal)
	}
	for _, l := range r.Later {
		list = append(list, queuedTo(l.Address, l.Options, due))
	}
	return list
}

func queuedTo(a address.Address, o smtp.RcptOptions, due time.Time) queue.Recipient {
	return queue.Recipient{Address: a, Destination: a.Domain, Options: o, Due: due}
}
