package dns_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/dns/dnstest"
)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func TestCacheKeepsUntilTTL(t *testing.T) {
	t.Parallel()
	table, clk := dnstest.New(world()), &clock{time.Unix(1000, 0)}
	c := dns.NewCache(table, dns.CacheOptions{Now: clk.Now})
	ask := func() dns.Answer[dns.MX] {
		a, err := c.LookupMX(t.Context(), "example.ORG")
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	ask().Records[0].Host = "changed by a caller"
	clk.now = clk.now.Add(59 * time.Second)
	if a := ask(); a.Records[0].Host != "mx1.example.org" || a.TTL != time.Second || !a.Authentic {
		t.Errorf("second answer: %+v", a)
	}
	if n := len(table.Asked()); n != 1 {
		t.Errorf("asked %d times within the TTL", n)
	}
	clk.now = clk.now.Add(time.Second)
	ask()
	if n := len(table.Asked()); n != 2 {
		t.Errorf("asked %d times after the TTL", n)
	}
	if s := c.Stats(); s != (dns.CacheStats{Hits: 1, Misses: 2, Entries: 1}) {
		t.Errorf("stats %+v", s)
	}
}

func TestCacheKeepsDenialsButNoFailures(t *testing.T) {
	t.Parallel()
	table := dnstest.New(world())
	c := dns.NewCache(table, dns.CacheOptions{})
	for range 2 {
		if _, err := c.LookupA(t.Context(), "nothing.test"); !errors.Is(err, dns.ErrNoSuchName) {
			t.Error(err)
		}
		if _, err := c.LookupA(t.Context(), "servfail.test"); !errors.Is(err, dns.ErrTemporary) {
			t.Error(err)
		}
		if _, err := c.LookupPTR(t.Context(), netip.MustParseAddr("192.0.2.1")); err != nil {
			t.Error(err)
		}
	}
	want := "[A nothing.test A servfail.test PTR 1.2.0.192.in-addr.arpa A servfail.test]"
	if got := fmt.Sprint(table.Asked()); got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	table := dnstest.New(world())
	c := dns.NewCache(table, dns.CacheOptions{MaxEntries: 10})
	c.LookupMX(t.Context(), "example.org")
	for i := range 100 {
		c.LookupMX(t.Context(), "example.org") // stays the most recent
		c.LookupMX(t.Context(), fmt.Sprintf("nothing%d.test", i))
	}
	if s := c.Stats(); s.Entries != 10 || s.Hits != 100 {
		t.Errorf("stats %+v", s)
	}
}
