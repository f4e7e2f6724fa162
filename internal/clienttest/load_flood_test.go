//go:build clients

package clienttest

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/soak"
)

// TestFlood connects as fast as it can, first from one address, beyond what one
// address may have, then from many, beyond what all may have. In the first flood
// an honest client of another address goes on connecting, delivering and reading;
// in the second, who is connected goes on.
func TestFlood(t *testing.T) {
	s := startLimited(t, 300, 50)
	s.mailstead(t, "domain", "add", "example.test")
	s.mailstead(t, "account", "add", "--from-file", usersFile(t, alice+" "+password+"\n"+bob+" "+password))
	s.watch(t).end(t)
	before, open := s.megabytes(t, "VmRSS"), s.openFiles(t)
	s.forgetPeak(t)
	long := time.Duration(soak.Times(3, 60)) * time.Second

	f := s.flood("127.0.2.1")
	slowest, rounds := s.comeAndGo(t, long)
	f.halt()
	held := f.held()
	t.Logf("from one address: %d connections, %d let in, %d of them are open; an honest client came %d times, within %v",
		f.tried.Load(), len(f.open), held, rounds, slowest.Round(time.Millisecond))
	if most := 50 * len(floodable); held > most {
		t.Errorf("%d connections of one address are open, %d may be", held, most)
	}
	f.close()

	n := s.watch(t)
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprintf("127.0.3.%d", i+1))
	}
	f = s.flood(many...)
	time.Sleep(long) // while the flood goes on
	t.Logf("from %d addresses: %d connections, %d let in; the neighbour was served %d times, within %v",
		len(many), f.tried.Load(), f.letIn(), n.rounds, n.slowest.Round(time.Millisecond))
	f.halt()
	f.close()
	n.end(t)

	peak := s.megabytes(t, "VmHWM")
	t.Logf("%d MB before, at most %d MB", before, peak)
	if peak > before+150 {
		t.Errorf("took %d MB, may take 150 MB", peak-before)
	}
	eventually(t, "all connections and files closed", func() bool { return s.openFiles(t) <= open+filesOfStore })
	if n := strings.Count(s.log.String(), "connection refused"); n > 20*(2+2*int(long.Seconds())) {
		t.Errorf("the log has %d lines of those who were refused", n)
	}
	s.dialUntil(t, "imap", "* OK").conn.Close()
}

// floodable are the listeners that a flood goes to.
var floodable = []string{"smtp", "submission", "submissions", "imap", "imaps", "pop3", "pop3s", "lmtp"}

// A flood is connections without end.
type flood struct {
	stop  chan struct{}
	done  sync.WaitGroup
	tried atomic.Int64

	mu   sync.Mutex
	open []net.Conn // those that were greeted
}

// flood begins one, from some addresses to all listeners.
func (s *server) flood(from ...string) *flood {
	f := &flood{stop: make(chan struct{})}
	for i, p := range floodable {
		f.done.Go(func() {
			for k := i; ; k++ {
				select {
				case <-f.stop:
					return
				default:
					f.connect(from[k%len(from)], s.addr(p), implicitTLS(p))
				}
			}
		})
	}
	return f
}

// connect keeps the connection if it is greeted, or if nothing is said where
// the client is to speak first.
func (f *flood) connect(from, to string, silent bool) {
	f.tried.Add(1)
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	conn, err := dialer.Dial("tcp", to)
	if err != nil {
		return
	}
	wait := 5 * time.Second
	if silent {
		wait = 50 * time.Millisecond
	}
	conn.SetReadDeadline(time.Now().Add(wait))
	var b [4]byte
	_, err = conn.Read(b[:])
	said := string(b[:])
	if said == "220 " || said == "* OK" || strings.HasPrefix(said, "+OK") || silent && err != nil && isTimeout(err) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.open = append(f.open, conn)
		return
	}
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

// letIn counts the connections that were let in so far.
func (f *flood) letIn() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.open)
}

// halt ends the flood. What was let in stays.
func (f *flood) halt() {
	close(f.stop)
	f.done.Wait()
}

// held counts the connections that the server has not ended, once the flood is
// over: those that say nothing lose their place to others.
func (f *flood) held() int {
	var open atomic.Int64
	var wg sync.WaitGroup
	for _, conn := range f.open {
		wg.Go(func() {
			conn.SetReadDeadline(time.Now().Add(time.Second))
			if _, err := io.Copy(io.Discard, conn); err != nil && isTimeout(err) {
				open.Add(1)
			}
		})
	}
	wg.Wait()
	return int(open.Load())
}

func (f *flood) close() {
	for _, conn := range f.open {
		conn.Close()
	}
}

// comeAndGo connects to deliver a message and to read it, again and again, and
// returns how long that took at most, and how often it was done.
func (s *server) comeAndGo(t *testing.T, long time.Duration) (slowest time.Duration, rounds int) {
	t.Helper()
	for end := time.Now().Add(long); time.Now().Before(end); rounds++ {
		begin := time.Now()
		mail := s.smtpSession(t, "smtp")
		if reply := mail.deliver(alice, "Subject: honest\r\n\r\nhello"); !strings.HasPrefix(reply, "250") {
			t.Fatalf("delivery: %s", reply)
		}
		mail.smtpOK("QUIT", "221")
		box := s.imapSession(t, "imaps", alice)
		box.ok("SELECT INBOX")
		box.ok("FETCH * BODY.PEEK[]")
		box.ok("LOGOUT")
		mail.conn.Close()
		box.conn.Close()
		slowest = max(slowest, time.Since(begin))
	}
	if slowest > 5*time.Second {
		t.Errorf("an honest client waited for %v", slowest)
	}
	return slowest, rounds
}
