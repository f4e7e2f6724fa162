package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

// A clock moves only when it is told to.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newJournal(t testing.TB, o Options) (*Journal, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC)}
	if o.Store == nil {
		store := memstore.New()
		t.Cleanup(func() { store.Close() })
		o.Store = store
	}
	o.Now = c.Now
	return New(o), c
}

// relayed is the journey of one message, from a client to another server.
func relayed(at time.Time) []Event {
	return []Event{
		{
			Time: at, Kind: Received, MessageID: "<Hello@client.example>", Transaction: "TX1", Queue: "q1", Sender: "ann@example.test",
			Peer:       Peer{Name: "client", Address: "192.0.2.1:5000", TLS: "TLS 1.3", User: "ann@example.test", With: "ESMTPSA"},
			Recipients: []Recipient{{Address: "Far@elsewhere.test", Outcome: Queued}, {Address: "bob@example.test", Outcome: Stored, Account: "bob@example.test", Mailbox: "INBOX"}},
		},
		{
			Time: at.Add(time.Minute), Kind: Attempt, Queue: "q1", Sender: "ann@example.test", Peer: Peer{Name: "mx.elsewhere.test"},
			Recipients: []Recipient{{Address: "far@elsewhere.test", Outcome: Deferred, Reply: "450 later", Next: at.Add(time.Hour)}},
		},
		{
			Time: at.Add(25 * time.Hour), Kind: Attempt, Queue: "q1", Sender: "ann@example.test", Peer: Peer{Name: "mx.elsewhere.test"},
			Recipients: []Recipient{{Address: "far@elsewhere.test", Outcome: Delivered, Reply: "250 ok"}},
		},
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	j, clock := newJournal(t, Options{})
	want := relayed(clock.now)
	for _, e := range want {
		j.Record(e)
	}
	other := Event{Time: clock.now.Add(time.Second), Kind: Refused, MessageID: "other@client.example", Transaction: "TX2", Sender: "<>", Reply: "550 no", Recipients: []Recipient{{Address: "bob@example.test", Outcome: Failed}}}
	j.Record(other)
	clock.now = clock.now.Add(48 * time.Hour)
	for _, name := range []string{"<hello@client.example>", "Hello@CLIENT.example", "tx1", "Q1", " far@elsewhere.test ", "ann@example.test"} {
		got, err := j.Find(name, 10)
		if diff := cmp.Diff([]Journey{want}, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	got, err := j.Find("bob@example.test", 10)
	if diff := cmp.Diff([]Journey{want, {other}}, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, name := range []string{"", "<>", "nobody@example.test"} {
		if got, err := j.Find(name, 10); got != nil || err != nil {
			t.Errorf("%q: %v, %v", name, got, err)
		}
	}
}

func TestFindNewest(t *testing.T) {
	t.Parallel()
	j, clock := newJournal(t, Options{})
	for i := range 10 {
		clock.now = clock.now.Add(5 * time.Hour)
		j.Record(Event{Kind: Received, Transaction: fmt.Sprint("tx", i), Sender: "ann@example.test"})
	}
	got, err := j.Find("ann@example.test", 2)
	if err != nil || len(got) != 2 || got[0][0].Transaction != "tx8" || got[1][0].Transaction != "tx9" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestExpire(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	defer store.Close()
	j, clock := newJournal(t, Options{Store: store, Keep: 24 * time.Hour})
	j.Record(Event{Kind: Received, Transaction: "old"})
	j.Flush()
	clock.now = clock.now.Add(23 * time.Hour)
	j.Record(Event{Kind: Received, Transaction: "new"})
	j.Flush()
	clock.now = clock.now.Add(2 * time.Hour)
	if err := j.Expire(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"old": 0, "new": 1} {
		if got, err := j.Find(name, 1); len(got) != want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	clock.now = clock.now.Add(72 * time.Hour)
	if err := j.Expire(); err != nil {
		t.Fatal(err)
	}
	if n := count(t, store); n != 0 {
		t.Errorf("%d keys are left", n)
	}
}

func count(t *testing.T, r storage.Reader) (n int) {
	t.Helper()
	if err := r.Scan(storage.Range{}, func(_, _ []byte) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBounds(t *testing.T) {
	t.Parallel()
	j, _ := newJournal(t, Options{MaxPending: 3})
	long := strings.Repeat("é", 1000)
	e := Event{Kind: Received, Transaction: "tx", MessageID: long, Verdict: []string{long}}
	for i := range 60 {
		e.Recipients = append(e.Recipients, Recipient{Address: fmt.Sprintf("%d@x.test", i), Reply: long})
	}
	for range 5 {
		j.Record(e)
	}
	if n := j.Dropped(); n != 2 {
		t.Errorf("%d dropped, want 2", n)
	}
	got, err := j.Find("tx", 1)
	if err != nil || len(got) != 1 || len(got[0]) != 3 {
		t.Fatalf("%v, %v", got, err)
	}
	kept := got[0][0]
	if len(kept.Recipients) != maxRecipients || kept.More != 10 || len(kept.MessageID) != maxText || len(kept.Recipients[0].Reply) != maxText {
		t.Errorf("%d recipients, %d more, id of %d bytes", len(kept.Recipients), kept.More, len(kept.MessageID))
	}
}

// TestManyEvents wants each event to be found where many are written at once, on
// several pages.
func TestManyEvents(t *testing.T) {
	t.Parallel()
	j, _ := newJournal(t, Options{})
	const n = 10_000
	for i := range n {
		j.Record(Event{Kind: Received, Transaction: fmt.Sprint("tx", i), Sender: "ann@example.test", Verdict: []string{strings.Repeat("x", 200)}})
	}
	for i := 0; i < n; i += 97 {
		name := fmt.Sprint("tx", i)
		got, err := j.Find(name, 1)
		if err != nil || len(got) != 1 || got[0][0].Transaction != name {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
	}
	got, err := j.Find("ann@example.test", 3)
	if err != nil || len(got) != 3 || got[2][0].Transaction != fmt.Sprint("tx", n-1) {
		t.Errorf("%d journeys, %v", len(got), err)
	}
	if n := j.Dropped(); n != 0 {
		t.Errorf("%d dropped", n)
	}
}

// TestHugeEvent has all that strangers say be long, and longer as it is written.
func TestHugeEvent(t *testing.T) {
	t.Parallel()
	j, _ := newJournal(t, Options{})
	long := strings.Repeat("<", 5000)
	e := Event{Transaction: "tx", Reply: long, Peer: Peer{Name: long}}
	for range 5000 {
		e.Recipients = append(e.Recipients, Recipient{Address: long, Original: long, Reply: long})
	}
	for range 3 {
		j.Record(e)
	}
	got, err := j.Find("tx", 5)
	if err != nil || len(got) != 1 || len(got[0]) != 3 {
		t.Fatalf("%d journeys, %v", len(got), err)
	}
	if one := got[0][2]; len(one.Recipients) == 0 || len(one.Recipients)+one.More != 5000 {
		t.Errorf("%d recipients and %d more", len(one.Recipients), one.More)
	}
}

// failing is a store whose disk is full.
type failing struct{ storage.Store }

func (f failing) Enqueue(*storage.Batch) *storage.Pending {
	p := storage.NewPending()
	p.Resolve(storage.ErrFull)
	return p
}

func TestFullDiskDropsEvents(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	defer store.Close()
	j, _ := newJournal(t, Options{Store: failing{store}})
	j.Record(Event{Transaction: "tx"})
	j.Flush()
	if n := j.Dropped(); n != 1 {
		t.Errorf("%d dropped", n)
	}
	if err := j.Expire(); !errors.Is(err, storage.ErrFull) {
		t.Error(err)
	}
}

func TestRunWritesTheRest(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	defer store.Close()
	j, clock := newJournal(t, Options{Store: store, Interval: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); j.Run(ctx) }()
	j.Record(Event{Transaction: "tx"})
	cancel()
	<-done
	again := New(Options{Store: store, Now: clock.Now})
	if got, err := again.Find("tx", 1); len(got) != 1 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
}

// TestModel records random events and asks for random names; the plain model
// looks at all events.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		store := memstore.New()
		defer store.Close()
		j, clock := newJournal(t, Options{Store: store})
		var all []Event
		name := func(kind string) string { return fmt.Sprint(kind, rapid.IntRange(0, 5).Draw(rt, kind)) }
		for range rapid.IntRange(1, 30).Draw(rt, "events") {
			clock.now = clock.now.Add(time.Duration(rapid.IntRange(1, 10).Draw(rt, "hours")) * time.Hour)
			e := Event{Time: clock.now, Kind: Received, Transaction: fmt.Sprint("t", len(all)), Sender: name("a"), Recipients: []Recipient{{Address: name("a")}}}
			if rapid.Bool().Draw(rt, "queued") {
				e.Kind, e.Transaction, e.Queue = Attempt, "", name("q")
			}
			j.Record(e)
			all = append(all, e)
		}
		asked := name("q")
		var want []string
		for _, e := range all {
			if e.Queue == asked {
				want = append(want, e.Time.String())
			}
		}
		journeys, err := j.Find(asked, 1000)
		if err != nil || len(journeys) > 1 {
			rt.Fatalf("%d journeys, %v", len(journeys), err)
		}
		var got []string
		for _, journey := range journeys {
			for _, e := range journey {
				got = append(got, e.Time.String())
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("%s:\n%s", asked, diff)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	j, clock := newJournal(b, Options{MaxPending: 1 << 30})
	e := relayed(clock.now)[0]
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		j.Record(e)
		if i%4096 == 0 {
			j.Flush()
		}
	}
}
