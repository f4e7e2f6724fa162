package queue_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

// terms lease what is due at noon for those hops.
func terms(hops ...queue.Hop) queue.Terms {
	return queue.Terms{
		Owner: "node", Now: noon, Until: noon.Add(time.Hour), MaxRecipients: 2,
		Room: func(h queue.Hop) bool { return slices.Contains(hops, h) },
	}
}

// addLeased queues a message as add does, on terms.
func addLeased(t testing.TB, store storage.Store, q *queue.Queue, terms queue.Terms, to ...queue.Recipient) []queue.Work {
	t.Helper()
	b := store.NewBatch()
	m := queue.Message{Blob: b.AppendBlob([]byte("body")), Prefix: []byte("X: y\r\n"), Size: 10, Received: noon.Add(123)}
	_, works, err := q.AddLeased(b, m, to, terms)
	if err != nil {
		t.Fatal(err)
	}
	if err := storage.Commit(store, b); err != nil {
		t.Fatal(err)
	}
	return works
}

// recipients wait for the domains of their addresses.
func recipients(t testing.TB, addresses ...string) []queue.Recipient {
	var list []queue.Recipient
	for _, s := range addresses {
		a := parse(t, s)
		list = append(list, queue.Recipient{Address: a, Destination: a.Domain})
	}
	return list
}

// TestAddLeased has recipients for whom there is room, for whom there is none,
// and who are not due.
func TestAddLeased(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	rcpts := recipients(t, "a@one.test", "x@two.test", "b@one.test", "c@one.test", "late@one.test", "held@one.test")
	rcpts[4].Due, rcpts[5].Held = noon.Add(time.Minute), true
	works := addLeased(t, store, q, terms("one.test", "three.test"), rcpts...)
	if diff := cmp.Diff([]string{"one.test: a b", "one.test: c"}, describe(works)); diff != "" {
		t.Fatal(diff)
	}
	if got := describe(lease(t, q, noon.Add(time.Second), queue.LeaseOptions{}).Works); !slices.Equal(got, []string{"two.test: x"}) {
		t.Errorf("%q waited", got)
	}
	c, err := q.Count(0)
	if err != nil || c.Leased != 4 || c.Waiting != 1 || c.Held != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	for _, w := range works {
		finish(t, q, w, queue.Outcome{Kind: queue.Delivered})
	}
	if c, err = q.Count(0); err != nil || c.Messages != 1 || c.Leased != 1 {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestAddLeasedIsAsLeased compares the works of AddLeased with what is stored,
// and with those of Lease after a crash.
func TestAddLeasedIsAsLeased(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	works := addLeased(t, store, q, terms("one.test"), recipients(t, "a@one.test", "b@one.test")...)
	m, stored, err := q.Show(works[0].Message.ID)
	if err != nil {
		t.Fatal(err)
	}
	same := []cmp.Option{cmpopts.EquateComparable(address.Domain{}), cmpopts.EquateEmpty()}
	if diff := cmp.Diff(m, works[0].Message, same...); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(stored, works[0].Recipients, same...); diff != "" {
		t.Error(diff)
	}
	if works[0].Destination != works[0].Recipients[0].Destination || works[0].Via != "" {
		t.Errorf("goes to %v %q", works[0].Destination, works[0].Via)
	}

	if n, err := q.ReleaseOwner("node"); n != 2 || err != nil {
		t.Fatalf("released %d, %v", n, err)
	}
	again := lease(t, q, noon.Add(time.Second), queue.LeaseOptions{}).Works
	if diff := cmp.Diff(describe(works), describe(again)); diff != "" {
		t.Fatal(diff)
	}
	// The first lease is over: what comes of it is not heard.
	finish(t, q, works[0], queue.Outcome{Kind: queue.Failed})
	if c, err := q.Count(0); err != nil || c.Leased != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	finish(t, q, again[0], queue.Outcome{Kind: queue.Delivered})
	isEmpty(t, store, works[0].Message.Blob)
}

// TestRoomIsAskedOnce wants no question about a hop that has no room, and one
// for each work of a hop that has.
func TestRoomIsAskedOnce(t *testing.T) {
	t.Parallel()
	store := memstore.New()
	q := queue.New(store, queue.Options{})
	asked := map[queue.Hop]int{}
	o := terms()
	o.Room = func(h queue.Hop) bool {
		asked[h]++
		return h == "one.test" && asked[h] < 3
	}
	works := addLeased(t, store, q, o, recipients(t, "a@one.test", "a@two.test", "b@one.test", "b@two.test",
		"c@one.test", "d@one.test", "e@one.test", "f@one.test")...)
	if diff := cmp.Diff([]string{"one.test: a b", "one.test: c d"}, describe(works)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[queue.Hop]int{"one.test": 3, "two.test": 1}, asked); diff != "" {
		t.Error(diff)
	}
	if got := lease(t, q, noon.Add(time.Second), queue.LeaseOptions{MaxRecipients: math.MaxInt}).Works; len(got) != 2 {
		t.Errorf("%q waited", describe(got))
	}
}
