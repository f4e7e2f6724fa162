package queue

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Options of a Queue. Zero values stand for the defaults.
type Options struct {
	// ReleaseBlob gives up the queue's hold on the blob of a message that
	// is finished; default is to delete the blob. It is needed if
	// mailboxes share blobs with the queue.
	ReleaseBlob func(b *storage.Batch, m Message)
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// A Queue keeps messages in a store. Its methods may be called concurrently.
type Queue struct {
	store   storage.Store
	options Options
	node    uint64
	floors  floors

	mu   sync.Mutex
	last uint64 // number that unique returned last
}

// New returns the queue of a store.
func New(store storage.Store, o Options) *Queue {
	if o.ReleaseBlob == nil {
		o.ReleaseBlob = func(b *storage.Batch, m Message) { b.DeleteBlob(m.Blob) }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	var random [2]byte
	rand.Read(random[:]) // never fails
	return &Queue{
		store: store, options: o, node: uint64(binary.BigEndian.Uint16(random[:]) % nodes),
		floors: floors{rows: map[Hop][]byte{}},
	}
}

// nodes is how many values tell the numbers of one node from those of another,
// should both draw one in the same microsecond.
const nodes = 1 << 10

// unique returns a number that grows, and that this process has not returned
// before. What it is used for is asserted where even another process must not
// have drawn it.
func (q *Queue) unique() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last = max(q.last+nodes, uint64(q.options.Now().UnixMicro())*nodes+q.node)
	return q.last
}

// Add puts a message and its recipients into a batch, which the caller commits
// with whatever else belongs to the transaction. The Blob must be in the store
// or in the same batch. Recipients without a Due time are due when the message
// was received. It returns ErrInvalid if there are no recipients, too many, or
// one without a destination.
func (q *Queue) Add(b *storage.Batch, m Message, recipients []Recipient) (ID, error) {
	id, _, err := q.AddLeased(b, m, recipients, Terms{})
	return id, err
}

// addMessage numbers a message and writes what its recipients share.
func (q *Queue) addMessage(b *storage.Batch, m *Message, recipients int) {
	m.ID = ID(q.unique())
	m.Received = stored(m.Received)
	if m.Expires.IsZero() {
		m.Expires = m.Received.Add(DefaultLifetime)
	}
	b.Assert(messageKey(m.ID), nil)
	b.Set(messageKey(m.ID), encode(m))
	b.Set(leftKey(m.ID), number(uint64(recipients)))
}

func (m *Message) check(recipients []Recipient) error {
	switch {
	case m.Blob == 0 || m.Received.IsZero():
		return fmt.Errorf("%w: no blob or no date", ErrInvalid)
	case len(m.Prefix) > MaxPrefix:
		return fmt.Errorf("%w: %d bytes before the blob", ErrInvalid, len(m.Prefix))
	case len(recipients) == 0 || len(recipients) > MaxRecipients:
		return fmt.Errorf("%w: %d recipients", ErrInvalid, len(recipients))
	}
	for i := range recipients {
		if recipients[i].Destination.IsZero() {
			return fmt.Errorf("%w: recipient without a destination", ErrInvalid)
		}
	}
	return nil
}

// A writer puts recipients that are not leased into a batch.
type writer struct {
	queue *Queue
	batch *storage.Batch
	wakes map[string]bool // that the batch already sets
}

// setWaiting writes a recipient that waits for its due time, or is held.
func (w *writer) setWaiting(m *Message, r *Recipient) {
	r.Due = stored(r.Due)
	w.batch.Set(recipientKey(m.ID, r.Index), encode(r))
	if r.Held {
		w.batch.Set(heldKey(m.ID, r.Index), nil)
		return
	}
	w.batch.Set(waitingKey(r, m), nil)
	wake := wakeKey(r.Due, r.Hop(), m.ID)
	if w.wakes[string(wake)] {
		return
	}
	if w.wakes == nil {
		w.wakes = make(map[string]bool)
	}
	w.wakes[string(wake)] = true
	w.queue.floors.wake(r.Due)
	w.batch.Set(wake, w.queue.wakeValue(int(m.Options.Priority)))
}

// wakeValue is the value of a wake entry: a number that is never used twice,
// so that an assertion sees whether the entry was set again, and the priority.
func (q *Queue) wakeValue(priority int) []byte {
	return append(number(q.unique()), byte(levelOf(priority)))
}

// deleteRow takes the row away in which a recipient waits or is held.
func deleteRow(b *storage.Batch, m *Message, r *Recipient) {
	switch r.State() {
	case Waiting:
		b.Delete(waitingKey(r, m))
	case Held:
		b.Delete(heldKey(m.ID, r.Index))
	case Leased:
		b.Delete(leasedKey(m.ID, r.Index))
	}
}

// Show returns a message and its recipients, or ErrNotFound.
func (q *Queue) Show(id ID) (Message, []Recipient, error) {
	snapshot := q.store.Snapshot()
	defer snapshot.Close()
	m, err := readMessage(snapshot, id)
	if err != nil {
		return Message{}, nil, err
	}
	var recipients []Recipient
	err = snapshot.Scan(recipientsOf(id), func(key, value []byte) error {
		_, index := splitIndexed(key)
		r := Recipient{Index: index}
		if err := decode(value, &r); err != nil {
			return err
		}
		recipients = append(recipients, r)
		return nil
	})
	return m, recipients, err
}

// maxConflicts is how often an operation is tried again because somebody else
// has changed what it had read.
const maxConflicts = 100

// commit builds a batch from a snapshot and commits it, again if what was read
// has changed meanwhile. A batch without operations is not committed.
func (q *Queue) commit(build func(r storage.Reader, b *storage.Batch) error) error {
	var err error
	for range maxConflicts {
		b := q.store.NewBatch()
		snapshot := q.store.Snapshot()
		err = build(snapshot, b)
		snapshot.Close()
		if err != nil || b.Empty() {
			return err
		}
		if err = storage.Commit(q.store, b); !errors.Is(err, storage.ErrConflict) {
			return err
		}
	}
	return err
}
