package outbound

import (
	"strings"
	"testing"

	"github.com/mailstead/mailstead/dns/dnstest"
	"github.com/mailstead/mailstead/wiretest"
)

// withRelay adds the host of the relay to a world, with a valid certificate,
// and gives the transport what it needs to trust it.
func withRelay(t *testing.T, r Relay, ip string, test func(t *testing.T, w *world, relay *fakeHost, tr *SMTP)) {
	t.Helper()
	in(t, SMTPOptions{}, func(t *testing.T, w *world, _ *SMTP) {
		server, client := wiretest.TLS(t)
		relay := &fakeHost{name: wiretest.ServerName, tls: server, extensions: []string{"PIPELINING"}}
		w.hosts[ip+":2525"] = relay
		w.resolver.Update(func(z *dnstest.Zones) { z.A[wiretest.ServerName] = []string{ip} })
		r.Port = 2525
		if r.Host == "" {
			r.Host = wiretest.ServerName
		}
		tr := w.transport(SMTPOptions{Relay: &r, RootCAs: client.RootCAs})
		defer tr.Close()
		test(t, w, relay, tr)
	})
}

const relayed = "accepted 2.0.0 mail.example 250 2.0.0 taken"

func TestRelay(t *testing.T) {
	withRelay(t, Relay{}, "192.0.2.9", func(t *testing.T, w *world, relay *fakeHost, tr *SMTP) {
		expect(t, deliver(t, tr, nil, "x@one.test"), relayed)
		expect(t, deliver(t, tr, nil, "x@missing.test"), relayed)
		if got := relay.received(); len(got) != 2 || !got[0].tls || w.tried() != wiretest.ServerName {
			t.Errorf("received %+v, tried %s", got, w.tried())
		}
		for _, q := range w.resolver.Asked() {
			if strings.HasPrefix(q, "MX") {
				t.Errorf("asked for %s", q)
			}
		}
	})
}

func TestRelayWithoutAddressIsTemporary(t *testing.T) {
	withRelay(t, Relay{Host: "missing.test"}, "192.0.2.9", func(t *testing.T, _ *world, _ *fakeHost, tr *SMTP) {
		expect(t, deliver(t, tr, nil, "x@one.test"), "temporary 4.4.4  The relay missing.test has no address.")
	})
}

// TestRelayRequireTLS gives a message that demands TLS only to a relay that has
// proven itself and keeps the demand; all else is final (RFC 8689 §4.2.1).
func TestRelayRequireTLS(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(t *testing.T, relay *fakeHost)
		want string
	}{
		"kept":                    {func(_ *testing.T, r *fakeHost) { r.extensions = []string{"REQUIRETLS"} }, relayed},
		"not known":               {func(*testing.T, *fakeHost) {}, "permanent 5.7.30  The next server does not keep the demand for TLS (REQUIRETLS)."},
		"no STARTTLS":             {func(_ *testing.T, r *fakeHost) { r.tls = nil }, "permanent 5.7.10  The next server does not offer STARTTLS."},
		"a certificate of nobody": {func(t *testing.T, r *fakeHost) { r.tls, _ = wiretest.TLS(t) }, "permanent 5.7.10  " + unsafe[len("temporary 4.7.0  "):]},
	} {
		t.Run(name, func(t *testing.T) {
			withRelay(t, Relay{}, "192.0.2.9", func(t *testing.T, _ *world, relay *fakeHost, tr *SMTP) {
				c.set(t, relay)
				expect(t, deliver(t, tr, requireTLS, "x@one.test"), c.want)
			})
		})
	}
}

func TestRelayOnThisMachine(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost"} {
		withRelay(t, Relay{Host: host, User: "u", Password: "p"}, "127.0.0.1", func(t *testing.T, _ *world, relay *fakeHost, tr *SMTP) {
			relay.tls, relay.extensions = nil, []string{"AUTH PLAIN"}
			relay.reply = on("AUTH", "235 2.7.0 welcome")
			expect(t, deliver(t, tr, nil, "x@one.test"), "accepted 2.0.0 "+host+" 250 2.0.0 taken")
		})
	}
}

func TestRelayImplicitTLS(t *testing.T) {
	withRelay(t, Relay{TLS: TLSImplicit}, "192.0.2.9", func(t *testing.T, _ *world, relay *fakeHost, tr *SMTP) {
		relay.implicit = true
		expect(t, deliver(t, tr, nil, "x@one.test"), relayed)
	})
}

func TestRelayAuthentication(t *testing.T) {
	for offered, want := range map[string]string{"PLAIN LOGIN": "AUTH PLAIN AHUAcA==", "LOGIN": "AUTH LOGIN"} {
		withRelay(t, Relay{User: "u", Password: "p"}, "192.0.2.9", func(t *testing.T, _ *world, relay *fakeHost, tr *SMTP) {
			relay.extensions = []string{"AUTH " + offered}
			relay.reply = on("AUTH", "235 2.7.0 welcome")
			expect(t, deliver(t, tr, nil, "x@one.test"), relayed)
			if !strings.Contains(relay.heard(), want) || !relay.received()[0].tls {
				t.Errorf("heard\n%s", relay.heard())
			}
		})
	}
}

func TestPasswordStaysHere(t *testing.T) {
	tests := map[string]func(o *SMTPOptions, relay *fakeHost){
		"certificate of nobody": func(o *SMTPOptions, _ *fakeHost) { o.RootCAs = nil },
		"no TLS":                func(_ *SMTPOptions, relay *fakeHost) { relay.tls = nil },
		"broken TLS":            func(_ *SMTPOptions, relay *fakeHost) { relay.brokenTLS = true },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			withRelay(t, Relay{User: "u", Password: "p"}, "192.0.2.9", func(t *testing.T, w *world, relay *fakeHost, tr *SMTP) {
				relay.extensions = []string{"AUTH PLAIN"}
				change(&tr.options, relay)
				got := deliver(t, tr, nil, "x@one.test")
				if len(got) != 1 || !strings.HasPrefix(got[0], "temporary 4.7.0 ") || strings.Contains(relay.heard(), "AUTH") {
					t.Errorf("%v, heard\n%s", got, relay.heard())
				}
			})
		})
	}
}

func TestRelayThatRefusesThePassword(t *testing.T) {
	withRelay(t, Relay{User: "u", Password: "p"}, "192.0.2.9", func(t *testing.T, _ *world, relay *fakeHost, tr *SMTP) {
		relay.extensions = []string{"AUTH PLAIN"}
		relay.reply = on("AUTH", "535 5.7.8 wrong")
		expect(t, deliver(t, tr, nil, "x@one.test"), "temporary 4.7.8 mail.example 535 5.7.8 wrong")
	})
}
