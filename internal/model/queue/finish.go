package queue

import (
	"fmt"
	"strings"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// An OutcomeKind says what becomes of a recipient.
type OutcomeKind int

// The outcomes.
const (
	Released  OutcomeKind = iota // not tried; due as before
	Delivered                    // the next system has taken over; the recipient is gone
	Failed                       // given up; the recipient is gone
	Deferred                     // to be tried again
)

// An Outcome is what came of trying to deliver to one recipient.
type Outcome struct {
	Kind OutcomeKind
	// The following are kept if the recipient is Deferred.
	Due           time.Time // of the next attempt
	At            time.Time // when it was tried
	Reply         string    // of the other system, or what else went wrong
	Host          string    // that replied
	DelayNotified bool
	Suspended     bool // see Recipient
}

// A Finished is a Work with what came of it: an outcome for each of its
// recipients, in their order.
type Finished struct {
	Work     Work
	Outcomes []Outcome
	// Also, if it is set, adds to the batch that ends the lease, perhaps
	// more than once: to another batch if the first one did not commit.
	Also func(b *storage.Batch)
}

// Finish ends the lease on the recipients of a Work, as FinishAll does.
func (q *Queue) Finish(w Work, outcomes []Outcome) error {
	return q.FinishAll([]Finished{{Work: w, Outcomes: outcomes}})
}

// FinishAll ends the leases on the recipients of several Works in few commits.
// A recipient that was dropped meanwhile, or whose lease has expired and passed
// to another, is left alone. After an error some of the Works may be finished;
// to finish one again does no harm.
func (q *Queue) FinishAll(all []Finished) error {
	for _, one := range all {
		if len(one.Outcomes) != len(one.Work.Recipients) {
			return fmt.Errorf("queue: %d outcomes for %d recipients", len(one.Outcomes), len(one.Work.Recipients))
		}
	}
	for len(all) > 0 {
		taken := 0
		err := q.commit(func(r storage.Reader, b *storage.Batch) error {
			f := newFinisher(q, r, b)
			for taken = 0; taken < len(all) && b.Size() < softBatch; taken++ {
				if err := f.finish(&all[taken]); err != nil {
					return err
				}
			}
			return f.settle()
		})
		if err != nil {
			return err
		}
		all = all[taken:]
	}
	return nil
}

// A finisher makes a batch that ends leases or takes recipients away.
type finisher struct {
	writer
	reader storage.Reader
	gone   map[ID]*departure
	order  []ID // of gone
}

// A departure is how many recipients of a message go.
type departure struct {
	message    Message
	recipients uint64
}

func newFinisher(q *Queue, r storage.Reader, b *storage.Batch) *finisher {
	return &finisher{writer: writer{queue: q, batch: b}, reader: r, gone: map[ID]*departure{}}
}

func (f *finisher) finish(one *Finished) error {
	w := &one.Work
	for i := range w.Recipients {
		r, before, err := w.read(f.reader, i)
		if err == ErrNotFound || err == nil && r.Lease.Token != w.token {
			continue
		}
		if err != nil {
			return err
		}
		f.end(&w.Message, &r, before, &one.Outcomes[i])
	}
	if one.Also != nil {
		one.Also(f.batch)
	}
	return nil
}

// end gives a leased recipient its outcome.
func (f *finisher) end(m *Message, r *Recipient, before []byte, o *Outcome) {
	switch o.Kind {
	case Delivered, Failed:
		f.remove(m, r, before)
		return
	case Deferred:
		r.Due, r.LastAttempt, r.LastHost = o.Due, stored(o.At), o.Host
		r.Attempts++
		r.LastReply = strings.ToValidUTF8(o.Reply[:min(len(o.Reply), maxReply)], "?")
		r.DelayNotified, r.Suspended = o.DelayNotified, o.Suspended
	}
	f.release(m, r, before)
}

// release makes a leased recipient wait.
func (f *finisher) release(m *Message, r *Recipient, before []byte) {
	f.batch.Assert(recipientKey(m.ID, r.Index), before)
	deleteRow(f.batch, m, r)
	r.Lease = Lease{}
	f.setWaiting(m, r)
}

// remove takes a recipient away.
func (f *finisher) remove(m *Message, r *Recipient, before []byte) {
	f.batch.Assert(recipientKey(m.ID, r.Index), before)
	f.batch.Delete(recipientKey(m.ID, r.Index))
	deleteRow(f.batch, m, r)
	d := f.gone[m.ID]
	if d == nil {
		d = &departure{message: *m}
		f.gone[m.ID] = d
		f.order = append(f.order, m.ID)
	}
	d.recipients++
}

// settle counts the recipients that are left of each message, and takes a
// message away with the last.
func (f *finisher) settle() error {
	for _, id := range f.order {
		gone := f.gone[id]
		left, err := readLeft(f.reader, id)
		if err != nil {
			return err
		}
		f.batch.Assert(leftKey(id), number(left))
		if left > gone.recipients {
			f.batch.Set(leftKey(id), number(left-gone.recipients))
			continue
		}
		f.batch.Delete(leftKey(id))
		f.batch.Delete(messageKey(id))
		f.queue.options.ReleaseBlob(f.batch, gone.message)
	}
	return nil
}
