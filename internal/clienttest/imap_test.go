//go:build clients

package clienttest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// curl does an IMAP command on a mailbox over TLS.
func (s *server) curl(t *testing.T, user, path string, args ...string) string {
	t.Helper()
	return run(t, "", "curl", append([]string{"-sSk", "--user", user + ":" + password,
		fmt.Sprintf("imaps://%s/%s", s.addr("imaps"), path)}, args...)...)
}

var subject = regexp.MustCompile(`(?m)^Subject: (.*?)\r?$`)

// subjects returns the subjects in a user's inbox.
func (s *server) subjects(t *testing.T, user string) []string {
	t.Helper()
	var all []string
	uids := strings.Fields(strings.TrimPrefix(strings.TrimSpace(s.curl(t, user, "INBOX", "-X", "UID SEARCH ALL")), "* SEARCH"))
	for _, uid := range uids {
		if m := subject.FindStringSubmatch(s.curl(t, user, "INBOX;UID="+uid)); m != nil {
			all = append(all, m[1])
		}
	}
	return all
}

func equalSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func TestCurlIMAP(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.swaks(t, "smtp", "first", "--from", "c@elsewhere.test", "--to", alice)
	contains(t, s.curl(t, alice, ""), `INBOX`)
	contains(t, s.curl(t, alice, "INBOX;MAILINDEX=1"), "body of first\r\n")
	contains(t, s.curl(t, alice, "", "-X", "STATUS INBOX (MESSAGES UNSEEN)"), "MESSAGES 1 UNSEEN 0")

	upload := filepath.Join(t.TempDir(), "m.eml")
	writeFile(t, upload, "From: alice@example.test\r\nSubject: uploaded\r\n\r\nhello\r\n")
	s.curl(t, alice, "Drafts", "-T", upload)
	contains(t, s.curl(t, alice, "Drafts;MAILINDEX=1"), "Subject: uploaded")
}

// TestMbsync syncs a mailbox down, changes it at both ends, and syncs again.
func TestMbsync(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	sent := make(map[string]bool)
	for i := range 5 {
		name := fmt.Sprintf("message %d", i)
		s.swaks(t, "smtp", name, "--from", "c@elsewhere.test", "--to", alice)
		sent[name] = true
	}
	dir := t.TempDir()
	rc := filepath.Join(dir, "mbsyncrc")
	writeFile(t, rc, fmt.Sprintf(`
IMAPAccount m
Host localhost
Port %s
User %s
Pass %s
SSLType IMAPS
CertificateFile %s

IMAPStore far
Account m

MaildirStore near
Path %s/
Inbox %s/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
`, s.port("imaps"), alice, password, s.certificate(t), dir+"/mail", dir+"/mail"))
	if err := os.Mkdir(filepath.Join(dir, "mail"), 0o700); err != nil {
		t.Fatal(err)
	}
	sync := func() { run(t, "", "mbsync", "-c", rc, "-a", "-q") }
	sync()

	local := maildir(t, filepath.Join(dir, "mail", "INBOX"))
	if len(local) != len(sent) {
		t.Fatalf("mbsync brought %d messages, want %d", len(local), len(sent))
	}
	for _, content := range local {
		if m := subject.FindStringSubmatch(content); m == nil || !sent[m[1]] {
			t.Errorf("unknown message:\n%s", content)
		}
	}
	// The same bytes as the server serves over POP3.
	remote := make(map[[32]byte]bool)
	for i := 1; i <= len(sent); i++ {
		text := run(t, "", "curl", "-sSk", "--user", alice+":"+password, fmt.Sprintf("pop3s://%s/%d", s.addr("pop3s"), i))
		remote[sha256.Sum256([]byte(strings.ReplaceAll(text, "\r\n", "\n")))] = true
	}
	tuid := regexp.MustCompile(`(?m)^X-TUID: .*\n`)
	for name, content := range local {
		if !remote[sha256.Sum256([]byte(tuid.ReplaceAllString(content, "")))] {
			t.Errorf("%s differs from what POP3 serves", name)
		}
	}

	// A new message in a new folder near, one removed and one flagged far.
	writeFile(t, filepath.Join(dir, "mail", "Projects", "new", "1.x"), "Subject: made near\n\nhello\n")
	for _, sub := range []string{"cur", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, "mail", "Projects", sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.curl(t, alice, "INBOX", "-X", `UID STORE 1 +FLAGS (\Deleted)`)
	s.curl(t, alice, "INBOX", "-X", `UID STORE 2 +FLAGS (\Flagged)`)
	sync()
	contains(t, s.curl(t, alice, "Projects;MAILINDEX=1"), "Subject: made near")
	local = maildir(t, filepath.Join(dir, "mail", "INBOX"))
	if len(local) != len(sent)-1 {
		t.Errorf("%d messages after one was expunged, want %d", len(local), len(sent)-1)
	}
	flagged := 0
	for name := range local {
		if _, flags, _ := strings.Cut(filepath.Base(name), ":2,"); strings.Contains(flags, "F") {
			flagged++
		}
	}
	if flagged != 1 {
		t.Errorf("%d flagged messages near, want 1", flagged)
	}
}

// maildir reads the messages of a Maildir, by file name.
func maildir(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, sub := range []string{"new", "cur"} {
		files, err := filepath.Glob(filepath.Join(dir, sub, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			content, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all[f] = string(content)
		}
	}
	return all
}

// TestMutt reads a message in mutt and pipes what mutt shows to a file.
func TestMutt(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.swaks(t, "smtp", "for mutt", "--from", "c@elsewhere.test", "--to", alice)
	dir := t.TempDir()
	rc, shown := filepath.Join(dir, "muttrc"), filepath.Join(dir, "shown")
	writeFile(t, rc, fmt.Sprintf(`
set folder="imaps://%[1]s@127.0.0.1:%[2]s/"
set spoolfile="+INBOX"
set imap_user="%[1]s"
set imap_pass="%[3]s"
set certificate_file="%[4]s"
set ssl_verify_host=no
set ssl_starttls=no
set imap_deflate=yes
set wait_key=no
set pipe_decode=yes
set quit=yes
`, alice, s.port("imaps"), password, s.certificate(t)))
	// script gives mutt the terminal that it wants.
	run(t, "", "script", "-qec", fmt.Sprintf(
		`mutt -F %s -e 'push "<pipe-message>cat > %s<enter><flag-message><sync-mailbox><quit>"'`, rc, shown), "/dev/null")
	content, err := os.ReadFile(shown)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, string(content), "Subject: for mutt")
	contains(t, string(content), "body of for mutt")
	contains(t, s.curl(t, alice, "INBOX", "-X", "FETCH 1 (FLAGS)"), `\Flagged`)
}
