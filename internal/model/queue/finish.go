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
}

// Finish ends the lease on the recipients of a Work. There must be an outcome
// for each of them, in their order. A recipient that was dropped meanwhile, or
// whose lease has expired and passed to another, is left alone.
func (q *Queue) Finish(w Work, outcomes []Outcome) error {
	if len(outcomes) != len(w.Recipients) {
		return fmt.Errorf("queue: %d outcomes for %d recipients", len(outcomes), len(w.Recipients))
	}
	return q.commit(func(r storage.Reader, b *storage.Batch) error {
		f := finisher{queue: q, reader: r, batch: b, wakes: wakeSet{}}
		for i := range w.Recipients {
			if err := f.finish(w, w.Recipients[i].Index, outcomes[i]); err != nil {
				return err
			}
		}
		return f.settle(w.Message.ID)
	})
}

// A finisher makes a batch that ends leases or takes recipients away, of one
// message at a time.
type finisher struct {
	queue  *Queue
	reader storage.Reader
	batch  *storage.Batch
	wakes  wakeSet
	gone   uint64 // recipients taken away
}

func (f *finisher) finish(w Work, index uint32, o Outcome) error {
	r, before, err := readRecipient(f.reader, w.Message.ID, index)
	if err == ErrNotFound || err == nil && r.Lease.Token != w.token {
		return nil
	}
	if err != nil {
		return err
	}
	switch o.Kind {
	case Delivered, Failed:
		f.remove(w.Message.ID, &r, before)
		return nil
	case Deferred:
		r.Due, r.LastAttempt, r.LastHost = o.Due, stored(o.At), o.Host
		r.Attempts++
		r.LastReply = strings.ToValidUTF8(o.Reply[:min(len(o.Reply), maxReply)], "?")
		r.DelayNotified = o.DelayNotified
	}
	f.release(w.Message.ID, &r, before)
	return nil
}

// release makes a leased recipient wait.
func (f *finisher) release(id ID, r *Recipient, before []byte) {
	f.batch.Assert(recipientKey(id, r.Index), before)
	f.batch.Delete(leasedKey(id, r.Index))
	r.Lease = Lease{}
	f.queue.setWaiting(f.batch, id, r, f.wakes)
}

// remove takes a recipient away.
func (f *finisher) remove(id ID, r *Recipient, before []byte) {
	f.batch.Assert(recipientKey(id, r.Index), before)
	f.batch.Delete(recipientKey(id, r.Index))
	f.batch.Delete(leasedKey(id, r.Index))
	if r.State() == Waiting {
		f.batch.Delete(waitingKey(r, id))
	}
	f.gone++
}

// settle counts the recipients that are left, and takes the message away with
// the last.
func (f *finisher) settle(id ID) error {
	if f.gone == 0 {
		return nil
	}
	left, err := readLeft(f.reader, id)
	if err != nil {
		return err
	}
	f.batch.Assert(leftKey(id), number(left))
	if left > f.gone {
		f.batch.Set(leftKey(id), number(left-f.gone))
	} else {
		m, err := readMessage(f.reader, id)
		if err != nil {
			return err
		}
		f.batch.Delete(leftKey(id))
		f.batch.Delete(messageKey(id))
		f.queue.options.ReleaseBlob(f.batch, m)
	}
	f.gone = 0
	return nil
}
