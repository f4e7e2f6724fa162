package queue_test

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
	"github.com/mailstead/mailstead/smtp"
)

// key names a recipient of the plain model.
type key struct {
	id    queue.ID
	index uint32
}

// plain is what the queue must know of a recipient.
type plain struct {
	hop       queue.Hop
	due       time.Time
	priority  int
	leased    bool
	held      bool
	suspended bool
	attempts  int
}

// machine drives a queue and a plain model side by side.
type machine struct {
	tb     *testing.T
	store  *memstore.Store
	queue  *queue.Queue
	now    time.Time
	model  map[key]*plain
	blobs  map[queue.ID]storage.BlobID
	leased []queue.Work
	left   []queue.Hop // that the last lease named
}

func TestAgainstModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := &machine{tb: t, store: memstore.New(), now: noon, model: map[key]*plain{}, blobs: map[queue.ID]storage.BlobID{}}
		m.queue = queue.New(m.store, queue.Options{})
		rt.Repeat(map[string]func(*rapid.T){
			"add":    m.add,
			"lease":  m.lease,
			"finish": m.finish,
			"wait": func(rt *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(1, 300).Draw(rt, "seconds")) * time.Second)
			},
			"retry":   m.retry,
			"drop":    m.drop,
			"hold":    m.hold,
			"release": m.release,
			"reroute": m.reroute,
			"resume":  m.resume,
			"restart": m.restart,
			"":        m.check,
		})
	})
}

func (m *machine) add(rt *rapid.T) {
	destinations := []string{"one.test", "two.test", "[192.0.2.1]"}
	n := rapid.IntRange(1, 5).Draw(rt, "recipients")
	var to []string
	for i := range n {
		to = append(to, fmt.Sprintf("u%d@%s", i, rapid.SampledFrom(destinations).Draw(rt, "destination")))
	}
	priority := rapid.SampledFrom([]int{0, 0, 9, -9, 3}).Draw(rt, "priority")
	free := rapid.SampledFrom(append(destinations, "")).Draw(rt, "free")
	received := m.now.Add(-time.Duration(rapid.IntRange(0, 2000).Draw(rt, "milliseconds")) * time.Millisecond)
	b := m.store.NewBatch()
	id, works, err := m.queue.AddLeased(b, queue.Message{
		Options: smtp.MailOptions{Priority: int8(priority)}, Blob: b.AppendBlob([]byte("body")), Received: received,
	}, recipients(m.tb, to...), queue.Terms{
		Owner: "node", Now: m.now, Until: m.now.Add(time.Hour), MaxRecipients: 2,
		Room: func(h queue.Hop) bool { return string(h) == free },
	})
	if err != nil {
		rt.Fatal(err)
	}
	if err := storage.Commit(m.store, b); err != nil {
		rt.Fatal(err)
	}
	for i, r := range to {
		hop := parse(m.tb, r).Domain.String()
		m.model[key{id, uint32(i)}] = &plain{hop: queue.Hop(hop), due: received, priority: priority, leased: hop == free}
	}
	m.leased = append(m.leased, works...)
	msg, _, err := m.queue.Show(id)
	if err != nil {
		rt.Fatal(err)
	}
	m.blobs[id] = msg.Blob
}

func (m *machine) lease(rt *rapid.T) {
	maxWorks := rapid.IntRange(1, 4).Draw(rt, "works")
	maxRecipients := rapid.IntRange(1, 3).Draw(rt, "recipients per work")
	l := lease(m.tb, m.queue, m.now, queue.LeaseOptions{MaxWorks: maxWorks, MaxRecipients: maxRecipients, Known: m.left})
	m.left = l.Left
	if len(l.Works) > maxWorks {
		rt.Fatalf("%d works", len(l.Works))
	}
	for _, w := range l.Works {
		if len(w.Recipients) > maxRecipients {
			rt.Fatalf("%d recipients", len(w.Recipients))
		}
		for _, r := range w.Recipients {
			p := m.model[key{w.Message.ID, r.Index}]
			if p == nil || p.leased || p.held || p.due.After(m.now) || p.hop != w.Hop() {
				rt.Fatalf("must not be leased: %+v, %+v", r, p)
			}
			p.leased = true
		}
	}
	m.leased = append(m.leased, l.Works...)
	m.checkOrder(rt, l.Works)
	m.checkSchedule(rt, l, len(l.Works) < maxWorks)
}

// turn is when it is a recipient's turn.
func (p *plain) turn() time.Time { return p.due.Add(-queue.HeadStart * time.Duration(p.priority)) }

// checkOrder wants nobody of a hop passed over whose turn was earlier.
func (m *machine) checkOrder(rt *rapid.T, works []queue.Work) {
	for _, w := range works {
		first := m.model[key{w.Message.ID, w.Recipients[0].Index}]
		for k, p := range m.model {
			if p.hop == w.Hop() && !p.leased && !p.held && !p.due.After(m.now) && p.turn().Before(first.turn()) {
				rt.Fatalf("%v was passed over for %v", k, w.Message.ID)
			}
		}
	}
}

// checkSchedule holds what Lease says about later against the model.
func (m *machine) checkSchedule(rt *rapid.T, l queue.Leasing, exhaustive bool) {
	for k, p := range m.model {
		switch {
		case p.leased || p.held:
		case p.due.After(m.now):
			if !l.More && !slices.Contains(l.Left, p.hop) && (l.Next.IsZero() || l.Next.After(p.due)) {
				rt.Fatalf("%v is due at %v, but next is %v", k, p.due, l.Next)
			}
		case exhaustive || !l.More && !slices.Contains(l.Left, p.hop):
			rt.Fatalf("%v is due but was left, and more is %t, left %v", k, l.More, l.Left)
		}
	}
}

func (m *machine) finish(rt *rapid.T) {
	if len(m.leased) == 0 {
		rt.Skip("nothing leased")
	}
	i := rapid.IntRange(0, len(m.leased)-1).Draw(rt, "work")
	w := m.leased[i]
	m.leased = slices.Delete(m.leased, i, i+1)
	outcomes := make([]queue.Outcome, len(w.Recipients))
	for j := range outcomes {
		o := &outcomes[j]
		o.Kind = queue.OutcomeKind(rapid.IntRange(int(queue.Released), int(queue.Deferred)).Draw(rt, "outcome"))
		o.Due = m.now.Add(time.Duration(rapid.IntRange(0, 300).Draw(rt, "pause")) * time.Second)
		o.Suspended = rapid.Bool().Draw(rt, "suspended")
		k := key{w.Message.ID, w.Recipients[j].Index}
		p := m.model[k]
		if p == nil {
			continue // dropped
		}
		switch p.leased = false; o.Kind {
		case queue.Delivered, queue.Failed:
			delete(m.model, k)
		case queue.Deferred:
			p.due, p.suspended = o.Due, o.Suspended
			p.attempts++
		}
	}
	if rapid.Bool().Draw(rt, "renew") {
		if err := m.queue.Renew([]*queue.Work{&w}, m.now.Add(time.Hour)); err != nil {
			rt.Fatal(err)
		}
	}
	if err := m.queue.Finish(w, outcomes); err != nil {
		rt.Fatal(err)
	}
}

// pick chooses one message or all.
func (m *machine) pick(rt *rapid.T) queue.Filter {
	ids := slices.Sorted(maps.Keys(m.blobs))
	i := rapid.IntRange(-1, len(ids)-1).Draw(rt, "message")
	if i < 0 {
		return queue.Filter{}
	}
	return queue.Filter{ID: ids[i]}
}

func (m *machine) retry(rt *rapid.T) {
	f := m.pick(rt)
	if _, err := m.queue.RetryNow(f, m.now); err != nil {
		rt.Fatal(err)
	}
	for k, p := range m.model {
		if !p.leased && !p.held && (f.ID == 0 || f.ID == k.id) {
			p.due, p.suspended = m.now, false
		}
	}
}

func (m *machine) hold(rt *rapid.T)    { m.setHeld(rt, true, m.queue.Hold) }
func (m *machine) release(rt *rapid.T) { m.setHeld(rt, false, m.queue.Release) }

func (m *machine) setHeld(rt *rapid.T, held bool, set func(queue.Filter) (int, error)) {
	f := m.pick(rt)
	got, err := set(f)
	want := 0
	for k, p := range m.model {
		if p.held != held && (f.ID == 0 || f.ID == k.id) {
			p.held = held
			want++
		}
	}
	if err != nil || got != want {
		rt.Fatalf("%d held or released, want %d, %v", got, want, err)
	}
}

func (m *machine) reroute(rt *rapid.T) {
	f := m.pick(rt)
	to := rapid.SampledFrom([]queue.Reroute{
		{}, {Destination: domain(m.tb, "two.test")}, {Via: "relay.test:25"},
	}).Draw(rt, "to")
	if _, err := m.queue.Reroute(f, to, m.now); err != nil {
		rt.Fatal(err)
	}
	for k, p := range m.model {
		if f.ID != 0 && f.ID != k.id {
			continue
		}
		_, rs, err := m.queue.Show(k.id)
		if err != nil {
			rt.Fatal(err)
		}
		i := slices.IndexFunc(rs, func(r queue.Recipient) bool { return r.Index == k.index })
		p.hop, p.suspended = queue.Hop(rs[i].Address.Domain.String()), false
		if !to.Destination.IsZero() {
			p.hop = queue.Hop(to.Destination.String())
		}
		if to.Via != "" {
			p.hop = queue.Hop(to.Via)
		}
		if p.due.After(m.now) {
			p.due = m.now
		}
	}
}

func (m *machine) resume(rt *rapid.T) {
	got, err := m.queue.Resume("one.test", m.now, math.MaxInt)
	want := 0
	for _, p := range m.model {
		if p.hop == "one.test" && p.suspended && !p.leased && !p.held && p.due.After(m.now) {
			p.due, p.suspended = m.now, false
			want++
		}
	}
	if err != nil || got != want {
		rt.Fatalf("%d resumed, want %d, %v", got, want, err)
	}
}

func (m *machine) drop(rt *rapid.T) {
	f := m.pick(rt)
	f.State = rapid.SampledFrom([]queue.State{"", queue.Waiting, queue.Leased, queue.Held}).Draw(rt, "state")
	n, err := m.queue.Drop(f)
	if err != nil {
		rt.Fatal(err)
	}
	before := len(m.model)
	maps.DeleteFunc(m.model, func(k key, p *plain) bool {
		return (f.ID == 0 || f.ID == k.id) && (f.State == "" || p.state() == f.State)
	})
	if n != before-len(m.model) {
		rt.Fatalf("dropped %d, want %d", n, before-len(m.model))
	}
}

func (p *plain) state() queue.State {
	switch {
	case p.leased:
		return queue.Leased
	case p.held:
		return queue.Held
	}
	return queue.Waiting
}

// restart forgets what was leased, as a crash does.
func (m *machine) restart(rt *rapid.T) {
	m.queue = queue.New(m.store, queue.Options{})
	m.leased = nil
	m.now = m.now.Add(20 * time.Second) // until what was known to be left is found again
	m.left = nil
	if _, err := m.queue.ReleaseOwner("node"); err != nil {
		rt.Fatal(err)
	}
	for _, p := range m.model {
		p.leased = false
	}
}

// check compares everything.
func (m *machine) check(rt *rapid.T) {
	rest := maps.Clone(m.model)
	alive := map[queue.ID]bool{}
	err := m.queue.List(queue.Filter{}, func(msg queue.Message, r queue.Recipient) error {
		k := key{msg.ID, r.Index}
		p := rest[k]
		if p == nil {
			rt.Fatalf("%v should be gone", k)
		}
		if !r.Due.Equal(p.due) || r.State() != p.state() || r.Attempts != p.attempts || r.Hop() != p.hop {
			rt.Fatalf("%+v, want %+v", r, p)
		}
		alive[msg.ID] = true
		delete(rest, k)
		return nil
	})
	if err != nil || len(rest) > 0 {
		rt.Fatalf("missing %v, %v", rest, err)
	}
	for id, blob := range m.blobs {
		b, err := m.store.OpenBlob(blob)
		if alive[id] != (err == nil) {
			rt.Fatalf("message %v: alive %t, blob %v", id, alive[id], err)
		}
		if err == nil {
			b.Close()
		} else if !errors.Is(err, storage.ErrNotFound) {
			rt.Fatal(err)
		}
	}
	m.checkCounts(rt, len(alive))
}

func (m *machine) checkCounts(rt *rapid.T, messages int) {
	states := map[queue.State]int{}
	for _, p := range m.model {
		states[p.state()]++
	}
	c, err := m.queue.Count(10)
	want := queue.Counts{Messages: messages, Waiting: states[queue.Waiting], Leased: states[queue.Leased], Held: states[queue.Held], Hops: c.Hops}
	if diff := cmp.Diff(want, c); diff != "" || err != nil {
		rt.Fatalf("counts %s, %v", diff, err)
	}
}
