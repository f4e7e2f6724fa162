package delivery

import (
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/smtp"
)

// retryLocal is how long an account that had no room gets before the queue
// tries it.
const retryLocal = 5 * time.Minute

// enqueuer returns a function that puts the message for those that the queue
// serves into a batch, and one that frees what that needs.
func (d *Deliverer) enqueuer(m *Message) (enqueue func(*storage.Batch), discard func(), err error) {
	content := m.Content
	discard = func() {}
	if len(m.Recipients.Local) > 0 {
		if content, err = m.Content.Duplicate(); err != nil {
			return nil, nil, err
		}
		discard = content.Discard
	}
	queued := d.queued(m)
	recipients := d.queuedRecipients(m)
	if len(m.Trace) > queue.MaxPrefix || len(recipients) > queue.MaxRecipients {
		discard()
		return nil, nil, queue.ErrInvalid
	}
	return func(b *storage.Batch) {
		queued.Blob = content.AppendTo(b)
		id, err := d.Queue.Add(b, queued, recipients)
		if err != nil {
			panic(err) // what it refuses has been looked at
		}
		m.QueueID = id
	}, discard, nil
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
