package dns_test

import (
	"testing"

	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/dns/dnstest"
)

func BenchmarkCacheHit(b *testing.B) {
	c := dns.NewCache(dnstest.New(world()), dns.CacheOptions{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.LookupMX(b.Context(), "example.org"); err != nil {
			b.Fatal(err)
		}
	}
}
