package config

import (
	"net/netip"
	"slices"
	"testing"
)

func TestDNSServers(t *testing.T) {
	t.Parallel()
	d := DNS{Servers: []string{"192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:54"}}
	got, err := d.Addresses()
	var want []netip.AddrPort
	for _, s := range []string{"192.0.2.1:53", "192.0.2.1:5353", "[2001:db8::1]:53", "[2001:db8::1]:53", "[2001:db8::1]:54"} {
		want = append(want, netip.MustParseAddrPort(s))
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}
