package limit

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// A clock stands still until it is moved.
type clock struct{ at time.Time }

func newClock() *clock { return &clock{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (c *clock) now() time.Time        { return c.at }
func (c *clock) move(by time.Duration) { c.at = c.at.Add(by) }

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestNetwork(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.1":              "192.0.2.1/32",
		"::ffff:192.0.2.1":       "192.0.2.1/32",
		"2001:db8:1:2:3:4:5:6":   "2001:db8:1:2::/64",
		"fe80::1%eth0":           "fe80::/64",
		"2001:db8:1:2:ffff::1":   "2001:db8:1:2::/64",
		"2001:db8:1:3::1":        "2001:db8:1:3::/64",
		"::1":                    "::/64",
		"::ffff:192.0.2.1%3":     "192.0.2.1/32",
		"2001:db8:1:2::1%5":      "2001:db8:1:2::/64",
		"255.255.255.255":        "255.255.255.255/32",
		"2001:db8:1:2:3:4:5:6%1": "2001:db8:1:2::/64",
	} {
		if got := Network(ip(in)).String(); got != want {
			t.Errorf("%s is in %s, want %s", in, got, want)
		}
	}
	if got := Network(netip.Addr{}); got != (netip.Prefix{}) {
		t.Errorf("no address is in %v", got)
	}
}

func TestConnections(t *testing.T) {
	t.Parallel()
	c := NewConnections(4, 2)
	for i, step := range []struct {
		ip   string
		want error
	}{
		{"192.0.2.1", nil},
		{"::ffff:192.0.2.1", nil},
		{"192.0.2.1", ErrNetwork},
		{"2001:db8::1", nil},
		{"2001:db8::ffff", nil},
		{"192.0.2.9", ErrTotal},
	} {
		if err := c.Acquire(ip(step.ip)); !errors.Is(err, step.want) {
			t.Errorf("step %d: got %v, want %v", i, err, step.want)
		}
	}
	c.Release(ip("192.0.2.1"))
	if err := c.Acquire(ip("192.0.2.9")); err != nil {
		t.Errorf("after a release: %v", err)
	}
	for _, open := range []string{"192.0.2.1", "192.0.2.9", "2001:db8::1", "2001:db8::1"} {
		c.Release(ip(open))
	}
	if c.Open() != 0 || len(c.networks) != 0 {
		t.Errorf("%d connections of %d networks are left", c.Open(), len(c.networks))
	}
}

func TestConnectionsWithoutLimits(t *testing.T) {
	t.Parallel()
	c := NewConnections(0, 0)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if err := c.Acquire(ip("192.0.2.1")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if c.Open() != 800 {
		t.Errorf("%d are open, want 800", c.Open())
	}
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	c := newClock()
	b := NewBuckets[string](Rate{Burst: 3, Per: 30 * time.Second}, 10, c.now)
	for i, step := range []struct {
		move time.Duration
		take int
		ok   bool
		wait time.Duration
	}{
		{0, 1, true, 0},
		{0, 2, true, 10 * time.Second},
		{0, 1, false, 10 * time.Second},
		{4 * time.Second, 1, false, 6 * time.Second},
		{6 * time.Second, 1, true, 10 * time.Second},
		{20 * time.Second, 3, false, 0},
		{0, 2, true, 10 * time.Second},
		{time.Hour, 4, false, 0},
		{0, 3, true, 10 * time.Second},
	} {
		c.move(step.move)
		if ok := b.Take("a", step.take); ok != step.ok {
			t.Errorf("step %d: Take is %v", i, ok)
		}
		if wait := b.Wait("a"); wait != step.wait {
			t.Errorf("step %d: Wait is %v, want %v", i, wait, step.wait)
		}
	}
	if !b.Take("b", 3) {
		t.Error("another key's bucket is not full")
	}
	b.Refill("a")
	if !b.Take("a", 3) {
		t.Error("a bucket is not full after Refill")
	}
}

func TestBucketsAreBounded(t *testing.T) {
	t.Parallel()
	c := newClock()
	b := NewBuckets[int](Rate{Burst: 1, Per: time.Minute}, 100, c.now)
	b.Take(-1, 1)
	for i := range 1000 {
		b.Take(i, 1)
		b.Wait(-1) // in use, so it stays
	}
	if b.Keys() != 100 {
		t.Errorf("%d keys are kept, want 100", b.Keys())
	}
	if b.Wait(-1) == 0 || b.Wait(999) == 0 {
		t.Error("a key in use was forgotten")
	}
	if b.Wait(0) != 0 {
		t.Error("the oldest key was not forgotten")
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	c := newClock()
	o := DefaultFailureOptions()
	o.Now = c.now
	o.Network = Rate{Burst: 4, Per: 4 * time.Minute}
	o.Account = Rate{Burst: 2, Per: 20 * time.Minute}
	f := NewFailures(o)
	check := func(what, from, account string, want Verdict) {
		t.Helper()
		if got := f.Check(ip(from), account); got != want {
			t.Errorf("%s: got %+v, want %+v", what, got, want)
		}
	}
	fail := func(from, account string, times int) {
		for range times {
			f.Fail(ip(from), account)
		}
	}
	const guesser, owner = "192.0.2.1", "192.0.2.2"
	check("at first", guesser, "alice", Verdict{})
	fail(guesser, "alice", 2)
	check("account exhausted", owner, "alice", Verdict{Delay: o.MaxDelay})
	check("another account", guesser, "bob", Verdict{})
	fail(guesser, "bob", 1)
	fail(guesser, "carol", 9)
	check("network exhausted", guesser, "dave", Verdict{Refused: true})
	check("another network", owner, "dave", Verdict{})
	f.Succeed("alice")
	check("after success", owner, "alice", Verdict{})
	check("success does not clear the network", guesser, "alice", Verdict{Refused: true})
	c.move(time.Minute)
	check("a minute later", guesser, "alice", Verdict{})
	fail(guesser, "dave", 1)
	check("and once more", guesser, "alice", Verdict{Refused: true})
	c.move(9*time.Minute - 2*time.Second)
	check("delay runs out", owner, "carol", Verdict{Delay: 2 * time.Second})
}

func TestFailuresOfLongNames(t *testing.T) {
	t.Parallel()
	o := DefaultFailureOptions()
	f := NewFailures(o)
	f.Fail(netip.Addr{}, fmt.Sprintf("%01000000d", 1))
	if f.accounts.Wait(fmt.Sprintf("%0256d", 0)) != 0 || f.accounts.Keys() != 1 {
		t.Error("a long name is not counted under its start")
	}
	if _, ok := f.accounts.fullAt.get(fmt.Sprintf("%0256d", 0)); !ok {
		t.Error("a long name is kept whole")
	}
}

func BenchmarkCheck(b *testing.B) {
	f := NewFailures(DefaultFailureOptions())
	from := ip("192.0.2.1")
	b.ReportAllocs()
	for b.Loop() {
		f.Check(from, "alice@example.test")
	}
}
