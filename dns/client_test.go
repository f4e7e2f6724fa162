package dns_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/dns/dnstest"
)

func world() dnstest.Zones {
	many := make([]string, 300)
	for i := range many {
		many[i] = fmt.Sprintf("10.0.%d.%d", i/250, i%250+1)
	}
	return dnstest.Zones{
		MX: map[string][]dns.MX{
			"example.org": {{Preference: 10, Host: "mx1.example.org"}, {Preference: 20, Host: "mx2.example.org"}},
			"null.test":   {{Preference: 0, Host: "."}},
		},
		A:     map[string][]string{"mx1.example.org": {"127.0.0.1"}, "many.test": many, "real.test": {"192.0.2.1"}},
		AAAA:  map[string][]string{"mx1.example.org": {"::1"}, "six.test": {"2001:db8::1"}},
		TXT:   map[string][]string{"example.org": {"v=spf1 -all", strings.Repeat(`a"\`, 200)}},
		PTR:   map[string][]string{"192.0.2.1": {"real.test"}, "2001:db8::1": {"six.test"}},
		TLSA:  map[string][]dns.TLSA{"_25._tcp.real.test": {{Usage: 3, Selector: 1, MatchingType: 1, Data: []byte("\x00digest")}, {Usage: 2}}},
		CNAME: map[string]string{"alias.test": "alias2.test", "alias2.test": "real.test", "loop.test": "loop.test", "dangling.test": "nothing.test"},
		Fail: map[string]dnstest.Failure{
			"servfail.test": dnstest.ServFail, "silent.test": dnstest.Silent, "refused.test": dnstest.Refused,
			"AAAA real.test": dnstest.ServFail,
		},
		Insecure: map[string]bool{"null.test": true},
	}
}

// both runs a test with the resolver in the process and with a client that
// asks it through a socket: they must behave the same.
func both(t *testing.T, test func(t *testing.T, r dns.Resolver)) {
	t.Helper()
	table := dnstest.New(world())
	t.Run("table", func(t *testing.T) { test(t, table) })
	t.Run("network", func(t *testing.T) { test(t, client(t, table, dns.Options{})) })
}

func client(t *testing.T, r *dnstest.Resolver, o dns.Options) *dns.Client {
	t.Helper()
	o.Servers = []netip.AddrPort{dnstest.Serve(t, r)}
	c, err := dns.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLookupMX(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, r dns.Resolver) {
		a, err := r.LookupMX(t.Context(), "Example.ORG.")
		if err != nil {
			t.Fatal(err)
		}
		want := dns.Answer[dns.MX]{
			Records:   []dns.MX{{Preference: 10, Host: "mx1.example.org"}, {Preference: 20, Host: "mx2.example.org"}},
			Canonical: "example.org", Authentic: true, TTL: time.Minute,
		}
		if diff := cmp.Diff(want, a); diff != "" {
			t.Error(diff)
		}
		null, err := r.LookupMX(t.Context(), "null.test")
		if err != nil || len(null.Records) != 1 || !null.Records[0].IsNull() || null.Authentic {
			t.Errorf("null MX: %+v, %v", null, err)
		}
	})
}

func TestLookupIP(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, r dns.Resolver) {
		for name, want := range map[string]string{
			"mx1.example.org": "[::1 127.0.0.1]",
			"six.test":        "[2001:db8::1]",
			"alias.test":      "[192.0.2.1]", // although its AAAA fails
		} {
			a, err := dns.LookupIP(t.Context(), r, name)
			if err != nil || fmt.Sprint(a.Records) != want {
				t.Errorf("%s: %v, %v; want %s", name, a.Records, err, want)
			}
		}
		a, err := r.LookupA(t.Context(), "many.test")
		if err != nil || len(a.Records) < 256 {
			t.Errorf("%d records of an answer too long for UDP, %v", len(a.Records), err)
		}
	})
}

func TestCanonicalName(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, r dns.Resolver) {
		a, err := r.LookupA(t.Context(), "alias.test")
		if err != nil || a.Canonical != "real.test" {
			t.Errorf("canonical name %q, %v", a.Canonical, err)
		}
	})
}

func TestLookupTXTAndPTR(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, r dns.Resolver) {
		txt, err := r.LookupTXT(t.Context(), "example.org")
		if diff := cmp.Diff([]string{"v=spf1 -all", strings.Repeat(`a"\`, 200)}, txt.Records); diff != "" || err != nil {
			t.Error(err, diff)
		}
		for addr, want := range map[string]string{"192.0.2.1": "real.test", "::ffff:192.0.2.1": "real.test", "2001:db8::1": "six.test"} {
			ptr, err := r.LookupPTR(t.Context(), netip.MustParseAddr(addr))
			if err != nil || len(ptr.Records) != 1 || ptr.Records[0] != want {
				t.Errorf("%s: %v, %v", addr, ptr.Records, err)
			}
		}
	})
}

func TestLookupTLSA(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, r dns.Resolver) {
		a, err := r.LookupTLSA(t.Context(), "_25._tcp.real.test")
		want := []dns.TLSA{{Usage: 3, Selector: 1, MatchingType: 1, Data: []byte("\x00digest")}, {Usage: 2, Data: []byte{}}}
		if diff := cmp.Diff(want, a.Records, cmpopts.EquateEmpty()); diff != "" || err != nil || !a.Authentic {
			t.Errorf("authentic: %t, %v\n%s", a.Authentic, err, diff)
		}
		if _, err := r.LookupTLSA(t.Context(), "_26._tcp.real.test"); !errors.Is(err, dns.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestErrors(t *testing.T) {
	t.Parallel()
	table := dnstest.New(world())
	resolvers := map[string]dns.Resolver{
		"table":   table,
		"network": client(t, table, dns.Options{Timeout: 50 * time.Millisecond, Rounds: 1}),
	}
	tests := []struct {
		name string
		want []error
	}{
		{"nothing.test", []error{dns.ErrNotFound, dns.ErrNoSuchName}},
		{"dangling.test", []error{dns.ErrNotFound, dns.ErrNoSuchName}},
		{"real.test", []error{dns.ErrNotFound}},
		{"alias.test", []error{dns.ErrNotFound}},
		{"servfail.test", []error{dns.ErrTemporary}},
		{"refused.test", []error{dns.ErrTemporary}},
		{"silent.test", []error{dns.ErrTemporary}},
		{"", []error{dns.ErrInvalidName}},
		{"a..b", []error{dns.ErrInvalidName}},
		{"bücher.test", []error{dns.ErrInvalidName}},
		{strings.Repeat("a", 64) + ".test", []error{dns.ErrInvalidName}},
	}
	for kind, r := range resolvers {
		for _, tt := range tests {
			_, err := r.LookupMX(t.Context(), tt.name)
			for _, target := range []error{dns.ErrNotFound, dns.ErrNoSuchName, dns.ErrTemporary, dns.ErrInvalidName} {
				want := cmp.Equal(tt.want, []error{target}, cmpopts.EquateErrors())
				for _, w := range tt.want {
					want = want || w == target
				}
				if errors.Is(err, target) != want {
					t.Errorf("%s: %q: error %v matches %v: %t", kind, tt.name, err, target, !want)
				}
			}
		}
	}
}

func TestCNAMELoop(t *testing.T) {
	t.Parallel()
	c := client(t, dnstest.New(world()), dns.Options{})
	if _, err := c.LookupA(t.Context(), "loop.test"); !errors.Is(err, dns.ErrTemporary) {
		t.Errorf("endless chain: %v", err)
	}
}

func TestMaxRecords(t *testing.T) {
	t.Parallel()
	c := client(t, dnstest.New(world()), dns.Options{MaxRecords: 7})
	a, err := c.LookupA(t.Context(), "many.test")
	if err != nil || len(a.Records) != 7 {
		t.Errorf("%d records, %v", len(a.Records), err)
	}
}

func TestNextServer(t *testing.T) {
	t.Parallel()
	broken := dnstest.New(dnstest.Zones{Fail: map[string]dnstest.Failure{"example.org": dnstest.ServFail}})
	c, err := dns.NewClient(dns.Options{Servers: []netip.AddrPort{
		dnstest.Serve(t, broken), dnstest.Serve(t, dnstest.New(world())),
	}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.LookupMX(t.Context(), "example.org")
	if err != nil || len(a.Records) != 2 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestCancelledLookup(t *testing.T) {
	t.Parallel()
	c := client(t, dnstest.New(world()), dns.Options{Timeout: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.LookupMX(ctx, "silent.test")
	if !errors.Is(err, context.Canceled) || !errors.Is(err, dns.ErrTemporary) {
		t.Errorf("got %v", err)
	}
}

func TestReadResolvConf(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "resolv.conf")
	text := "# comment\nsearch example.org\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\noptions timeout:3 attempts:4\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := dns.ReadResolvConf(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(o.Servers, o.Timeout, o.Rounds); got != "[192.0.2.53:53 [fe80::1%eth0]:53] 3s 4" {
		t.Error(got)
	}
}
