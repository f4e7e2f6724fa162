package queue

import (
	"errors"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A Filter chooses recipients. Zero fields choose all.
type Filter struct {
	ID          ID
	Sender      address.Address
	Recipient   address.Address
	Destination address.Domain
	State       State
}

// matches reports whether the filter chooses a recipient. The message is read
// only if it matters.
func (f *Filter) matches(r *Recipient, sender func() (address.Address, error)) (bool, error) {
	switch {
	case !f.Recipient.IsZero() && r.Address.Canonical() != f.Recipient.Canonical(),
		!f.Destination.IsZero() && r.Destination != f.Destination,
		f.State != "" && r.State() != f.State:
		return false, nil
	case f.Sender.IsZero():
		return true, nil
	}
	s, err := sender()
	return s.Canonical() == f.Sender.Canonical(), err
}

// space returns the range of the recipients that the filter can choose.
func (f *Filter) space() storage.Range {
	if f.ID != 0 {
		return recipientsOf(f.ID)
	}
	return prefixed([]byte{spaceRecipient})
}

// List calls fn for each recipient that the filter chooses, in the order in
// which the messages came. An error of fn ends the listing and is returned,
// except storage.ErrStop, which only ends it.
func (q *Queue) List(f Filter, fn func(Message, Recipient) error) error {
	snapshot := q.store.Snapshot()
	defer snapshot.Close()
	s := selection{filter: f, reader: snapshot}
	return snapshot.Scan(f.space(), func(key, value []byte) error {
		id, r, ok, err := s.choose(key, value)
		if err != nil || !ok {
			return err
		}
		if err := s.load(id); err != nil {
			return err
		}
		return fn(s.message, r)
	})
}

// A selection applies a filter, and remembers the message it has read last.
type selection struct {
	filter  Filter
	reader  storage.Reader
	message Message
}

func (s *selection) load(id ID) error {
	if s.message.ID == id {
		return nil
	}
	var err error
	s.message, err = readMessage(s.reader, id)
	return err
}

// choose decodes a recipient and applies the filter.
func (s *selection) choose(key, value []byte) (ID, Recipient, bool, error) {
	id, index := splitIndexed(key)
	r := Recipient{Index: index}
	if err := decode(value, &r); err != nil {
		return id, r, false, err
	}
	ok, err := s.filter.matches(&r, func() (address.Address, error) {
		err := s.load(id)
		return s.message.Sender.Address, err
	})
	return id, r, ok, err
}

// RetryNow makes the waiting recipients that the filter chooses due now. It
// returns how many they are.
func (q *Queue) RetryNow(f Filter, now time.Time) (int, error) {
	f.State = Waiting
	return q.change(f, func(c *finisher, id ID, r *Recipient, before []byte) {
		c.batch.Assert(recipientKey(id, r.Index), before)
		c.batch.Delete(waitingKey(r, id))
		r.Due = now
		q.setWaiting(c.batch, id, r, c.wakes)
	})
}

// Drop takes away the recipients that the filter chooses, without telling
// anyone. It returns how many they were. One that is being delivered at this
// moment may get the message all the same.
func (q *Queue) Drop(f Filter) (int, error) {
	return q.change(f, func(c *finisher, id ID, r *Recipient, before []byte) {
		c.remove(id, r, before)
	})
}

// change does something to all recipients that the filter chooses, in batches
// of a chunk.
func (q *Queue) change(f Filter, do func(c *finisher, id ID, r *Recipient, before []byte)) (int, error) {
	total, space := 0, f.space()
	for {
		var keys [][]byte
		var last []byte
		err := q.commit(func(r storage.Reader, b *storage.Batch) error {
			s := selection{filter: f, reader: r}
			var err error
			keys, last, err = scanChunk(r, space, func(key, value []byte) (bool, error) {
				_, _, ok, err := s.choose(key, value)
				return ok, err
			})
			if err != nil {
				return err
			}
			return (&finisher{queue: q, reader: r, batch: b, wakes: wakeSet{}}).each(keys, do)
		})
		if err != nil {
			return total, err
		}
		total += len(keys)
		if last == nil {
			return total, nil
		}
		space.Start = after(last)
	}
}

// each does something to recipients, which are in the order of their messages.
func (f *finisher) each(keys [][]byte, do func(c *finisher, id ID, r *Recipient, before []byte)) error {
	var current ID
	for _, key := range keys {
		id, index := splitIndexed(key)
		if id != current {
			if err := f.settle(current); err != nil {
				return err
			}
			current = id
		}
		r, before, err := readRecipient(f.reader, id, index)
		if err != nil {
			return err
		}
		do(f, id, &r, before)
	}
	return f.settle(current)
}

// Counts are figures for metrics and for people.
type Counts struct {
	Messages int
	Waiting  int // recipients
	Leased   int // recipients
	// Destinations are those with the most waiting recipients, the largest
	// first.
	Destinations []DestinationCount
}

// A DestinationCount says how many recipients wait for a destination.
type DestinationCount struct {
	Destination address.Domain
	Waiting     int
}

// Count counts what is in the queue, and the largest destinations, at most so
// many. It reads the keys of all rows: call it once a minute, not for each
// message.
func (q *Queue) Count(destinations int) (Counts, error) {
	snapshot := q.store.Snapshot()
	defer snapshot.Close()
	var c Counts
	countKeys := func(space byte, n *int) error {
		return snapshot.Scan(prefixed([]byte{space}), func(_, _ []byte) error {
			*n++
			return nil
		})
	}
	top := topList{size: destinations}
	err := errors.Join(
		countKeys(spaceMessage, &c.Messages),
		countKeys(spaceLeased, &c.Leased),
		snapshot.Scan(prefixed([]byte{spaceWaiting}), func(key, _ []byte) error {
			c.Waiting++
			top.count(key[1 : len(key)-21])
			return nil
		}),
	)
	c.Destinations = top.list()
	return c, err
}
