//go:build clients

package clienttest

import (
	"bufio"
	"compress/flate"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/soak"
)

// deafToGigabytes ask for the same large messages again and again, gigabytes in
// all, read a little of it, and then nothing: over IMAP with and without TLS and
// compression, and over POP3.
func deafToGigabytes(t *testing.T, s *server) {
	large := "Subject: large\r\n\r\n" + incompressible(1, 20<<10)
	for range 3 {
		s.deliverBig(t, func(w io.Writer) { io.WriteString(w, large) })
	}
	fetch := strings.Repeat("a FETCH 1:* BODY.PEEK[]\r\n", 100)
	const some = 100 << 10
	for _, protocol := range []string{"imap", "imaps"} {
		c := s.gather(t, soak.Times(10, 50), func() *wire {
			w := s.imapSession(t, protocol, bob)
			w.ok("SELECT INBOX")
			w.send("%s", fetch)
			io.CopyN(io.Discard, w.in, some)
			return w
		})
		defer c.close()
	}
	c := s.gather(t, soak.Times(10, 50), func() *wire {
		w := s.imapSession(t, "imap", bob)
		w.ok("SELECT INBOX")
		w.compress()
		w.send("%s", fetch)
		w.conn.(*deflated).Flush()
		io.CopyN(io.Discard, w.in, some)
		return w
	})
	defer c.close()
	pop := s.pop3Session(t, "pop3", bob)
	pop.send("%s", strings.Repeat("RETR 1\r\n", 100))
	io.CopyN(io.Discard, pop.in, some)
	time.Sleep(time.Duration(soak.Times(1, 30)) * time.Second) // while they do not read
}

// deafToAnswers send commands without end and never read an answer.
func deafToAnswers(t *testing.T, s *server) {
	mail := s.gather(t, 50, func() *wire { return s.smtpSession(t, "smtp") })
	defer mail.close()
	mail.shout(strings.Repeat("MAIL FROM:<c@elsewhere.test>\r\nRCPT TO:<"+bob+">\r\nRSET\r\n", 1000), 20)
	box := s.gather(t, 50, func() *wire { return s.imapSession(t, "imap", bob) })
	defer box.close()
	box.shout(strings.Repeat("a STATUS INBOX (MESSAGES UIDNEXT)\r\nb LIST \"\" *\r\nc NOOP\r\n", 1000), 20)
	drop := s.pop3Session(t, "pop3", bob)
	crowd{drop}.shout(strings.Repeat("NOOP\r\nLIST\r\nUIDL\r\n", 1000), 20)
}

// A deflated connection is compressed in both directions (RFC 4978).
type deflated struct {
	net.Conn
	out *flate.Writer
}

// Write implements [io.Writer].
func (d *deflated) Write(p []byte) (int, error) { return d.out.Write(p) }

// Flush sends what is written.
func (d *deflated) Flush() error { return d.out.Flush() }

// compress turns compression on.
func (w *wire) compress() {
	w.t.Helper()
	w.ok("COMPRESS DEFLATE")
	out, err := flate.NewWriter(w.conn, flate.BestSpeed)
	if err != nil {
		w.t.Fatal(err)
	}
	w.conn, w.in = &deflated{w.conn, out}, bufio.NewReader(flate.NewReader(w.in))
}

// TestCostBeforeLogin measures what a connection takes of the server that has
// been greeted, and one that has sent all that it may before it logs in.
func TestCostBeforeLogin(t *testing.T) {
	for _, c := range []struct {
		listener, most string
		kilobytes      int // that each may take
	}{
		{"smtp", "EHLO " + strings.Repeat("x", 2000), 64}, {"submission", "EHLO " + strings.Repeat("x", 2000), 64}, {"lmtp", "LHLO " + strings.Repeat("x", 2000), 64},
		{"imap", "a LOGIN {4000+}\r\n" + strings.Repeat("x", 4000) + " {4000+}\r\n" + strings.Repeat("x", 3000), 96},
		{"pop3", "USER " + strings.Repeat("x", 200), 64},
		{"submissions", "EHLO " + strings.Repeat("x", 2000), 128}, {"imaps", "a LOGIN {4000+}\r\n" + strings.Repeat("x", 3000), 160}, {"pop3s", "USER " + strings.Repeat("x", 200), 128},
	} {
		t.Run(c.listener, func(t *testing.T) {
			s := startServer(t)
			s.watch(t).end(t)
			count := soak.Times(300, 2000)
			before, busy := s.resident(t), s.processorTime(t)
			all := s.gather(t, count, func() *wire {
				w := s.dial(t, c.listener)
				w.line()
				return w
			})
			greeted := s.resident(t)
			all.shout(c.most, 1)
			time.Sleep(200 * time.Millisecond) // until the server has read it: it answers nothing
			full := s.resident(t)
			spent := s.processorTime(t) - busy
			all.close()
			t.Logf("%-12s %3d KB greeted, %3d KB with all that may be sent, %4d µs of a processor",
				c.listener, (greeted-before)/count, (full-before)/count, spent.Microseconds()/int64(count))
			if each := (full - before) / count; each > c.kilobytes {
				t.Errorf("%d KB, may take %d KB", each, c.kilobytes)
			}
		})
	}
}

// resident is the memory of the server in KB.
func (s *server) resident(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var all, pages int
	if _, err := fmt.Sscan(string(b), &all, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize() >> 10
}

// processorTime is what the server has used so far.
func (s *server) processorTime(t *testing.T) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest) // from the third on: proc_pid_stat(5)
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		t.Fatal(err)
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 everywhere
	return time.Duration(user+system) * tick
}
