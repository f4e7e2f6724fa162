//go:build clients

package clienttest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestMpop fetches with and without pipelining, keeping mail by its UIDL and
// deleting it.
func TestMpop(t *testing.T) {
	t.Parallel()
	for _, pipelining := range []string{"on", "off"} {
		t.Run("pipelining "+pipelining, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			sent := samples(14)
			s.upload(t, "INBOX", sent[:12]...)
			mail, fetch := s.mpop(t, pipelining)
			fetch("on")
			same(t, "the first time", local(t, mail), sent[:12])
			fetch("on")
			same(t, "without new mail", local(t, mail), sent[:12])
			s.stop(t)
			s.start(t)
			s.upload(t, "INBOX", sent[12])
			fetch("on")
			same(t, "with a new message, after a restart", local(t, mail), sent[:13])
			same(t, "left on the server", s.remote(t, "INBOX"), sent[:13])
			s.upload(t, "INBOX", sent[13])
			fetch("off")
			same(t, "when deleting", local(t, mail), sent)
			same(t, "left after deleting", s.remote(t, "INBOX"), nil)
		})
	}
}

// mpop returns the Maildir of a configuration, and a function that fetches.
func (s *server) mpop(t *testing.T, pipelining string) (mail string, fetch func(keep string)) {
	t.Helper()
	dir := t.TempDir()
	mail = filepath.Join(dir, "mail")
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(mail, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	rc := filepath.Join(dir, "mpoprc")
	certificate := s.certificate(t)
	return mail, func(keep string) {
		t.Helper()
		writeFile(t, rc, fmt.Sprintf(`
account test
host localhost
port %s
user %s
password %s
tls on
tls_starttls off
tls_trust_file %s
pipelining %s
keep %s
received_header off
uidls_file %s/uidls
delivery maildir %s
account default : test
`, s.port("pop3s"), alice, password, certificate, pipelining, keep, dir, mail))
		run(t, "", "mpop", "-C", rc)
	}
}
