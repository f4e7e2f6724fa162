//go:build clients

package clienttest

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/soak"
)

// TestFilesRunOut runs a server that may have few files open, and takes all of
// them, by connections to each listener and by messages that are not finished.
// Who is connected is served all the time, while the store begins files of its
// own; the others are told to come again, and all is well when they have left.
func TestFilesRunOut(t *testing.T) {
	s := newServer(t)
	s.files = 400
	s.begin(t)
	s.watch(t).end(t) // what the first use opens is not counted
	open := s.openFiles(t)
	n := s.watch(t)
	growers := s.gather(t, 8, func() *wire { return s.smtpSession(t, "smtp") })
	for round := range soak.Times(1, 20) {
		c := s.unfinished(t, 50)
		c = append(c, s.takeAllFiles(t)...)
		t.Logf("round %d: %d connections were let in, %d of %d files are open", round, len(c), s.openFiles(t), s.files)
		growStore(growers, round)
		c.close()
		s.dialUntil(t, "smtp", "220 ").conn.Close()
	}
	n.end(t)
	growers.close()
	t.Logf("the neighbour was served %d times, within %v; at most %d MB", n.rounds, n.slowest.Round(time.Millisecond), s.megabytes(t, "VmHWM"))
	eventually(t, "all connections and files closed", func() bool { return s.openFiles(t) <= open+s.files/4 }) // the store has grown
	if n := strings.Count(s.log.String(), "connection refused"); n == 0 || n > 50*soak.Times(1, 20) {
		t.Errorf("the log has %d lines of thousands that were refused", n)
	}
	s.kill(t)
	s.start(t)
	s.imapSession(t, "imap", alice).ok("LOGOUT")
}

// unfinished gathers clients each of which has sent half of a message that is
// too large to be kept in memory.
func (s *server) unfinished(t *testing.T, count int) crowd {
	text := "Subject: half\r\n\r\n" + incompressible(1, 300)
	return s.gather(t, count, func() *wire {
		w := s.smtpSession(t, "smtp")
		w.smtpOK("MAIL FROM:<c@elsewhere.test>", "250", "RCPT TO:<"+bob+">", "250", "DATA", "354")
		w.send("%s", text)
		return w
	})
}

// takeAllFiles connects to every listener until no more connections are
// accepted.
func (s *server) takeAllFiles(t *testing.T) crowd {
	t.Helper()
	var mu sync.Mutex
	var all crowd
	var wg sync.WaitGroup
	for _, p := range protocols {
		wg.Go(func() {
			for range s.files {
				conn, err := net.Dial("tcp", s.addr(p))
				if err != nil {
					return
				}
				w := newWire(t, conn)
				mu.Lock()
				all = append(all, w)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return all
}

// growStore delivers more than fits into one pack, so that the store begins new
// files, in messages that are no files themselves. The clients have connected
// while there was room.
func growStore(c crowd, round int) {
	var sending sync.WaitGroup
	for i, w := range c {
		sending.Go(func() {
			text := "Subject: grows\r\n\r\n" + incompressible(round*len(c)+i, 55)
			w.conn.SetDeadline(time.Now().Add(patience))
			for range 130 << 10 / 55 / len(c) {
				w.smtpOK("MAIL FROM:<c@elsewhere.test>", "250", "RCPT TO:<"+bob+">", "250", "DATA", "354")
				w.send("%s.\r\n", text)
				w.expect("250")
			}
		})
	}
	sending.Wait()
}
