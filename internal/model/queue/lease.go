package queue

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Work is what can be delivered in one transaction: recipients of one message
// that go to one hop.
type Work struct {
	Message     Message
	Destination address.Domain
	Via         string // see Recipient
	Recipients  []Recipient
	token       uint64
	stored      [][]byte // the recipients as the lease has written them
}

// Hop returns where the work goes.
func (w *Work) Hop() Hop { return w.Recipients[0].Hop() }

// LeaseOptions say what Lease may hand out.
type LeaseOptions struct {
	Owner    string        // who leases; survives restarts
	Duration time.Duration // after which others may take the recipients; default one hour
	MaxWorks int           // default 1
	// MaxRecipients of one Work; default 100, which every server must
	// accept (RFC 5321 §4.5.3.1.8).
	MaxRecipients int
	// Room says how many Works a hop can take now; without it, any number.
	Room func(Hop) int
	// Known are hops that have recipients due, from Leasing.Left: they are
	// looked at without a wake entry.
	Known []Hop
}

// A Leasing is what Lease has found.
type Leasing struct {
	Works []Work
	// More says that hops may have recipients due that were not looked at;
	// ask again.
	More bool
	// Left are hops that have more recipients due than there was room for.
	// They are not found again for some seconds unless they are named in
	// LeaseOptions.Known.
	Left []Hop
	// Next is when the next recipient is due that is not due yet; zero if
	// there is none. It may be too early, but is not too late.
	Next time.Time
}

// Bounds of one Lease.
const (
	maxWakes  = 2000                     // wake entries that it looks at
	softBatch = storage.MaxBatchSize / 4 // bytes that it writes, more or less
	perRow    = 1 << 10                  // what a leased recipient adds to these, about
)

// leftPause is when a hop with recipients left is found again by itself. It
// only matters when whoever was told of it has died.
const leftPause = 10 * time.Second

// HeadStart is how much earlier than others a message is served, in order, for
// each step of its priority. It lets no priority wait for ever.
const HeadStart = 5 * time.Minute

// Lease hands out recipients that are due now, the hop that has waited longest
// first, and at each hop the recipient that has waited longest. The leases are
// durable when it returns.
func (q *Queue) Lease(now time.Time, o LeaseOptions) (Leasing, error) {
	o.Duration = cmp.Or(o.Duration, time.Hour)
	o.MaxWorks = cmp.Or(o.MaxWorks, 1)
	o.MaxRecipients = cmp.Or(o.MaxRecipients, 100)
	if o.Room == nil {
		o.Room = func(Hop) int { return math.MaxInt }
	}
	var l leaser
	foot := q.floors.begin(stored(now))
	err := q.commit(func(r storage.Reader, b *storage.Batch) error {
		l = leaser{queue: q, options: o, now: stored(now), reader: r, batch: b, foot: foot}
		clear(foot.rows)
		return l.run()
	})
	foot.end(err == nil && !l.found.More)
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
	foot    *footing
	found   Leasing
}

// A caller is a hop with wake entries that are due.
type caller struct {
	hop    Hop
	order  time.Time // when it is its turn
	keys   [][]byte
	values [][]byte
	floor  []byte // where its rows begin; nil is at their start
}

func (l *leaser) run() error {
	callers, err := l.callers()
	if err != nil {
		return err
	}
	for i, c := range callers {
		if l.full() {
			l.postpone(callers[i:])
			return nil
		}
		if err := l.serve(c); err != nil {
			return err
		}
	}
	return nil
}

func (l *leaser) full() bool {
	return len(l.found.Works) >= l.options.MaxWorks || l.batch.Size() > softBatch
}

// postpone leaves callers for the next time. Those without wake entries would
// be forgotten, if they were not said to be left.
func (l *leaser) postpone(callers []*caller) {
	for _, c := range callers {
		if len(c.keys) == 0 {
			l.found.Left = append(l.found.Left, c.hop)
		} else {
			l.found.More = true
		}
	}
}

// callers returns the hops that are to be served, in the order in which they
// have waited: those that the wake entries speak of, and those that are known
// to have something left. The latter have just been served: they come last,
// until their wake entry has become old.
func (l *leaser) callers() ([]*caller, error) {
	var list []*caller
	byName := map[string]*caller{}
	for _, hop := range l.options.Known {
		c := &caller{hop: hop, order: l.now, floor: l.foot.row(hop)}
		byName[string(hop)] = c
		list = append(list, c)
	}
	entries := 0
	space := prefixed([]byte{spaceWake})
	if !l.foot.from.IsZero() {
		space.Start = appendTime(space.Start, l.foot.from)
		l.next(l.foot.again)
	}
	err := l.reader.Scan(space, func(key, value []byte) error {
		due, name := splitWake(key)
		if due.After(l.now) {
			l.next(due)
			return storage.ErrStop
		}
		if entries++; entries > maxWakes {
			l.found.More = true
			return storage.ErrStop
		}
		order := due.Add(-HeadStart * time.Duration(level(value[8]).priority()))
		c := byName[string(name)]
		if c == nil {
			c = &caller{hop: Hop(name), order: order, floor: l.foot.row(Hop(name))}
			byName[string(name)] = c
			list = append(list, c)
		}
		if order.Before(c.order) {
			c.order = order
		}
		c.lower(rowOf(key, value))
		c.keys = append(c.keys, bytes.Clone(key))
		c.values = append(c.values, bytes.Clone(value))
		return nil
	})
	slices.SortStableFunc(list, func(a, b *caller) int { return a.order.Compare(b.order) })
	return list, err
}

// serve leases what a hop has room for, and replaces its wake entries by one
// for what is left.
func (l *leaser) serve(c *caller) error {
	works := min(l.options.Room(c.hop), l.options.MaxWorks-len(l.found.Works))
	rows, rest, err := l.due(c, max(works, 0))
	if err != nil {
		return err
	}
	if floor := rest.floor(c.hop, rows); floor != nil {
		l.foot.rows[c.hop] = floor
	}
	l.forget(c)
	l.recall(c.hop, rest)
	for _, row := range rows {
		if err := l.take(row); err != nil {
			return err
		}
	}
	return nil
}

// forget deletes the wake entries of a hop. It asserts them: an entry that was
// set again since speaks of a row not seen here.
func (l *leaser) forget(c *caller) {
	for i := range c.keys {
		l.batch.Assert(c.keys[i], c.values[i])
		l.batch.Delete(c.keys[i])
	}
}

// lower makes the rows of a hop begin no later than the one that a wake entry
// speaks of; one without an id speaks of any.
func (c *caller) lower(w row) {
	if w.id == 0 {
		c.floor = nil
	} else if key := w.key(c.hop); bytes.Compare(key, c.floor) < 0 {
		c.floor = key
	}
}

// A remainder is what a hop has left: the row that is due first, and the one
// whose key comes first.
type remainder struct {
	row   row
	first row
	some  bool
}

func (r *remainder) add(w row) {
	if !r.some || w.due.Before(r.row.due) {
		r.row = w
	}
	r.keep(w)
}

// keep adds a row that is as due as one that was added.
func (r *remainder) keep(w row) {
	if !r.some || compareKeys(w, r.first) < 0 {
		r.first = w
	}
	r.some = true
}

// floor returns the key before which a hop has no rows any more when those that
// were found are leased; nil if that is not known.
func (r *remainder) floor(h Hop, leased []row) []byte {
	switch {
	case r.some:
		return r.first.key(h)
	case len(leased) > 0:
		return slices.MaxFunc(leased, compareKeys).key(h)
	}
	return nil
}

// recall sets a wake entry for what is left of a hop. For what is due already
// there is one in every leftPause, which is there for a crash.
func (l *leaser) recall(h Hop, rest remainder) {
	switch due := rest.row.due; {
	case !rest.some:
	case due.After(l.now):
		l.batch.Set(wakeKey(due, h, rest.row.id), l.queue.wakeValue(rest.row.level.priority()))
		l.next(due)
	default:
		again := l.now.Truncate(leftPause).Add(2 * leftPause)
		l.batch.Set(wakeKey(again, h, 0), l.queue.wakeValue(rest.row.level.priority()))
		l.found.Left = append(l.found.Left, h)
		l.next(again)
	}
}

func (l *leaser) next(due time.Time) {
	if l.found.Next.IsZero() || due.Before(l.found.Next) {
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
		l.found.Works = append(l.found.Works, Work{Message: m, Destination: r.Destination, Via: r.Via, token: l.queue.unique()})
	}
	work := &l.found.Works[len(l.found.Works)-1]
	l.batch.Assert(recipientKey(w.id, w.index), before)
	deleteRow(l.batch, &work.Message, &r)
	r.Lease = Lease{Owner: l.options.Owner, Until: l.now.Add(l.options.Duration), Token: work.token}
	record := encode(r)
	setLeased(l.batch, w.id, &r, record)
	work.Recipients = append(work.Recipients, r)
	work.stored = append(work.stored, record)
	return nil
}

// setLeased writes a recipient that is leased.
func setLeased(b *storage.Batch, id ID, r *Recipient, record []byte) {
	b.Set(recipientKey(id, r.Index), record)
	b.Set(leasedKey(id, r.Index), append(appendTime(nil, r.Lease.Until), r.Lease.Owner...))
}
