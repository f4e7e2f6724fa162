//go:build clients

package clienttest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// uidl returns the unique-ids of alice's maildrop.
func (s *server) uidl(t *testing.T) string {
	t.Helper()
	return run(t, "", "curl", "-sSk", "--user", alice+":"+password, "-X", "UIDL", "pop3s://"+s.addr("pop3s")+"/")
}

// TestHideFromPOP3 has mpop delete all it fetches, for an account where that
// hides mail from POP3 and leaves it to IMAP, also after a crash.
func TestHideFromPOP3(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	sent := samples(5)
	s.upload(t, "INBOX", sent[:4]...)
	contains(t, s.mailstead(t, "account", "pop3", alice, "--delete", "hide"), "POP3 delete        hide *")
	mail, fetch := s.mpop(t, "on")
	fetch("off")
	s.kill(t)
	s.start(t)
	same(t, "fetched", local(t, mail), sent[:4])
	same(t, "left for IMAP", s.remote(t, "INBOX"), sent[:4])
	if list := strings.TrimSpace(s.uidl(t)); list != "" {
		t.Errorf("POP3 shows still: %q", list)
	}
	s.upload(t, "INBOX", sent[4])
	fetch("off")
	same(t, "fetched at last", local(t, mail), sent)
	same(t, "left for IMAP at last", s.remote(t, "INBOX"), sent)
}

// TestMigration moves mail here from a server whose unique-ids are known from a
// list and from a Maildir of Dovecot: a client that has all of it already
// fetches only what is new.
func TestMigration(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	sent := samples(5)
	s.upload(t, "INBOX", sent[:4]...)
	list := filepath.Join(t.TempDir(), "uids")
	writeFile(t, list, "<0@elsewhere.test>\tUID1-77\n<1@elsewhere.test>\tUID2-77\n")
	contains(t, s.mailstead(t, "account", "import-uidl", alice, list), "2 unique-ids imported")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "dovecot-uidlist"), "3 V77 N5\n3 :1000.a\n4 Pown :1001.b\n")
	writeFile(t, filepath.Join(dir, "cur", "1000.a:2,S"), sent[2])
	writeFile(t, filepath.Join(dir, "new", "1001.b"), sent[3])
	contains(t, s.mailstead(t, "account", "import-uidl", alice, dir), "2 unique-ids imported")

	s.kill(t)
	s.start(t)
	want := "1 UID1-77\r\n2 UID2-77\r\n3 000000030000004D\r\n4 own\r\n"
	if got := s.uidl(t); got != want {
		t.Fatalf("unique-ids are %q, want %q", got, want)
	}

	s.upload(t, "INBOX", sent[4])
	rc, spool := s.fetchmailrc(t, "POP3", s.port("pop3s"), "keep")
	eachToFile(t, rc, spool)
	var had strings.Builder // as fetchmail remembers it
	for _, uid := range []string{"UID1-77", "UID2-77", "000000030000004D", "own"} {
		fmt.Fprintf(&had, "%s@localhost %s\n", alice, uid)
	}
	writeFile(t, filepath.Join(filepath.Dir(rc), "ids"), had.String())
	fetchmail(t, rc)
	var bodies []string
	for _, text := range local(t, spool) {
		bodies = append(bodies, bodyOf(text))
	}
	same(t, "fetched", bodies, []string{bodyOf(strings.ReplaceAll(sent[4], "\r\n", "\n"))})
}
