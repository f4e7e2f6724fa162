//go:build clients

package clienttest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fetchmailrc writes a configuration whose delivery appends to a file.
func (s *server) fetchmailrc(t *testing.T, protocol, port string, options string) (rc, spool string) {
	t.Helper()
	dir := t.TempDir()
	rc, spool = filepath.Join(dir, "fetchmailrc"), filepath.Join(dir, "spool")
	writeFile(t, rc, fmt.Sprintf(`
set idfile "%s/ids"
set no bouncemail
poll localhost protocol %s port %s uidl
  user "%s" password "%s" ssl sslcertck sslcertfile "%s"
  mda "cat >> %s" %s
`, dir, protocol, port, alice, password, s.certificate(t), spool, options))
	return rc, spool
}

// fetchmail runs once; exit code 1 means that there was no new mail.
func fetchmail(t *testing.T, rc string) {
	t.Helper()
	out, err := try(t, "", "fetchmail", "-f", rc, "--pidfile", rc+".pid", "--nodetach", "-v")
	if exit, ok := err.(*exec.ExitError); err != nil && (!ok || exit.ExitCode() != 1) {
		t.Fatalf("fetchmail: %v\n%s", err, out)
	}
}

func countSubjects(t *testing.T, spool string) int {
	t.Helper()
	content, err := os.ReadFile(spool)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Count(string(content), "Subject: ")
}

func TestFetchmail(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for i := range 3 {
		s.swaks(t, "smtp", fmt.Sprintf("m%d", i), "--from", "c@elsewhere.test", "--to", alice)
	}
	rc, spool := s.fetchmailrc(t, "POP3", s.port("pop3s"), "keep")
	fetchmail(t, rc)
	if n := countSubjects(t, spool); n != 3 {
		t.Fatalf("fetchmail brought %d messages, want 3", n)
	}
	fetchmail(t, rc)
	if n := countSubjects(t, spool); n != 3 {
		t.Fatalf("fetchmail with UIDL brought messages twice: %d", n)
	}
	s.swaks(t, "smtp", "m3", "--from", "c@elsewhere.test", "--to", alice)
	fetchmail(t, rc)
	if n := countSubjects(t, spool); n != 4 {
		t.Fatalf("fetchmail has %d messages, want 4", n)
	}

	rc, spool = s.fetchmailrc(t, "POP3", s.port("pop3s"), "fetchall no keep")
	fetchmail(t, rc)
	if n := countSubjects(t, spool); n != 4 {
		t.Fatalf("fetchmail brought %d messages, want 4", n)
	}
	contains(t, s.curl(t, alice, "", "-X", "STATUS INBOX (MESSAGES)"), "MESSAGES 0")
}

// TestFetchmailContent fetches again and again, keeping mail by its UIDL and at
// last deleting it, and compares what came with what was sent.
func TestFetchmailContent(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	sent := samples(8)
	s.upload(t, "INBOX", sent[:6]...)
	rc, spool := s.fetchmailrc(t, "POP3", s.port("pop3s"), "keep")
	eachToFile(t, rc, spool)
	bodies := func() (list []string) {
		for _, text := range local(t, spool) {
			list = append(list, bodyOf(text))
		}
		return list
	}
	var want []string
	for _, text := range sent {
		want = append(want, bodyOf(strings.ReplaceAll(text, "\r\n", "\n")))
	}
	fetchmail(t, rc)
	same(t, "the first time", bodies(), want[:6])
	fetchmail(t, rc)
	same(t, "without new mail", bodies(), want[:6])
	s.stop(t)
	s.start(t)
	s.upload(t, "INBOX", sent[6])
	fetchmail(t, rc)
	same(t, "with a new message, after a restart", bodies(), want[:7])
	same(t, "left on the server", s.remote(t, "INBOX"), sent[:7])
	text, err := os.ReadFile(rc)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, rc, strings.Replace(string(text), "keep\n", "no keep\n", 1))
	s.upload(t, "INBOX", sent[7])
	fetchmail(t, rc)
	same(t, "when deleting", bodies(), want)
	same(t, "left after deleting", s.remote(t, "INBOX"), sent[:7])
}

// eachToFile makes a configuration of fetchmailrc deliver each message to a file
// of its own, in a Maildir in the place of the spool.
func eachToFile(t *testing.T, rc, spool string) {
	t.Helper()
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(spool, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(rc)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, rc, strings.Replace(string(text), "cat >> "+spool, "cat > "+spool+"/new/$$", 1))
}

// bodyOf returns what stands behind the header, which fetchmail changes.
func bodyOf(text string) string {
	_, body, _ := strings.Cut(text, "\n\n")
	return body
}

// TestIdle has fetchmail wait in IMAP IDLE for a message to come.
func TestIdle(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	rc, spool := s.fetchmailrc(t, "IMAP", s.port("imaps"), "keep idle")
	text, err := os.ReadFile(rc)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, rc, strings.Replace(string(text), " uidl", "", 1))
	log := &syncBuffer{}
	cmd := exec.Command("fetchmail", "-f", rc, "--pidfile", rc+".pid", "--nodetach", "-v")
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "LC_ALL=C")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("fetchmail:\n%s", log)
		}
	}()
	eventually(t, "fetchmail in IDLE", func() bool { return strings.Contains(log.String(), "IDLE\n") })
	s.swaks(t, "smtp", "while idle", "--from", "c@elsewhere.test", "--to", alice)
	eventually(t, "the message at the idling client", func() bool { return countSubjects(t, spool) == 1 })
}
