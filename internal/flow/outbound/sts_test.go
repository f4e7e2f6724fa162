package outbound

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mailstead/mailstead/dns/dnstest"
	"github.com/mailstead/mailstead/internal/model/peers"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
	"github.com/mailstead/mailstead/tlspolicy"
)

// A policyHost is the web server of example.com, and its TXT record.
type policyHost struct {
	keeper   *STSKeeper
	resolver *dnstest.Resolver
	mode     atomic.Value // tlspolicy.Mode; "" is a failure
	fetches  atomic.Int32
	now      time.Time
}

func newPolicyHost(t *testing.T) *policyHost {
	t.Helper()
	h := &policyHost{resolver: dnstest.New(dnstest.Zones{TXT: map[string][]string{}}), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	h.mode.Store(tlspolicy.Enforce)
	web := httptest.NewTLSServer(http.HandlerFunc(h.serve))
	t.Cleanup(web.Close)
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	store := memstore.New()
	t.Cleanup(func() { store.Close() })
	h.keeper = NewSTSKeeper(STSOptions{
		Resolver: h.resolver, Peers: peers.New(store), Now: func() time.Time { return h.now }, Logger: slog.New(slog.DiscardHandler),
		Fetcher: tlspolicy.NewFetcher(tlspolicy.FetcherOptions{RootCAs: roots, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, web.Listener.Addr().String())
		}}),
	})
	return h
}

func (h *policyHost) serve(w http.ResponseWriter, r *http.Request) {
	h.fetches.Add(1)
	mode := h.mode.Load().(tlspolicy.Mode)
	if mode == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprintf(w, "version: STSv1\nmode: %s\nmx: mx.example.com\nmax_age: 86400\n", mode)
}

func (h *policyHost) announce(id string) {
	h.resolver.Update(func(z *dnstest.Zones) { z.TXT["_mta-sts.example.com"] = []string{"v=STSv1; id=" + id} })
}

// expect asks for the policy: its mode, whether there was a failure, and how
// often the web server has been asked so far.
func (h *policyHost) expect(t *testing.T, mode tlspolicy.Mode, failed bool, fetches int32) {
	t.Helper()
	p, err := h.keeper.Policy(t.Context(), "example.com")
	var got tlspolicy.Mode
	if p != nil {
		got = p.Mode
	}
	if got != mode || (err != nil) != failed || h.fetches.Load() != fetches {
		t.Errorf("policy %q, %v, %d fetches; want %q, failure %t, %d", got, err, h.fetches.Load(), mode, failed, fetches)
	}
}

func TestSTSKeeper(t *testing.T) {
	t.Parallel()
	h := newPolicyHost(t)
	h.expect(t, "", false, 0) // not announced
	h.announce("1")
	h.expect(t, tlspolicy.Enforce, false, 1)
	h.expect(t, tlspolicy.Enforce, false, 1) // kept
	h.mode.Store(tlspolicy.Testing)
	h.expect(t, tlspolicy.Enforce, false, 1)
	h.announce("2")
	h.expect(t, tlspolicy.Testing, false, 2)
	h.now = h.now.Add(13 * time.Hour) // renewed when half of its time is over
	h.expect(t, tlspolicy.Testing, false, 3)

	// What is known stays in force while it cannot be renewed.
	h.mode.Store(tlspolicy.Mode(""))
	h.announce("3")
	h.expect(t, tlspolicy.Testing, true, 4)
	h.expect(t, tlspolicy.Testing, true, 4) // not again so soon
	h.now = h.now.Add(refetchAfter)
	h.expect(t, tlspolicy.Testing, true, 5)
	h.resolver.Update(func(z *dnstest.Zones) {
		z.Fail = map[string]dnstest.Failure{"TXT _mta-sts.example.com": dnstest.ServFail}
	})
	h.expect(t, tlspolicy.Testing, false, 5)
	h.now = h.now.Add(25 * time.Hour)
	h.expect(t, "", false, 5)
}
