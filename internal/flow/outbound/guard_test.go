package outbound

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/dns/dnstest"
	"github.com/mailstead/mailstead/internal/model/peers"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/tlspolicy"
	"github.com/mailstead/mailstead/wiretest"
)

// A guarded is a world in which mail for guarded.test goes to one host with a
// certificate, and all policies are looked at.
type guarded struct {
	*world
	host  *fakeHost
	tr    *SMTP
	peers *peers.Store
	leaf  *x509.Certificate
	roots *x509.CertPool
	seen  []string // sessions, as "policy type" or "policy type: failure"
}

// withPolicies runs a test in such a world.
func withPolicies(t *testing.T, test func(t *testing.T, g *guarded)) {
	t.Helper()
	in(t, SMTPOptions{}, func(t *testing.T, w *world, _ *SMTP) {
		server, client := wiretest.TLS(t)
		leaf, err := x509.ParseCertificate(server.Certificates[0].Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		store := memstore.New()
		defer store.Close()
		g := &guarded{world: w, leaf: leaf, roots: client.RootCAs, peers: peers.New(store), host: &fakeHost{name: wiretest.ServerName, tls: server, extensions: []string{"PIPELINING"}}}
		w.hosts["192.0.2.7:25"] = g.host
		w.resolver.Update(func(z *dnstest.Zones) {
			z.A[wiretest.ServerName] = []string{"192.0.2.7"}
			z.MX["guarded.test"] = mx(10, wiretest.ServerName)
			z.TXT, z.TLSA, z.Insecure = map[string][]string{}, map[string][]dns.TLSA{}, map[string]bool{}
		})
		g.tr = w.transport(SMTPOptions{RootCAs: client.RootCAs, Policies: Policies{DANE: true, STS: g.keeper(), Sessions: g.note}})
		defer g.tr.Close()
		test(t, g)
	})
}

// keeper knows the policies that tests put into the store: nothing can be
// fetched.
func (g *guarded) keeper() *STSKeeper {
	fetcher := tlspolicy.NewFetcher(tlspolicy.FetcherOptions{Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("nobody there")
	}})
	return NewSTSKeeper(STSOptions{Resolver: g.resolver, Fetcher: fetcher, Peers: g.peers, Now: time.Now, Logger: slog.New(slog.DiscardHandler)})
}

func (g *guarded) note(domain string, s TLSSession) {
	text := domain + " " + string(s.Policy.Type)
	if s.Failure != nil {
		text += ": " + string(s.Failure.Type)
	}
	g.seen = append(g.seen, text)
}

// show gives the host another certificate, of an authority that is trusted.
func (g *guarded) show(t *testing.T, c wiretest.Certificate) {
	t.Helper()
	g.host.tls, _ = wiretest.TLSWith(t, c)
	leaf, err := x509.ParseCertificate(g.host.tls.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	g.roots.AddCert(leaf)
}

// sts gives the domain a policy.
func (g *guarded) sts(t *testing.T, mode tlspolicy.Mode, mx string) {
	t.Helper()
	g.resolver.Update(func(z *dnstest.Zones) { z.TXT["_mta-sts.guarded.test"] = []string{"v=STSv1; id=1"} })
	err := g.peers.SetPolicy("guarded.test", &peers.Policy{ID: "1", Fetched: time.Now(), Policy: tlspolicy.Policy{Mode: mode, MaxAge: time.Hour, MX: []string{mx}}})
	if err != nil {
		t.Fatal(err)
	}
}

// tlsa publishes a key of the host; not the right one if it is wrong.
func (g *guarded) tlsa(key []byte) {
	sum := sha256.Sum256(key)
	g.resolver.Update(func(z *dnstest.Zones) {
		z.TLSA["_25._tcp."+wiretest.ServerName] = []dns.TLSA{{Usage: 3, Selector: 1, MatchingType: 1, Data: sum[:]}}
	})
}

// uselessTLSA publishes a record that says nothing to an SMTP client.
func (g *guarded) uselessTLSA() {
	g.resolver.Update(func(z *dnstest.Zones) {
		z.TLSA["_25._tcp."+wiretest.ServerName] = []dns.TLSA{{Usage: 1, Selector: 1, MatchingType: 1, Data: make([]byte, 32)}}
	})
}

const (
	safelyTaken = "accepted 2.0.0 " + wiretest.ServerName + " 250 2.0.0 taken"
	unsafe      = "temporary 4.7.0  No secure connection to the host " + wiretest.ServerName + " could be made."
	forbidden   = "temporary 4.7.0  What the domain publishes about TLS forbids to use the host " + wiretest.ServerName + " now."
	unprovable  = "permanent 5.7.10  The sender demands TLS, and nothing proves which hosts take mail for guarded.test."
)

func TestPolicies(t *testing.T) {
	plain := func(g *guarded) { g.host.tls = nil }
	unknownCA := func(t *testing.T, g *guarded) { g.host.tls, _ = wiretest.TLS(t) }
	for _, c := range []struct {
		name   string
		set    func(t *testing.T, g *guarded)
		change func(*queue.Message)
		want   string // how the result begins
		tls    bool
		seen   string
	}{
		{"nothing published", func(*testing.T, *guarded) {}, nil, safelyTaken, true, "no-policy-found"},
		{"nothing published, no TLS", func(_ *testing.T, g *guarded) { plain(g) }, nil, safelyTaken, false, "no-policy-found: starttls-not-supported"},
		{"DANE", func(_ *testing.T, g *guarded) { g.tlsa(g.leaf.RawSubjectPublicKeyInfo) }, nil, safelyTaken, true, "tlsa"},
		{"DANE vouches for a certificate of nobody", func(t *testing.T, g *guarded) {
			unknownCA(t, g)
			leaf, _ := x509.ParseCertificate(g.host.tls.Certificates[0].Certificate[0])
			g.tlsa(leaf.RawSubjectPublicKeyInfo)
		}, nil, safelyTaken, true, "tlsa"},
		{"DANE with another key", func(_ *testing.T, g *guarded) { g.tlsa([]byte("else")) }, nil, unsafe, false, "tlsa: tlsa-invalid"},
		{"DANE without TLS", func(_ *testing.T, g *guarded) { g.tlsa(g.leaf.RawSubjectPublicKeyInfo); plain(g) }, nil, "temporary 4.7.", false, "tlsa: starttls-not-supported"},
		{"unsigned TLSA records say nothing", func(_ *testing.T, g *guarded) {
			g.tlsa([]byte("else"))
			g.resolver.Update(func(z *dnstest.Zones) { z.Insecure["_25._tcp."+wiretest.ServerName] = true })
		}, nil, safelyTaken, true, "no-policy-found"},
		{"nor do those behind an unsigned MX", func(_ *testing.T, g *guarded) {
			g.tlsa([]byte("else"))
			g.resolver.Update(func(z *dnstest.Zones) { z.Insecure["guarded.test"] = true })
		}, nil, safelyTaken, true, "no-policy-found"},
		{"TLSA records that cannot be looked up", func(_ *testing.T, g *guarded) {
			g.resolver.Update(func(z *dnstest.Zones) {
				z.Fail = map[string]dnstest.Failure{"TLSA _25._tcp." + wiretest.ServerName: dnstest.ServFail}
			})
		}, nil, forbidden, false, "tlsa: dnssec-invalid"},
		{"useless TLSA records want encryption only", func(t *testing.T, g *guarded) { g.uselessTLSA(); unknownCA(t, g) }, nil, safelyTaken, true, "tlsa"},
		{"but never less", func(_ *testing.T, g *guarded) { g.uselessTLSA(); plain(g) }, nil, "temporary 4.7.", false, "tlsa: starttls-not-supported"},
		{"nor do they undo an enforced policy", func(t *testing.T, g *guarded) {
			g.uselessTLSA()
			g.sts(t, tlspolicy.Enforce, wiretest.ServerName)
			unknownCA(t, g)
		}, nil, unsafe, false, "sts: certificate-not-trusted"},
		{"nor do they make one in testing less than they are", func(t *testing.T, g *guarded) {
			g.uselessTLSA()
			g.sts(t, tlspolicy.Testing, wiretest.ServerName)
			plain(g)
		}, nil, "temporary 4.7.", false, "sts: starttls-not-supported"},
		{"enforced", func(t *testing.T, g *guarded) { g.sts(t, tlspolicy.Enforce, wiretest.ServerName) }, nil, safelyTaken, true, "sts"},
		{"enforced, a certificate of nobody", func(t *testing.T, g *guarded) {
			g.sts(t, tlspolicy.Enforce, wiretest.ServerName)
			unknownCA(t, g)
		}, nil, unsafe, false, "sts: certificate-not-trusted"},
		{"enforced, an expired certificate", func(t *testing.T, g *guarded) {
			g.sts(t, tlspolicy.Enforce, wiretest.ServerName)
			g.show(t, wiretest.Certificate{NotAfter: time.Now().Add(-time.Hour)})
		}, nil, unsafe, false, "sts: certificate-expired"},
		{"enforced, a certificate of another host", func(t *testing.T, g *guarded) {
			g.sts(t, tlspolicy.Enforce, wiretest.ServerName)
			g.show(t, wiretest.Certificate{Name: "else.test"})
		}, nil, unsafe, false, "sts: certificate-host-mismatch"},
		{"testing, an expired certificate", func(t *testing.T, g *guarded) {
			g.sts(t, tlspolicy.Testing, wiretest.ServerName)
			g.show(t, wiretest.Certificate{NotAfter: time.Now().Add(-time.Hour)})
		}, nil, safelyTaken, true, "sts: certificate-expired"},
		{"enforced, no TLS", func(t *testing.T, g *guarded) { g.sts(t, tlspolicy.Enforce, wiretest.ServerName); plain(g) }, nil, "temporary 4.7.", false, "sts: starttls-not-supported"},
		{"enforced, another host", func(t *testing.T, g *guarded) { g.sts(t, tlspolicy.Enforce, "*.else.test") }, nil, forbidden, false, "sts: validation-failure"},
		{"testing, another host", func(t *testing.T, g *guarded) { g.sts(t, tlspolicy.Testing, "*.else.test") }, nil, safelyTaken, true, "sts: validation-failure guarded.test sts"},
		{"testing, a certificate of nobody", func(t *testing.T, g *guarded) {
			g.sts(t, tlspolicy.Testing, wiretest.ServerName)
			unknownCA(t, g)
		}, nil, safelyTaken, true, "sts: certificate-not-trusted"},
		{"testing, no TLS", func(t *testing.T, g *guarded) { g.sts(t, tlspolicy.Testing, wiretest.ServerName); plain(g) }, nil, safelyTaken, false, "sts: starttls-not-supported"},
		{"DANE goes first", func(t *testing.T, g *guarded) {
			g.sts(t, tlspolicy.Enforce, "*.else.test")
			g.tlsa(g.leaf.RawSubjectPublicKeyInfo)
		}, nil, safelyTaken, true, "tlsa"},
		{"TLS-Required: No", func(t *testing.T, g *guarded) { g.sts(t, tlspolicy.Enforce, "*.else.test"); plain(g) }, noTLSRequired, safelyTaken, false, "sts: validation-failure guarded.test sts: starttls-not-supported"},
		{"REQUIRETLS with DANE", func(_ *testing.T, g *guarded) {
			g.tlsa(g.leaf.RawSubjectPublicKeyInfo)
			g.host.extensions = append(g.host.extensions, "REQUIRETLS")
		}, requireTLS, safelyTaken, true, "tlsa"},
		{"REQUIRETLS with a signed MX", func(_ *testing.T, g *guarded) {
			g.host.extensions = append(g.host.extensions, "REQUIRETLS")
		}, requireTLS, safelyTaken, true, "no-policy-found"},
		{"REQUIRETLS, the host does not know it", func(*testing.T, *guarded) {}, requireTLS, "permanent 5.7.30", false, "no-policy-found"},
		{"REQUIRETLS, a certificate of nobody", unknownCA, requireTLS, "permanent 5.7.10", false, "no-policy-found: certificate-not-trusted"},
		{"REQUIRETLS, useless TLSA records, a certificate of nobody", func(t *testing.T, g *guarded) {
			g.uselessTLSA()
			unknownCA(t, g)
			g.host.extensions = append(g.host.extensions, "REQUIRETLS")
		}, requireTLS, "permanent 5.7.10", false, "tlsa: certificate-not-trusted"},
		{"REQUIRETLS, an unsigned MX", func(_ *testing.T, g *guarded) {
			g.resolver.Update(func(z *dnstest.Zones) { z.Insecure["guarded.test"] = true })
		}, requireTLS, unprovable, false, ""},
		{"REQUIRETLS, an unsigned MX that a policy names", func(t *testing.T, g *guarded) {
			g.sts(t, tlspolicy.Enforce, wiretest.ServerName)
			g.host.extensions = append(g.host.extensions, "REQUIRETLS")
			g.resolver.Update(func(z *dnstest.Zones) { z.Insecure["guarded.test"] = true })
		}, requireTLS, safelyTaken, true, "sts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			withPolicies(t, func(t *testing.T, g *guarded) {
				c.set(t, g)
				got := deliver(t, g.tr, c.change, "x@guarded.test")
				if len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
					t.Errorf("got %q, want %q", got, c.want)
				}
				if mail := g.host.received(); strings.HasPrefix(c.want, "accepted") && (len(mail) != 1 || mail[0].tls != c.tls) {
					t.Errorf("received %+v", mail)
				} else if !strings.HasPrefix(c.want, "accepted") && len(mail) != 0 {
					t.Errorf("received %+v all the same", mail)
				}
				want := ""
				if c.seen != "" {
					want = "guarded.test " + c.seen
				}
				if seen := strings.Join(g.seen, " "); seen != want {
					t.Errorf("sessions %q, want %q", seen, want)
				}
			})
		})
	}
}

func requireTLS(m *queue.Message) { m.Options.RequireTLS = true }

// noTLSRequired puts the field of RFC 8689 §3 on top of the message.
func noTLSRequired(m *queue.Message) {
	m.Prefix = slices.Concat([]byte("TLS-Required: No\r\n"), m.Prefix)
}

// TestBounceOfRequiredTLS sends a notification, which is better late than in
// the clear, but best at all.
func TestBounceOfRequiredTLS(t *testing.T) {
	withPolicies(t, func(t *testing.T, g *guarded) {
		expect(t, deliver(t, g.tr, func(m *queue.Message) {
			m.Options.RequireTLS = true
			m.Sender = smtp.ReversePath{}
		}, "x@guarded.test"), safelyTaken)
	})
}

// TestGuardsDoNotShareConnections: what was opened without looking at the
// certificate serves no mail that demands one.
func TestGuardsDoNotShareConnections(t *testing.T) {
	withPolicies(t, func(t *testing.T, g *guarded) {
		g.host.extensions = append(g.host.extensions, "REQUIRETLS")
		for _, change := range []func(*queue.Message){nil, requireTLS, nil, requireTLS} {
			expect(t, deliver(t, g.tr, change, "x@guarded.test"), safelyTaken)
		}
		if conns, _, _ := g.host.served(); conns != 2 {
			t.Errorf("%d connections, want one of each kind", conns)
		}
	})
}
