package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/mailstead/mailstead/dns/dnstest"
	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
)

// TestDNSComesBack sends while the DNS fails in some way. The message waits, and
// goes out when the DNS is well again.
func TestDNSComesBack(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]map[string]dnstest.Failure{
		"all questions":            {"far.test": dnstest.ServFail, "mx.far.test": dnstest.ServFail},
		"no answer":                {"far.test": dnstest.Silent},
		"refused":                  {"far.test": dnstest.Refused},
		"MX only":                  {"MX far.test": dnstest.ServFail},
		"addresses of the host":    {"A mx.far.test": dnstest.ServFail, "AAAA mx.far.test": dnstest.ServFail},
		"IPv4 addresses, no other": {"A mx.far.test": dnstest.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zones := mailtest.Zone("far.test", "192.0.2.1")
			zones.Fail = fail
			far := mailtest.NewElsewhere()
			s := mailtest.Start(t, mailtest.Options{
				Accounts:  []mailtest.Account{{Address: ann}},
				Elsewhere: map[string]*mailtest.Elsewhere{"192.0.2.1:25": far},
				Zones:     zones,
				Config:    func(c *config.Config) { c.Outbound.Retry = []config.Duration{{Duration: time.Hour}} },
			})
			send(t, s, "x@far.test")
			waitDeferred(t, s)
			s.DNS().Update(func(z *dnstest.Zones) { z.Fail = nil })
			if _, err := s.Admin().RetryQueued(t.Context(), admin.QueueFilter{}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if _, err := far.Wait(ctx, 1); err != nil {
				t.Error(err)
			}
		})
	}
}
