package outbound

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/dns/dnstest"
)

func domain(t testing.TB, s string) address.Domain {
	t.Helper()
	d, err := address.ParseDomain(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func mx(pairs ...any) []dns.MX {
	var records []dns.MX
	for i := 0; i < len(pairs); i += 2 {
		records = append(records, dns.MX{Preference: uint16(pairs[i].(int)), Host: pairs[i+1].(string)})
	}
	return records
}

func TestRoute(t *testing.T) {
	t.Parallel()
	zones := dnstest.Zones{
		MX: map[string][]dns.MX{
			"plain.test":    mx(20, "b.test", 10, "a.test", 30, "c.test"),
			"null.test":     mx(0, "."),
			"oddnull.test":  mx(0, ".", 10, "a.test"),
			"backup.test":   mx(10, "a.test", 20, "us.test", 20, "b.test", 30, "c.test"),
			"loop.test":     mx(10, "us.test", 20, "b.test"),
			"many.test":     mx(1, "a", 2, "b", 3, "c", 4, "d", 5, "e", 6, "f"),
			"literal.test.": nil,
		},
		A:    map[string][]string{"implicit.test": {"192.0.2.1"}, "us.test": {"192.0.2.2"}},
		Fail: map[string]dnstest.Failure{"broken.test": dnstest.ServFail},
	}
	r := router{resolver: dnstest.New(zones), self: []address.Domain{domain(t, "us.test")}, maxHosts: 5}
	for destination, want := range map[string]string{
		"plain.test":    "a.test b.test c.test",
		"null.test":     "permanent 5.1.10 The domain null.test accepts no mail.",
		"oddnull.test":  "a.test",
		"backup.test":   "a.test",
		"loop.test":     "permanent 5.4.6 Mail for loop.test would come back to this system, which does not know that domain.",
		"many.test":     "a b c d e",
		"implicit.test": "implicit.test",
		"us.test":       "permanent 5.4.6 Mail for us.test would come back to this system, which does not know that domain.",
		"nothing.test":  "permanent 5.1.2 The domain nothing.test does not exist.",
		"broken.test":   "temporary 4.4.3 The hosts that take mail for broken.test could not be looked up.",
		"[192.0.2.7]":   "192.0.2.7",
	} {
		hosts, refused := r.route(t.Context(), domain(t, destination))
		if got := describeRoute(hosts, refused); got != want {
			t.Errorf("%s: %q, want %q", destination, got, want)
		}
	}
}

func describeRoute(hosts []host, refused *Result) string {
	if refused != nil {
		return fmt.Sprintf("%v %v %s", refused.Kind, refused.Code, refused.Text)
	}
	var names []string
	for _, h := range hosts {
		if h.addr.IsValid() {
			names = append(names, h.addr.String())
		} else {
			names = append(names, h.name)
		}
	}
	return strings.Join(names, " ")
}

func TestRouteShufflesEquals(t *testing.T) {
	t.Parallel()
	r := router{maxHosts: 5, resolver: dnstest.New(dnstest.Zones{
		MX: map[string][]dns.MX{"x.test": mx(10, "a", 10, "b", 5, "first", 20, "last")},
	})}
	seen := map[string]bool{}
	for range 200 {
		seen[describeRoute(r.route(t.Context(), domain(t, "x.test")))] = true
	}
	if len(seen) != 2 || !seen["first a b last"] || !seen["first b a last"] {
		t.Errorf("orders: %v", seen)
	}
}
