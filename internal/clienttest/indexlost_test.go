//go:build clients

package clienttest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKillAndIndexLost adds accounts and changes them, kills the server with
// SIGKILL as soon as the index has been copied after that, long before the first
// round of the upkeep, and loses the index. A repair brings all of them back,
// with their passwords and mail.
func TestKillAndIndexLost(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var config strings.Builder
	fmt.Fprintf(&config, "hostname = 'mail.example.test'\ndata = %q\n[metrics]\nlisten = %q\n", s.data, s.addr("metrics"))
	config.WriteString("[auth]\nallow-insecure = true\nargon2-memory = '64kB'\nargon2-time = 1\n[storage]\nreclaim-interval = '24h'\n")
	for _, p := range protocols[:len(protocols)-1] {
		fmt.Fprintf(&config, "[%s]\nlisten = [%q]\n", p, s.addr(p))
	}
	s.serve(t, config.String())
	copied := s.awaitCopy(t, time.Time{}) // the one of the start
	s.mailstead(t, "domain", "add", "example.test")
	copied = s.awaitCopy(t, copied)
	for _, user := range []string{alice + " first", bob + " " + password} { // a copy each
		s.mailstead(t, "account", "add", "--from-file", usersFile(t, user))
		copied = s.awaitCopy(t, copied)
	}
	run(t, password+"\n", os.Getenv("MAILSTEAD_BIN"), "account", "passwd", alice, "--data", s.data)
	copied = s.awaitCopy(t, copied)
	s.mailstead(t, "alias", "add", "both@example.test", alice, bob)
	s.awaitCopy(t, copied)
	if reply := s.smtpSession(t, "smtp").deliver("both@example.test", "Subject: kept\r\n\r\nhello"); !strings.HasPrefix(reply, "250") {
		t.Fatalf("delivery: %s", reply)
	}
	s.kill(t)
	if err := os.RemoveAll(filepath.Join(s.data, "store", "index")); err != nil {
		t.Fatal(err)
	}
	s.mailstead(t, "repair", "--rebuild-index")
	s.mailstead(t, "verify")
	s.start(t)
	if reply := s.smtpSession(t, "smtp").deliver("both@example.test", "Subject: new\r\n\r\nhello"); !strings.HasPrefix(reply, "250") {
		t.Errorf("delivery after the repair: %s", reply)
	}
	for _, user := range []string{alice, bob} {
		w := s.imapSession(t, "imap", user)
		w.ok("SELECT INBOX")
		if got := strings.Join(w.imapCommand("FETCH 1:* BODY.PEEK[HEADER.FIELDS (Subject)]"), "\n"); !strings.Contains(got, "kept") || !strings.Contains(got, "new") {
			t.Errorf("%s has %s", user, got)
		}
	}
}

// awaitCopy waits for a copy of the index that is not the one that was made
// then, and returns when it was made.
func (s *server) awaitCopy(t *testing.T, then time.Time) (made time.Time) {
	t.Helper()
	eventually(t, "copy of the index", func() bool {
		info, err := os.Stat(filepath.Join(s.data, "store", "checkpoint"))
		if err == nil {
			made = info.ModTime()
		}
		return err == nil && !made.Equal(then)
	})
	return made
}
