//go:build clients

package clienttest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// offlineimap returns a function that syncs a folder of Maildirs with alice's
// mailboxes, both ways, with COMPRESS (RFC 4978) "yes" or "no".
func (s *server) offlineimap(t *testing.T, compress string) (dir string, sync func()) {
	t.Helper()
	dir = t.TempDir()
	rc := filepath.Join(dir, "offlineimaprc")
	writeFile(t, rc, fmt.Sprintf(`
[general]
accounts = test
metadata = %[1]s/state
ui = basic
fsync = false

[Account test]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = %[1]s/mail

[Repository far]
type = IMAP
remotehost = localhost
remoteport = %[2]s
remoteuser = %[3]s
remotepass = %[4]s
ssl = yes
sslcacertfile = %[5]s
expunge = yes
usecompression = %[6]s
`, dir, s.port("imaps"), alice, password, s.certificate(t), compress))
	return filepath.Join(dir, "mail"), func() {
		t.Helper()
		out := run(t, "", "offlineimap", "-o", "-d", "imap", "-c", rc)
		if used := strings.Contains(out, "COMPRESS DEFLATE"); used != (compress == "yes") {
			t.Errorf("compression %s, used %t:\n%s", compress, used, out)
		}
		if strings.Contains(out, "ERROR") {
			t.Errorf("offlineimap complains:\n%s", out)
		}
	}
}

// TestOfflineimap changes mail at both ends: flags, removals, a new folder.
func TestOfflineimap(t *testing.T) {
	t.Parallel()
	for _, compress := range []string{"no", "yes"} {
		t.Run("compression "+compress, func(t *testing.T) {
			t.Parallel()
			testOfflineimap(t, compress)
		})
	}
}

func testOfflineimap(t *testing.T, compress string) {
	s := startServer(t)
	sent := samples(6)
	s.upload(t, "INBOX", sent...)
	dir, sync := s.offlineimap(t, compress)
	sync()
	inbox := filepath.Join(dir, "INBOX")
	same(t, "after the first sync", local(t, inbox), sent)
	sync()
	same(t, "after a sync without changes", local(t, inbox), sent)

	s.curl(t, alice, "INBOX", "-X", `UID STORE 1 +FLAGS (\Deleted)`)
	s.curl(t, alice, "INBOX", "-X", "EXPUNGE")
	s.curl(t, alice, "INBOX", "-X", `UID STORE 2 +FLAGS (\Flagged)`)
	extra := samples(8)[6:]
	s.upload(t, "INBOX", extra[0])
	remove(t, inbox, "Subject: sample 2\n")
	answer(t, inbox, "Subject: sample 3\n")
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, "Projects", sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, filepath.Join(dir, "Projects", "new", "1.near"), strings.ReplaceAll(extra[1], "\r\n", "\n"))
	sync()

	want := append([]string{sent[1], sent[3], sent[4], sent[5]}, extra[0])
	same(t, "near after changes", local(t, inbox), want)
	same(t, "far after changes", s.remote(t, "INBOX"), want)
	same(t, "the new folder", s.remote(t, "Projects"), extra[1:])
	if name := fileOf(t, inbox, "Subject: sample 1\n"); !strings.Contains(name, "F") {
		t.Errorf("the flag has not come near: %s", name)
	}
	contains(t, s.curl(t, alice, "INBOX", "-X", "UID SEARCH ANSWERED"), "* SEARCH 4\r\n")
}

// fileOf returns the name of the file of a Maildir that has some text.
func fileOf(t *testing.T, dir, text string) string {
	t.Helper()
	for name, content := range maildir(t, dir) {
		if strings.Contains(content, text) {
			return name
		}
	}
	t.Fatalf("no message with %q in %s", text, dir)
	return ""
}

func remove(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.Remove(fileOf(t, dir, text)); err != nil {
		t.Fatal(err)
	}
}

// answer marks a message as seen and answered.
func answer(t *testing.T, dir, text string) {
	t.Helper()
	name := fileOf(t, dir, text)
	base, _, _ := strings.Cut(filepath.Base(name), ":2,")
	if err := os.Rename(name, filepath.Join(dir, "cur", base+":2,RS")); err != nil {
		t.Fatal(err)
	}
}
