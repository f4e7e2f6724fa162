package queue_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
	"github.com/mailstead/mailstead/smtp"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func parse(t testing.TB, s string) address.Address {
	t.Helper()
	a, err := address.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func domain(t testing.TB, s string) address.Domain {
	t.Helper()
	d, err := address.ParseDomain(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// add queues a message from alice with the content "body", received at noon.
func add(t testing.TB, store storage.Store, q *queue.Queue, to ...string) queue.ID {
	t.Helper()
	return addMessage(t, store, q, queue.Message{}, to...)
}

// addMessage does so with what a message has set already.
func addMessage(t testing.TB, store storage.Store, q *queue.Queue, m queue.Message, to ...string) queue.ID {
	t.Helper()
	b := store.NewBatch()
	var recipients []queue.Recipient
	for _, r := range to {
		a := parse(t, r)
		recipients = append(recipients, queue.Recipient{Address: a, Destination: a.Domain})
	}
	m.Sender = smtp.ReversePath{Address: parse(t, "alice@example.test")}
	m.Blob, m.Prefix, m.Size = b.AppendBlob([]byte("body")), []byte("X: y\r\n"), 10
	if m.Received.IsZero() {
		m.Received = noon
	}
	id, err := q.Add(b, m, recipients)
	if err != nil {
		t.Fatal(err)
	}
	if err := storage.Commit(store, b); err != nil {
		t.Fatal(err)
	}
	return id
}

func lease(t testing.TB, q *queue.Queue, now time.Time, o queue.LeaseOptions) queue.Leasing {
	t.Helper()
	if o.MaxWorks == 0 {
		o.MaxWorks = 100
	}
	o.Owner = "node"
	l, err := q.Lease(now, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// describe writes works as "destination: local parts".
func describe(works []queue.Work) []string {
	var lines []string
	for _, w := range works {
		var names []string
		for _, r := range w.Recipients {
			names = append(names, string(r.Address.Local))
		}
		lines = append(lines, w.Destination.String()+": "+strings.Join(names, " "))
	}
	return lines
}

func finish(t testing.TB, q *queue.Queue, w queue.Work, o queue.Outcome) {
	t.Helper()
	if err := q.Finish(w, slices.Repeat([]queue.Outcome{o}, len(w.Recipients))); err != nil {
		t.Fatal(err)
	}
}

// isEmpty fails unless nothing of the queue and no blob is left.
func isEmpty(t testing.TB, store storage.Store, blobs ...storage.BlobID) {
	t.Helper()
	err := store.Scan(storage.Range{Start: []byte{0x40}, End: []byte{0x50}}, func(key, _ []byte) error {
		if key[0] != 0x44 { // wake entries may be left over until they are due
			t.Errorf("key %q is left", key)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range blobs {
		if b, err := store.OpenBlob(id); !errors.Is(err, storage.ErrNotFound) {
			b.Close()
			t.Errorf("blob %d is left", id)
		}
	}
}

func TestLeaseGroupsByMessageAndDestination(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	first := add(t, store, q, "a@one.test", "x@two.test", "b@one.test")
	add(t, store, q, "c@one.test")
	l := lease(t, q, noon, queue.LeaseOptions{})
	want := []string{"one.test: a b", "one.test: c", "two.test: x"}
	if diff := cmp.Diff(want, describe(l.Works)); diff != "" || l.More || !l.Next.IsZero() {
		t.Errorf("%+v %s", l, diff)
	}
	m := l.Works[0].Message
	if m.ID != first || string(m.Prefix) != "X: y\r\n" || !m.Expires.Equal(noon.Add(queue.DefaultLifetime)) || m.Sender.Address.String() != "alice@example.test" {
		t.Errorf("message %+v", m)
	}
	if again := lease(t, q, noon, queue.LeaseOptions{}); len(again.Works) != 0 {
		t.Errorf("leased twice: %v", describe(again.Works))
	}
}

func TestLeaseBounds(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	add(t, store, q, "a@one.test", "b@one.test", "c@one.test", "d@one.test", "e@one.test", "x@two.test")
	room := func(n int) func(queue.Hop) int {
		return func(h queue.Hop) int {
			if h == "one.test" {
				return n
			}
			return 9
		}
	}
	one := []queue.Hop{"one.test"}
	l := lease(t, q, noon, queue.LeaseOptions{MaxRecipients: 2, Room: room(1)})
	if diff := cmp.Diff([]string{"one.test: a b", "two.test: x"}, describe(l.Works)); diff != "" || !slices.Equal(l.Left, one) {
		t.Error(l.Left, diff)
	}
	if full := lease(t, q, noon, queue.LeaseOptions{MaxRecipients: 2, Room: room(0), Known: one}); len(full.Works) != 0 || full.More || !slices.Equal(full.Left, one) {
		t.Errorf("a busy destination: %+v", full)
	}
	if quiet := lease(t, q, noon, queue.LeaseOptions{}); len(quiet.Works) != 0 || len(quiet.Left) != 0 || quiet.Next.Sub(noon) > 20*time.Second {
		t.Errorf("a destination that is known to have something left: %+v", quiet)
	}
	l = lease(t, q, noon, queue.LeaseOptions{MaxRecipients: 2, MaxWorks: 1, Known: one})
	if diff := cmp.Diff([]string{"one.test: c d"}, describe(l.Works)); diff != "" || !slices.Equal(l.Left, one) {
		t.Error(l.Left, diff)
	}
	// Whoever knew has died: after some seconds the rest is found again.
	l = lease(t, q, noon.Add(20*time.Second), queue.LeaseOptions{MaxRecipients: 2})
	if diff := cmp.Diff([]string{"one.test: e"}, describe(l.Works)); diff != "" || l.More || len(l.Left) > 0 {
		t.Error(l.Left, diff)
	}
}

func TestDefer(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	id := add(t, store, q, "a@one.test")
	w := lease(t, q, noon, queue.LeaseOptions{}).Works[0]
	later := noon.Add(time.Minute)
	finish(t, q, w, queue.Outcome{Kind: queue.Deferred, Due: later, At: noon, Reply: "451 later", Host: "mx.one.test", DelayNotified: true})
	_, rs, err := q.Show(id)
	if err != nil {
		t.Fatal(err)
	}
	want := []queue.Recipient{{
		Address: parse(t, "a@one.test"), Destination: domain(t, "one.test"), Due: later, Attempts: 1,
		LastAttempt: noon, LastReply: "451 later", LastHost: "mx.one.test", DelayNotified: true,
	}}
	if diff := cmp.Diff(want, rs, cmp.Comparer(func(a, b address.Domain) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	early := lease(t, q, later.Add(-time.Millisecond), queue.LeaseOptions{})
	if len(early.Works) != 0 || !early.Next.Equal(later) {
		t.Errorf("too early: %+v", early)
	}
	if l := lease(t, q, later, queue.LeaseOptions{}); len(l.Works) != 1 {
		t.Errorf("not due: %+v", l)
	}
}

func TestBlobGoesWithTheLastRecipient(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	add(t, store, q, "a@one.test", "b@two.test")
	works := lease(t, q, noon, queue.LeaseOptions{}).Works
	blob := works[0].Message.Blob
	finish(t, q, works[0], queue.Outcome{Kind: queue.Delivered})
	b, err := store.OpenBlob(blob)
	if err != nil {
		t.Fatalf("blob has gone too early: %v", err)
	}
	b.Close()
	finish(t, q, works[1], queue.Outcome{Kind: queue.Failed})
	isEmpty(t, store, blob)
	finish(t, q, works[1], queue.Outcome{Kind: queue.Failed}) // twice is harmless
}

func TestReleaseBlobHook(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	var released []queue.ID
	q := queue.New(store, queue.Options{ReleaseBlob: func(b *storage.Batch, m queue.Message) {
		released = append(released, m.ID)
		b.Set([]byte{0x20}, []byte("given back"))
	}})
	id := add(t, store, q, "a@one.test")
	finish(t, q, lease(t, q, noon, queue.LeaseOptions{}).Works[0], queue.Outcome{Kind: queue.Delivered})
	if _, err := store.Get(nil, []byte{0x20}); err != nil || !slices.Equal(released, []queue.ID{id}) {
		t.Errorf("released %v, %v", released, err)
	}
}

func TestLeasesAfterACrash(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	for i := range 3 {
		add(t, store, q, fmt.Sprintf("u%d@one.test", i))
	}
	lost := lease(t, q, noon, queue.LeaseOptions{MaxWorks: 2}).Works
	other, err := q.Lease(noon, queue.LeaseOptions{Owner: "other", Known: []queue.Hop{"one.test"}})
	if err != nil || len(other.Works) != 1 {
		t.Fatal(other, err)
	}
	q = queue.New(store, queue.Options{})
	if n, err := q.ReleaseOwner("node"); n != 2 || err != nil {
		t.Errorf("released %d, %v", n, err)
	}
	again := lease(t, q, noon, queue.LeaseOptions{})
	if len(again.Works) != 2 {
		t.Errorf("leased again: %v", describe(again.Works))
	}
	// What was leased before the crash counts no more.
	finish(t, q, lost[0], queue.Outcome{Kind: queue.Delivered})
	if c, err := q.Count(5); err != nil || c.Leased != 3 {
		t.Errorf("%+v, %v", c, err)
	}
	if n, err := q.ReleaseExpired("", noon.Add(59*time.Minute)); n != 0 || err != nil {
		t.Errorf("released early: %d, %v", n, err)
	}
	if n, err := q.ReleaseExpired("", noon.Add(61*time.Minute)); n != 3 || err != nil {
		t.Errorf("released %d, %v", n, err)
	}
}

func TestListRetryDrop(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	one := add(t, store, q, "a@one.test", "b@two.test")
	two := add(t, store, q, "A@one.test", "c@two.test")
	w := lease(t, q, noon, queue.LeaseOptions{MaxWorks: 1}).Works[0] // a of the first
	list := func(f queue.Filter) string {
		var names []string
		err := q.List(f, func(m queue.Message, r queue.Recipient) error {
			names = append(names, fmt.Sprintf("%d/%s", map[queue.ID]int{one: 1, two: 2}[m.ID], r.Address.Local))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(names, " ")
	}
	for _, tt := range []struct {
		filter queue.Filter
		want   string
	}{
		{queue.Filter{}, "1/a 1/b 2/A 2/c"},
		{queue.Filter{ID: two}, "2/A 2/c"},
		{queue.Filter{Recipient: parse(t, "a@ONE.test")}, "1/a 2/A"},
		{queue.Filter{Destination: domain(t, "two.test")}, "1/b 2/c"},
		{queue.Filter{State: queue.Leased}, "1/a"},
		{queue.Filter{Sender: parse(t, "Alice@example.test"), State: queue.Waiting}, "1/b 2/A 2/c"},
		{queue.Filter{Sender: parse(t, "bob@example.test")}, ""},
	} {
		if got := list(tt.filter); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.filter, got, tt.want)
		}
	}
	c, err := q.Count(1)
	want := queue.Counts{Messages: 2, Waiting: 3, Leased: 1, Hops: []queue.HopCount{{Hop: "two.test", Waiting: 2}}}
	if diff := cmp.Diff(want, c); diff != "" || err != nil {
		t.Error(err, diff)
	}

	finish(t, q, w, queue.Outcome{Kind: queue.Deferred, Due: noon.Add(time.Hour)})
	if n, err := q.RetryNow(queue.Filter{ID: one}, noon.Add(time.Minute)); n != 2 || err != nil {
		t.Errorf("retry: %d, %v", n, err)
	}
	if l := lease(t, q, noon.Add(time.Minute), queue.LeaseOptions{}); len(l.Works) != 4 {
		t.Errorf("after retry: %v", describe(l.Works))
	}
	if n, err := q.Drop(queue.Filter{Destination: domain(t, "one.test")}); n != 2 || err != nil {
		t.Errorf("drop: %d, %v", n, err)
	}
	if n, err := q.Drop(queue.Filter{}); n != 2 || err != nil {
		t.Errorf("drop: %d, %v", n, err)
	}
	isEmpty(t, store, w.Message.Blob)
	if _, _, err := q.Show(one); !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("show: %v", err)
	}
}

func TestManyRecipients(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	var to []string
	for i := range 1800 {
		to = append(to, fmt.Sprintf("u%d@one.test", i))
	}
	id := add(t, store, q, to...)
	for range 100 {
		add(t, store, q, "v@one.test", "w@two.test")
	}
	if n, err := q.RetryNow(queue.Filter{}, noon.Add(time.Second)); n != 2000 || err != nil {
		t.Errorf("retry: %d, %v", n, err)
	}
	total := 0
	var left []queue.Hop
	for range 100 {
		l := lease(t, q, noon.Add(time.Minute), queue.LeaseOptions{MaxWorks: 30, Known: left})
		left = l.Left
		for _, w := range l.Works {
			total += len(w.Recipients)
		}
		if !l.More && len(left) == 0 {
			break
		}
	}
	if total != 2000 {
		t.Errorf("%d leased", total)
	}
	if n, err := q.ReleaseOwner("node"); n != 2000 || err != nil {
		t.Errorf("released %d, %v", n, err)
	}
	if n, err := q.Drop(queue.Filter{ID: id}); n != 1800 || err != nil {
		t.Errorf("drop: %d, %v", n, err)
	}
}

func TestAddRefuses(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	good := queue.Message{Blob: 1, Received: noon}
	to := []queue.Recipient{{Address: parse(t, "a@one.test"), Destination: domain(t, "one.test")}}
	for name, f := range map[string]func() (queue.Message, []queue.Recipient){
		"no blob":        func() (queue.Message, []queue.Recipient) { return queue.Message{Received: noon}, to },
		"no date":        func() (queue.Message, []queue.Recipient) { return queue.Message{Blob: 1}, to },
		"no recipients":  func() (queue.Message, []queue.Recipient) { return good, nil },
		"too many":       func() (queue.Message, []queue.Recipient) { return good, make([]queue.Recipient, queue.MaxRecipients+1) },
		"no destination": func() (queue.Message, []queue.Recipient) { return good, make([]queue.Recipient, 1) },
	} {
		b := store.NewBatch()
		m, rs := f()
		if _, err := q.Add(b, m, rs); !errors.Is(err, queue.ErrInvalid) || !b.Empty() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	for _, id := range []queue.ID{0, 1, 1<<63 + 12345, 1<<64 - 1} {
		got, err := queue.ParseID(id.String())
		if err != nil || got != id || len(id.String()) != 13 {
			t.Errorf("%d: %s, %d, %v", id, id, got, err)
		}
	}
	for _, bad := range []string{"", "0", "not a queue id", "0000000000000000", "ÄÄÄÄ"} {
		if _, err := queue.ParseID(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestConcurrentLeasesAndFinishes(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	for range 20 {
		add(t, store, q, "a@one.test", "b@two.test", "c@three.test", "d@four.test")
	}
	hops := []queue.Hop{"one.test", "two.test", "three.test", "four.test"}
	delivered := make(chan string, 1000)
	done := make(chan struct{})
	for range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for {
				l, err := q.Lease(noon, queue.LeaseOptions{Owner: "node", MaxWorks: 3, Known: hops})
				if errors.Is(err, storage.ErrConflict) {
					continue
				}
				if err != nil || len(l.Works) == 0 && !l.More && len(l.Left) == 0 {
					return
				}
				for _, w := range l.Works {
					delivered <- fmt.Sprint(w.Message.ID, w.Recipients[0].Index)
					if err := q.Finish(w, []queue.Outcome{{Kind: queue.Delivered}}); err != nil {
						t.Error(err)
					}
				}
			}
		}()
	}
	for range 4 {
		<-done
	}
	close(delivered)
	seen := map[string]bool{}
	for d := range delivered {
		if seen[d] {
			t.Errorf("%s was delivered twice", d)
		}
		seen[d] = true
	}
	if len(seen) != 80 {
		t.Errorf("%d delivered", len(seen))
	}
	isEmpty(t, store)
}
