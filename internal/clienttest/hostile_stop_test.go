//go:build clients

package clienttest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestStopInFlight ends the server with SIGTERM while messages are on their
// way: they are finished and answered, and then the client is told 421.
func TestStopInFlight(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	data := s.smtpSession(t, "smtp")
	data.smtpOK("MAIL FROM:<c@elsewhere.test>", "250", "RCPT TO:<"+alice+">", "250", "DATA", "354")
	data.send("Subject: number 1\r\n\r\nhel")

	bdat := s.smtpSession(t, "submission")
	bdat.smtpOK("MAIL FROM:<"+alice+">", "250", "RCPT TO:<"+alice+">", "250")
	head := "From: " + alice + "\r\nSubject: number 2\r\n\r\n"
	bdat.send("BDAT %d\r\n%s", len(head), head)
	bdat.expect("250")

	idle := s.imapSession(t, "imaps", alice)
	idle.ok("SELECT INBOX")
	idle.send("i IDLE\r\n")
	idle.upTo("+ ")
	upload := s.imapSession(t, "imap", alice)
	upload.send("t APPEND INBOX {30}\r\n")
	upload.expect("+ ")
	upload.send("Subject: number 3\r\n\r\n") // 21 octets
	quiet := s.smtpSession(t, "lmtp")
	pop := s.pop3Session(t, "pop3", bob)

	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	idle.expect("* BYE")
	idle.closed()
	quiet.expect("421 ")
	quiet.closed()
	pop.closed()

	data.send("lo\r\n.\r\n")
	data.expect("250 ")
	data.expect("421 ")
	data.closed()
	bdat.send("BDAT 7 LAST\r\nhello\r\n")
	bdat.expect("250 ")
	bdat.expect("421 ")
	bdat.closed()
	upload.send("9 octets\n\r\n")
	upload.upTo("t OK")
	upload.expect("* BYE")
	upload.closed()

	if err := s.cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	s.start(t)
	if got := s.inbox(t, alice); len(got) != 3 {
		t.Errorf("the mailbox has %q", got)
	}
}

// TestStopWhileStarting ends a server with SIGTERM before it has made all of
// its accounts. That is a stop like any other, and what is there is whole.
func TestStopWhileStarting(t *testing.T) {
	t.Parallel()
	users := filepath.Join(t.TempDir(), "users")
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, "user%d@example.test secret\n", i)
	}
	writeFile(t, users, b.String())
	s := newServer(t, "--users", users)
	s.start(t) // the ports are open before the accounts are made
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("ended with %v: %s", err, s.log)
	}
	s.args = nil
	s.begin(t)
	s.imapSession(t, "imap", alice).ok("LOGOUT")
}

// fails runs the binary, which must end at once with status 1 and say why.
func fails(t *testing.T, why string, args ...string) {
	t.Helper()
	out, err := try(t, "", os.Getenv("MAILSTEAD_BIN"), args...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("ended with %v", err)
	}
	t.Logf("%s", out)
	contains(t, out, why)
	if lines := strings.Count(out, "\n"); lines > 8 {
		t.Errorf("%d lines", lines)
	}
}

// TestCannotStart starts servers that cannot run.
func TestCannotStart(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	ports := func(change ...string) []string {
		var args []string
		for _, p := range protocols {
			args = append(args, "--"+p, "0")
		}
		return append(args, change...)
	}
	dir := t.TempDir()
	t.Run("second server", func(t *testing.T) {
		fails(t, s.data, append([]string{"dev", "--data", s.data}, ports()...)...)
	})
	for _, p := range protocols {
		t.Run("port in use "+p, func(t *testing.T) {
			fails(t, "address already in use", append([]string{"dev", "--data", t.TempDir()}, ports("--"+p, s.port(p))...)...)
		})
	}
	t.Run("data is a file", func(t *testing.T) {
		name := filepath.Join(dir, "file")
		writeFile(t, name, "")
		fails(t, "not a directory", append([]string{"dev", "--data", name}, ports()...)...)
	})
	t.Run("data not writable", func(t *testing.T) {
		// Root may write everywhere, but not here.
		fails(t, "/proc/sys/data", append([]string{"dev", "--data", "/proc/sys/data"}, ports()...)...)
	})
	t.Run("no users file", func(t *testing.T) {
		fails(t, "no such file", append([]string{"dev", "--data", t.TempDir()}, ports("--users", filepath.Join(dir, "none"))...)...)
	})
	t.Run("users file is a folder", func(t *testing.T) {
		fails(t, "is a directory", append([]string{"dev", "--data", t.TempDir()}, ports("--users", dir)...)...)
	})
	for name, content := range map[string]string{
		"no password": "carol@example.test\n", "no address": "carol secret\n", "long line": strings.Repeat("x", 1<<20) + "\n",
	} {
		t.Run("users file with "+name, func(t *testing.T) {
			users := filepath.Join(t.TempDir(), "users")
			writeFile(t, users, content)
			fails(t, "users:1", append([]string{"dev", "--data", t.TempDir()}, ports("--users", users)...)...)
		})
	}
	for _, relay := range []string{"nowhere", "host:", ":25", "host:70000", "host:smtp:25", "ho st:25", "host:-1"} {
		t.Run("relay "+relay, func(t *testing.T) {
			fails(t, fmt.Sprintf("%q", relay), append([]string{"dev", "--data", t.TempDir()}, ports("--relay", relay)...)...)
		})
	}
	t.Run("port out of range", func(t *testing.T) {
		fails(t, "70000", append([]string{"dev", "--data", t.TempDir()}, ports("--smtp", "70000")...)...)
	})
	// The one that runs has not noticed.
	s.imapSession(t, "imap", alice).ok("LOGOUT")
}

// TestRelayDown sends to a next hop that is not there: the message waits.
func TestRelayDown(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--relay", net.JoinHostPort("127.0.0.1", fmt.Sprint(freePort(t))))
	w := s.smtpSession(t, "submission")
	w.smtpOK("MAIL FROM:<"+alice+">", "250", "RCPT TO:<far@elsewhere.test>", "250", "DATA", "354")
	w.send("From: %s\r\n\r\nhello\r\n.\r\n", alice)
	w.expect("250 ")
	eventually(t, "a failed attempt", func() bool {
		out := run(t, "", os.Getenv("MAILSTEAD_BIN"), "queue", "list", "--json", "--data", s.data)
		return strings.Contains(out, "far@elsewhere.test") && strings.Contains(out, "could not be reached")
	})
}
