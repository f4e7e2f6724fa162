package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/dns/dnstest"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
)

// TestSmarthost sends mail for whatever domain to one host, whose MX nobody
// asks for.
func TestSmarthost(t *testing.T) {
	t.Parallel()
	relay := mailtest.NewElsewhere()
	s := mailtest.Start(t, mailtest.Options{
		Accounts:  []mailtest.Account{{Address: ann}},
		Elsewhere: map[string]*mailtest.Elsewhere{"192.0.2.9:2500": relay},
		Zones:     dnstest.Zones{A: map[string][]string{"relay.test": {"192.0.2.9"}}},
		Config:    func(c *config.Config) { c.Outbound.Smarthost = "relay.test:2500" },
	})
	for i, to := range []string{"x@far.test", "y@farther.test"} {
		send(t, s, to)
		received, err := relay.Wait(t.Context(), i+1)
		if err != nil {
			t.Fatal(err)
		}
		if got := received[i]; got.From != ann || strings.Join(got.To, " ") != to {
			t.Errorf("relayed %+v", got)
		}
	}
	waitEmpty(t, s)
}

// TestSmarthostKeepsItsPassword gives the password only over TLS to a host that
// has proven itself; this one offers none.
func TestSmarthostKeepsItsPassword(t *testing.T) {
	t.Parallel()
	relay := mailtest.NewElsewhere()
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("very secret\nsecond line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := mailtest.Start(t, mailtest.Options{
		Accounts:  []mailtest.Account{{Address: ann}},
		Elsewhere: map[string]*mailtest.Elsewhere{"192.0.2.9:2500": relay},
		Zones:     dnstest.Zones{A: map[string][]string{"relay.test": {"192.0.2.9"}}},
		Config: func(c *config.Config) {
			c.Outbound.Smarthost, c.Outbound.SmarthostUser = "relay.test:2500", "us"
			c.Outbound.SmarthostPassword = password
		},
	})
	send(t, s, "x@far.test")
	waitTried(t, s)
	if len(relay.Mail()) > 0 {
		t.Error("mail went out without the login that the configuration wants")
	}
	if strings.Contains(s.Log(), "very secret") {
		t.Error("the password is in the log")
	}
}
