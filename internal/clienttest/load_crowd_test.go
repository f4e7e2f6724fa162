//go:build clients

package clienttest

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/soak"
)

// TestCrowdConnects opens as many connections as there are files for, 20 000 in
// the long form: most in IDLE, the others greeted and silent. Those for which
// there is no file are refused in the words of the protocol, who was there
// before is served, and when all have left the memory is given back.
func TestCrowdConnects(t *testing.T) {
	s := startServer(t)
	s.watch(t).end(t)
	before, open := s.megabytes(t, "VmRSS"), s.openFiles(t)
	n := s.watch(t)
	s.forgetPeak(t)
	count := min(soak.Times(1500, 20_000), allowedFiles(t)-200)
	all, refused := s.gatherCrowd(t, count)
	peak := s.megabytes(t, "VmHWM")
	n.end(t)
	t.Logf("%d connections, %d more refused: %d MB before, at most %d MB; the neighbour was served %d times, within %v",
		len(all), refused, before, peak, n.rounds, n.slowest.Round(time.Millisecond))
	if limit := 100 + len(all)/40; peak > before+limit {
		t.Errorf("took %d MB, may take %d MB", peak-before, limit)
	}
	if len(all) < count*8/10 {
		t.Errorf("%d of %d were let in", len(all), count)
	}
	all.close()
	eventually(t, "all connections and files closed", func() bool { return s.openFiles(t) <= open+filesOfStore })
	s.smtpSession(t, "smtp").conn.Close()
}

// allowedFiles is how many files this process, and the server, may have open.
func allowedFiles(t *testing.T) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return int(min(limit.Cur, 1<<20))
}

// gatherCrowd opens connections, several at a time, and counts those that were
// refused.
func (s *server) gatherCrowd(t *testing.T, count int) (all crowd, refused int) {
	t.Helper()
	var mu sync.Mutex
	var joining sync.WaitGroup
	const workers = 32
	for worker := range workers {
		joining.Go(func() {
			for i := worker; i < count; i += workers {
				w, ok := s.joinCrowd(t, i)
				mu.Lock()
				if ok {
					all = append(all, w)
				} else {
					refused++
					w.conn.Close()
				}
				mu.Unlock()
			}
		})
	}
	joining.Wait()
	return all, refused
}

// joinCrowd opens one more connection: of five, three are in IDLE, one has been
// greeted by SMTP and one by POP3. It reports whether it was let in.
func (s *server) joinCrowd(t *testing.T, i int) (*wire, bool) {
	t.Helper()
	protocol := []string{"imap", "imap", "smtp", "imap", "pop3"}[i%5]
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(1+i%50))}}
	conn, err := dialer.Dial("tcp", s.addr(protocol))
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(patience))
	w := newWire(t, conn)
	if first := w.line(); strings.HasPrefix(first, "421 ") || strings.HasPrefix(first, "* BYE") || strings.HasPrefix(first, "-ERR") {
		return w, false
	}
	if protocol == "imap" {
		w.ok("LOGIN %s %s", bob, password)
		w.ok("SELECT INBOX")
		w.send("i IDLE\r\n")
		w.upTo("+ ")
	}
	return w, true
}

// TestCrowdDelivers has thousands of connections deliver to one mailbox at once.
// Each message that was acknowledged is there, once.
func TestCrowdDelivers(t *testing.T) {
	s := startServer(t)
	before, open := s.megabytes(t, "VmRSS"), s.openFiles(t)
	senders := s.gather(t, soak.Times(300, 3000), func() *wire { return s.smtpSession(t, "smtp") })
	n := s.watch(t)
	s.forgetPeak(t)
	const each = 5
	var mu sync.Mutex
	var took []time.Duration
	var sending sync.WaitGroup
	begin := time.Now()
	for i, w := range senders {
		w.conn.SetDeadline(time.Now().Add(3 * patience))
		sending.Go(func() {
			for k := range each {
				start := time.Now()
				if reply := w.deliver(bob, fmt.Sprintf("Subject: number %d\r\n\r\n%s", i*each+k, incompressible(i, 4))); !strings.HasPrefix(reply, "250") {
					t.Errorf("message %d: %s", i*each+k, reply)
				}
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
			}
		})
	}
	sending.Wait()
	all := time.Since(begin)
	n.end(t)
	peak := s.megabytes(t, "VmHWM")
	slices.Sort(took)
	t.Logf("%d messages over %d connections in %v, half of them within %v, all within %v: %d MB before, at most %d MB; the neighbour was served %d times, within %v",
		len(took), len(senders), all.Round(time.Millisecond), took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond),
		before, peak, n.rounds, n.slowest.Round(time.Millisecond))
	if limit := 100 + len(senders)/5; peak > before+limit {
		t.Errorf("took %d MB, may take %d MB", peak-before, limit)
	}
	senders.close()
	got := s.inbox(t, bob)
	if slices.Sort(got); len(got) != len(took) || len(slices.Compact(got)) != len(took) {
		t.Errorf("%d messages, %d were delivered", len(got), len(took))
	}
	eventually(t, "all connections and files closed", func() bool { return s.openFiles(t) <= open+filesOfStore })
}
