//go:build clients

package clienttest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/soak"
)

// testsslTime is how long testssl.sh may look at one listener.
const testsslTime = 10 * time.Minute

// tlsExplained are findings of testssl.sh above LOW that say nothing about us.
var tlsExplained = map[string]string{
	"cert_chain_of_trust": "the certificate of `mailstead dev` is its own",
	"cert_revocation":     "the same",
}

// A tlsFinding is one of what testssl.sh has found out.
type tlsFinding struct{ ID, Severity, Finding string }

// TestTLSSettings has testssl.sh look at each listener: at all that it knows
// where TLS begins at once, in the short form at versions and ciphers where
// STARTTLS leads to the same TLS.
func TestTLSSettings(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	some := []string{"--protocols", "--std", "--pfs"}
	if soak.Long() {
		some = nil
	}
	listeners := []listener{
		{"imaps", "", nil}, {"submissions", "", some}, {"pop3s", "", some},
		{"smtp", "smtp", some}, {"submission", "smtp", some}, {"imap", "imap", some}, {"pop3", "pop3", some},
	}
	found := make([][]tlsFinding, len(listeners))
	var running sync.WaitGroup // testssl.sh waits more than it works
	for i, l := range listeners {
		running.Go(func() { found[i] = l.findings(t, s) })
	}
	running.Wait()
	for i, l := range listeners {
		t.Run(l.name, func(t *testing.T) { checkTLS(t, found[i]) })
	}
}

// A listener is what testssl.sh looks at, and with which checks; none is all.
type listener struct {
	name, starttls string
	checks         []string
}

// findings runs testssl.sh. What it exits with is how much it has found, so only
// the findings count.
func (l listener) findings(t *testing.T, s *server) []tlsFinding {
	out := filepath.Join(t.TempDir(), "findings.json")
	args := []string{"--quiet", "--color", "0", "--warnings", "batch", "--nodns", "none", "--jsonfile", out}
	if l.starttls != "" {
		args = append(args, "--starttls", l.starttls)
	}
	ctx, cancel := context.WithTimeout(t.Context(), testsslTime)
	defer cancel()
	said, _ := exec.CommandContext(ctx, "testssl", append(append(args, l.checks...), s.addr(l.name))...).CombinedOutput()
	text, err := os.ReadFile(out)
	var findings []tlsFinding
	if err == nil {
		err = json.Unmarshal(text, &findings)
	}
	if err != nil {
		t.Errorf("%s: %v; testssl.sh says\n%s", l.name, err, said)
	}
	return findings
}

func checkTLS(t *testing.T, findings []tlsFinding) {
	t.Helper()
	offered := make(map[string]string)
	for _, f := range findings {
		offered[f.ID] = f.Finding
		switch f.Severity {
		case "MEDIUM", "HIGH", "CRITICAL", "FATAL":
			if why, ok := tlsExplained[f.ID]; ok {
				t.Logf("%s: %s, %s: %s", f.ID, f.Severity, f.Finding, why)
				continue
			}
			t.Errorf("%s: %s, %s", f.ID, f.Severity, f.Finding)
		}
	}
	for id, want := range map[string]string{"SSLv3": "not offered", "TLS1": "not offered", "TLS1_1": "not offered", "TLS1_2": "offered", "TLS1_3": "offered", "PFS": "offered"} {
		if !strings.HasPrefix(offered[id], want) {
			t.Errorf("%s is %q, want %q", id, offered[id], want)
		}
	}
}
