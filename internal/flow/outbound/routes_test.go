package outbound

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

func TestGlob(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"a.test", "a.test", true}, {"a.test", "b.a.test", false}, {"*.a.test", "b.a.test", true},
		{"*.a.test", "a.test", false}, {"*", "", true}, {"", "", true}, {"", "x", false},
		{"mx*.*.test", "mx1.b.test", true}, {"mx*.*.test", "mx1.test", false}, {"*@a.test", "x/y@a.test", true},
	} {
		if got := glob(tt.pattern, tt.name); got != tt.want {
			t.Errorf("%q %q: %t", tt.pattern, tt.name, got)
		}
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	routes := Routes{
		{Name: "given-up", Match: Match{Recipients: []string{"one.test"}, Attempts: 3}},
		{Name: "provider", Match: Match{Hosts: []string{"*.big.test"}}},
		{Name: "reports", Match: Match{Senders: []string{""}}},
		{Name: "news", Match: Match{Accounts: []string{"news@*"}, Recipients: []string{"*.test"}}},
	}
	for name, tt := range map[string]struct {
		way  Way
		want string
	}{
		"nothing fits":         {Way{Recipient: "x.example", Sender: "a.test", Attempts: 9}, ""},
		"too few attempts":     {Way{Recipient: "one.test", Sender: "a.test", Attempts: 2}, ""},
		"enough attempts":      {Way{Recipient: "one.test", Sender: "a.test", Attempts: 3}, "given-up"},
		"by host":              {Way{Recipient: "x.example", Sender: "a.test", Hosts: []string{"a.test", "mx.big.test"}}, "provider"},
		"null sender":          {Way{Recipient: "x.example"}, "reports"},
		"both must fit":        {Way{Recipient: "x.example", Sender: "a.test", Account: "news@a.test"}, ""},
		"case does not matter": {Way{Recipient: "X.test", Sender: "a.test", Account: "News@A.test"}, "news"},
	} {
		if got := routes.choose(&tt.way).Name; got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestThroughARelayAfterRefusals gives a provider that puts us off twice to
// another host.
func TestThroughARelayAfterRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := newHouse(t), newWorld(t)
		w.host("a.test").reply = on("RCPT", "450 4.7.1 not from you")
		routes := Routes{
			{Name: "other", Match: Match{Hosts: []string{"a.*"}, Attempts: 2}, Relay: &Relay{Host: "192.0.2.3"}, Hello: domain(t, "other.example.test")},
			{Name: "slow", Match: Match{Hosts: []string{"a.*"}}, Pauses: []time.Duration{time.Hour}},
		}
		tr := w.transport(SMTPOptions{Routes: routes})
		h.send("alice@example.test", "x@two.test")
		_, stop := h.run(Options{Transport: tr, Routes: routes})
		time.Sleep(100 * time.Minute)
		if n := len(w.host("c.test").received()); n != 0 {
			t.Errorf("%d messages at the relay after one attempt", n)
		}
		time.Sleep(2 * time.Hour)
		stop()
		tr.Close()
		w.serving.Wait()
		c := w.host("c.test")
		if h.left() != 0 || len(c.received()) != 1 || !slices.Contains(c.lines, "EHLO other.example.test") {
			t.Errorf("%d left, relay heard %q", h.left(), c.lines)
		}
	})
}

// TestRerouteToAHost delivers what an operator has sent to another host.
func TestRerouteToAHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := newHouse(t), newWorld(t)
		tr := w.transport(SMTPOptions{})
		w.remove("a.test")
		h.send("alice@example.test", "x@two.test")
		r, stop := h.run(Options{Transport: tr})
		synctest.Wait()
		if n, err := h.queue.Reroute(queue.Filter{}, queue.Reroute{Via: "192.0.2.2:25"}, time.Now()); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		r.Notify()
		synctest.Wait()
		stop()
		tr.Close()
		w.serving.Wait()
		if h.left() != 0 || len(w.host("b.test").received()) != 1 {
			t.Errorf("%d left; dialed %s", h.left(), w.tried())
		}
	})
}

// TestWarmUp sends from new addresses as many messages a day as the plan has,
// the next day more, over a restart, and the rest from old ones or later.
func TestWarmUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := newHouse(t), newWorld(t)
		var mu sync.Mutex
		from := map[string]int{}
		var tr *SMTP
		start := func() func() {
			pool := &SourcePool{Name: "new", Addresses: []netip.Addr{netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("198.51.100.2")},
				WarmUp: []int{3, 5}, Start: time.Now(), Uses: NewUses(h.queue)}
			tr = NewSMTP(SMTPOptions{
				Resolver: w.resolver, Dial: w.Dial, Hostname: domain(t, "mail.example.test"),
				DialFrom: func(ctx context.Context, source netip.Addr, network, addr string) (net.Conn, error) {
					mu.Lock()
					from[source.String()]++
					mu.Unlock()
					return w.Dial(ctx, network, addr)
				},
			})
			_, stop := h.run(Options{Transport: tr, Routes: Routes{{Name: "news", Sources: pool}}})
			return func() { stop(); tr.Close() }
		}
		for i := range 12 {
			h.send("alice@example.test", fmt.Sprintf("u%d@two.test", i))
		}
		stop := start()
		time.Sleep(time.Hour)
		stop()
		a := w.host("a.test")
		if n := len(a.received()); n != 3 {
			t.Errorf("%d on the first day", n)
		}
		stop = start() // the counts are those of before
		time.Sleep(10 * time.Hour)
		stop()
		if n := len(a.received()); n != 3 {
			t.Errorf("%d on the first day after a restart", n)
		}
		if n := len(from); n != 2 {
			t.Errorf("from %v", from)
		}
		w.serving.Wait()
	})
}

// TestWarmUpSplitsParcels: a message to more recipients than a day's plan has
// goes out in parts, day by day.
func TestWarmUpSplitsParcels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := newHouse(t), newWorld(t)
		pool := &SourcePool{Name: "new", WarmUp: []int{2, 3, 9}, Start: time.Now(), Uses: NewUses(h.queue)}
		tr := w.transport(SMTPOptions{})
		h.send("alice@example.test", "a@two.test", "b@two.test", "c@two.test", "d@two.test", "e@two.test", "f@two.test")
		_, stop := h.run(Options{Transport: tr, Routes: Routes{{Name: "news", Sources: pool}}})
		for day, want := range []int{2, 5, 6} {
			time.Sleep(20 * time.Hour)
			got := 0
			for _, m := range w.host("a.test").received() {
				got += len(m.to)
			}
			if got != want {
				t.Errorf("day %d: %d recipients have it, want %d", day+1, got, want)
			}
			time.Sleep(4*time.Hour + time.Minute)
		}
		stop()
		tr.Close()
		w.serving.Wait()
	})
}

// TestPoolCeilings looks at the plan day by day.
func TestPoolCeilings(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	day := func(n int) time.Time { return time.Date(2026, 11, n, 23, 59, 0, 0, time.UTC) }
	old := &SourcePool{Name: "old"}
	pool := &SourcePool{Name: "new", WarmUp: []int{2, 3}, Start: day(10), Uses: NewUses(h.queue)}
	take := func(at time.Time, n int) string {
		r, err := pool.reserve("one.test", n, at)
		if err != nil {
			t.Fatal(err)
		}
		if r == nil {
			return ""
		}
		return r.pool.Name
	}
	for i, step := range []struct {
		at   time.Time
		n    int
		want string
	}{
		{day(10), 2, "new"}, {day(10), 1, ""}, {day(11), 3, "new"}, {day(11), 1, ""}, {day(12), 1000, "new"}, {day(9), 2, "new"}, {day(9), 1, ""},
	} {
		if got := take(step.at, step.n); got != step.want {
			t.Errorf("step %d: %q, want %q", i, got, step.want)
		}
	}
	pool.Overflow = old
	if got := take(day(11), 1); got != "old" {
		t.Errorf("overflow: %q", got)
	}
	// What was not accepted is given back.
	r, err := pool.reserve("two.test", 3, day(11))
	if r == nil || err != nil {
		t.Fatal(r, err)
	}
	r.keep(1)
	b := h.store.NewBatch()
	storeUses(b, []Result{{reserved: r}})
	if err := storage.Commit(h.store, b); err != nil {
		t.Fatal(err)
	}
	if n, err := h.queue.Used(queue.Use{Day: dayOf(day(11)), Pool: "new", Destination: "two.test"}); n != 1 || err != nil {
		t.Errorf("stored %d, %v", n, err)
	}
}
