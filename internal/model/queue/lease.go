package queue

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Work is what can be delivered in one transaction: recipients of one message
// at one destination.
type Work struct {
	Message     Message
	Destination address.Domain
	Recipients  []Recipient
	token       uint64
}

// LeaseOptions say what Lease may hand out.
type LeaseOptions struct {
	Owner    string        // who leases; survives restarts
	Duration time.Duration // after which others may take the recipients; default one hour
	MaxWorks int           // default 1
	// MaxRecipients of one Work; default 100, which every server must
	// accept (RFC 5321 §4.5.3.1.8).
	MaxRecipients int
	// Room says how many Works a destination can take now; without it,
	// any number.
	Room func(address.Domain) int
}

// A Leasing is what Lease has found.
type Leasing struct {
	Works []Work
	// More says that others may be due already; ask again.
	More bool
	// Next is when the next recipient is due that is not due yet; zero if
	// there is none. It may be too early, but is not too late.
	Next time.Time
}

// maxWakes bounds the wake entries that one Lease looks at, and softBatch the
// bytes that it writes, more or less.
const (
	maxWakes  = 2000
	softBatch = storage.MaxBatchSize / 4
)

// Lease hands out recipients that are due now, the destination that has waited
// longest first. The leases are durable when it returns.
func (q *Queue) Lease(now time.Time, o LeaseOptions) (Leasing, error) {
	o.Duration = cmp.Or(o.Duration, time.Hour)
	o.MaxWorks = cmp.Or(o.MaxWorks, 1)
	o.MaxRecipients = cmp.Or(o.MaxRecipients, 100)
	var l leaser
	err := q.commit(func(r storage.Reader, b *storage.Batch) error {
		l = leaser{queue: q, options: o, now: stored(now), reader: r, batch: b, wakes: wakeSet{}}
		return l.run()
	})
	if err != nil {
		return Leasing{}, err
	}
	return l.found, nil
}

// A leaser makes one batch of leases.
type leaser struct {
	queue   *Queue
	options LeaseOptions
	now     time.Time
	reader  storage.Reader
	batch   *storage.Batch
	wakes   wakeSet
	found   Leasing
}

// A caller is a destination with wake entries that are due.
type caller struct {
	destination address.Domain
	keys        [][]byte
	values      [][]byte
}

func (l *leaser) run() error {
	callers, err := l.callers()
	if err != nil {
		return err
	}
	for _, c := range callers {
		if len(l.found.Works) >= l.options.MaxWorks || l.batch.Size() > softBatch {
			l.found.More = true
			return nil
		}
		if err := l.serve(c); err != nil {
			return err
		}
	}
	return nil
}

// callers reads the wake entries that are due, in their order.
func (l *leaser) callers() ([]*caller, error) {
	var list []*caller
	byName := map[string]*caller{}
	entries := 0
	err := l.reader.Scan(prefixed([]byte{spaceWake}), func(key, value []byte) error {
		due, name := splitWake(key)
		if due.After(l.now) {
			l.found.Next = due
			return storage.ErrStop
		}
		if entries++; entries > maxWakes {
			l.found.More = true
			return storage.ErrStop
		}
		c := byName[string(name)]
		if c == nil {
			domain, err := address.ParseDomain(string(name))
			if err != nil {
				return errors.Join(storage.ErrCorrupt, err)
			}
			c = &caller{destination: domain}
			byName[string(name)] = c
			list = append(list, c)
		}
		c.keys = append(c.keys, bytes.Clone(key))
		c.values = append(c.values, bytes.Clone(value))
		return nil
	})
	return list, err
}

// serve leases what a destination has room for, and replaces its wake entries
// by one for what is left.
func (l *leaser) serve(c *caller) error {
	room := math.MaxInt
	if l.options.Room != nil {
		room = l.options.Room(c.destination)
	}
	if room <= 0 {
		// One entry is enough to come back to.
		l.forget(c, 1)
		return nil
	}
	rows, rest, err := l.due(c.destination, min(room, l.options.MaxWorks-len(l.found.Works)))
	if err != nil {
		return err
	}
	l.forget(c, 0)
	if rest != nil {
		l.recall(c.destination, rest)
	}
	for _, row := range rows {
		if err := l.take(row); err != nil {
			return err
		}
	}
	return nil
}

// A row is a waiting recipient that is about to be leased.
type row struct {
	key   []byte
	id    ID
	index uint32
	first bool // of a new Work
}

// due reads the rows of a destination that are due, for at most so many Works.
// It returns also the key of the first row that is left, if there is one.
func (l *leaser) due(d address.Domain, works int) (rows []row, rest []byte, err error) {
	limit := (softBatch - l.batch.Size()) / perRow
	inWork := 0
	err = l.reader.Scan(prefixed(waitingPrefix(d)), func(key, _ []byte) error {
		due, id, index := splitWaiting(key)
		first := len(rows) == 0 || rows[len(rows)-1].id != id || inWork >= l.options.MaxRecipients
		if due.After(l.now) || first && works == 0 || len(rows) > limit {
			rest = bytes.Clone(key)
			return storage.ErrStop
		}
		if first {
			works, inWork = works-1, 0
		}
		inWork++
		rows = append(rows, row{key: bytes.Clone(key), id: id, index: index, first: first})
		return nil
	})
	return rows, rest, err
}

// perRow is about what a leased recipient adds to a batch.
const perRow = 1 << 10

// forget deletes all but the first wake entries of a destination. It asserts
// them: an entry that was set again since speaks of a row not seen here.
func (l *leaser) forget(c *caller, keep int) {
	for i := keep; i < len(c.keys); i++ {
		l.batch.Assert(c.keys[i], c.values[i])
		l.batch.Delete(c.keys[i])
	}
}

// recall sets a wake entry for the first row that is left.
func (l *leaser) recall(d address.Domain, rest []byte) {
	due, id, _ := splitWaiting(rest)
	l.batch.Set(wakeKey(due, d, id), number(l.queue.unique()))
	switch {
	case !due.After(l.now):
		l.found.More = true
	case l.found.Next.IsZero() || due.Before(l.found.Next):
		l.found.Next = due
	}
}

// take leases one recipient and adds it to the Work that it belongs to.
func (l *leaser) take(w row) error {
	r, before, err := readRecipient(l.reader, w.id, w.index)
	if err != nil {
		return err
	}
	if w.first {
		m, err := readMessage(l.reader, w.id)
		if err != nil {
			return err
		}
		l.found.Works = append(l.found.Works, Work{Message: m, Destination: r.Destination, token: l.queue.unique()})
	}
	work := &l.found.Works[len(l.found.Works)-1]
	r.Lease = Lease{Owner: l.options.Owner, Until: l.now.Add(l.options.Duration), Token: work.token}
	l.batch.Assert(recipientKey(w.id, w.index), before)
	l.batch.Set(recipientKey(w.id, w.index), encode(r))
	l.batch.Delete(w.key)
	l.batch.Set(leasedKey(w.id, w.index), append(appendTime(nil, r.Lease.Until), r.Lease.Owner...))
	work.Recipients = append(work.Recipients, r)
	return nil
}
