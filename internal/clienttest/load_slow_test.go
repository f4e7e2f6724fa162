//go:build clients

package clienttest

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/soak"
)

// A slowState is where a client stops, or goes on by an octet now and then.
type slowState struct {
	listener string
	name     string
	steps    []string      // what is sent, and what the answer must begin with, in turn
	drip     string        // sent again and again; "" for silence
	ended    time.Duration // by then the server has ended the connection; 0 for later than the test
}

// halfHello is the beginning of a TLS handshake.
const halfHello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"

// slowStates are all listeners, each in the states that it has.
func slowStates() []slowState {
	mail := func(last ...string) []string {
		return append([]string{"", "220 ", "EHLO x\r\n", "250 ", "MAIL FROM:<c@elsewhere.test>\r\n", "250", "RCPT TO:<" + bob + ">\r\n", "250"}, last...)
	}
	lmtp := mail("DATA\r\n", "354", "Subject: x\r\n", "")
	lmtp[2] = "LHLO x\r\n"
	login := []string{"", "* OK", "a LOGIN " + bob + " " + password + "\r\n", "a OK"}
	return []slowState{
		{"smtp", "silent", nil, "", 5 * time.Minute},
		{"smtp", "half a command", []string{"", "220 ", "EHLO clie", ""}, "n", 5 * time.Minute},
		{"smtp", "half a handshake", []string{"", "220 ", "EHLO x\r\n", "250 ", "STARTTLS\r\n", "220", halfHello, ""}, "\x00", time.Minute},
		{"smtp", "DATA", mail("DATA\r\n", "354", "Subject: x\r\n", ""), "x", 0},
		{"smtp", "DATA, silent", mail("DATA\r\n", "354", "Subject: x\r\n", ""), "", 3 * time.Minute},
		{"smtp", "BDAT", mail("BDAT 1000000 LAST\r\n", ""), "x", 0},
		{"submission", "AUTH", []string{"", "220 ", "EHLO x\r\n", "250 ", "AUTH PLAIN\r\n", "334"}, "A", 5 * time.Minute},
		{"submissions", "half a handshake", []string{halfHello, ""}, "\x00", 10 * time.Second},
		{"lmtp", "half a command", []string{"", "220 ", "LHLO clie", ""}, "n", 5 * time.Minute},
		{"lmtp", "DATA", lmtp, "x", 0},
		{"imap", "silent", nil, "", 2 * time.Minute},
		{"imap", "half a command", []string{"", "* OK", "a LOG", ""}, "I", 2 * time.Minute},
		{"imap", "half a handshake", []string{"", "* OK", "a STARTTLS\r\n", "a OK", halfHello, ""}, "\x00", 2 * time.Minute},
		{"imap", "AUTHENTICATE", []string{"", "* OK", "a AUTHENTICATE PLAIN\r\n", "+"}, "A", 4 * time.Minute},
		{"imap", "literal of LOGIN", []string{"", "* OK", "a LOGIN {2000}\r\n", "+"}, "x", 4 * time.Minute},
		{"imap", "literal of APPEND", append(login[:4:4], "b APPEND INBOX {400000}\r\n", "+"), "x", 5 * time.Minute},
		{"imap", "IDLE", append(login[:4:4], "b SELECT INBOX\r\n", "b OK", "c IDLE\r\n", "+"), "", 0},
		{"imaps", "half a handshake", []string{halfHello, ""}, "\x00", 10 * time.Second},
		{"pop3", "silent", nil, "", 3 * time.Minute},
		{"pop3", "half a command", []string{"", "+OK", "USE", ""}, "R", 3 * time.Minute},
		{"pop3", "half a handshake", []string{"", "+OK", "STLS\r\n", "+OK", halfHello, ""}, "\x00", 3 * time.Minute},
		{"pop3", "AUTH", []string{"", "+OK", "AUTH PLAIN\r\n", "+"}, "A", 3 * time.Minute},
		{"pop3", "TRANSACTION", []string{"", "+OK", "USER " + bob + "\r\n", "+OK", "PASS " + password + "\r\n", ""}, "", 0},
		{"pop3s", "half a handshake", []string{halfHello, ""}, "\x00", 10 * time.Second},
		{"metrics", "half a request", []string{"GET /metrics HT", ""}, "T", 10 * time.Second},
		{"admin", "half a request", []string{"GET /v1/domains HT", ""}, "T", time.Minute},
	}
}

// TestSlowClients has a crowd of clients stop in each state of each listener.
// Who behaves is served meanwhile, memory stays within bounds, and the long form
// waits until the server has ended those that it must.
func TestSlowClients(t *testing.T) {
	s := startServer(t)
	s.watch(t).end(t)
	before, open := s.megabytes(t, "VmRSS"), s.openFiles(t)
	n := s.watch(t)
	s.forgetPeak(t)
	states := slowStates()
	crowds := make([]crowd, len(states))
	for i, state := range states {
		crowds[i] = s.gather(t, soak.Times(20, 100), func() *wire { return s.stopIn(t, state) })
	}
	begin := time.Now()
	until := begin.Add(time.Duration(soak.Times(2, 320)) * time.Second)
	var dripping sync.WaitGroup
	for i, state := range states {
		dripping.Go(func() { crowds[i].drip(state.drip, until) })
	}
	dripping.Wait()
	peak := s.megabytes(t, "VmHWM")
	n.end(t)
	t.Logf("%d clients in each of %d states: %d MB before, at most %d MB; the neighbour was served %d times, within %v",
		len(crowds[0]), len(states), before, peak, n.rounds, n.slowest.Round(time.Millisecond))
	if limit := soak.Times(100, 250); peak > before+limit {
		t.Errorf("took %d MB, may take %d MB", peak-before, limit)
	}
	for i, state := range states {
		if left := crowds[i].alive(); left > 0 && state.ended > 0 && state.ended < time.Since(begin) {
			t.Errorf("%s, %s: %d of %d connections go on after %v", state.listener, state.name, left, len(crowds[i]), time.Since(begin))
		} else {
			t.Logf("%-12s %-18s %3d of %d connections have ended after %v", state.listener, state.name,
				len(crowds[i])-left, len(crowds[i]), time.Since(begin).Round(time.Second))
		}
		crowds[i].close()
	}
	eventually(t, "all connections and files closed", func() bool { return s.openFiles(t) <= open+filesOfStore })
}

// stopIn brings a connection into a state.
func (s *server) stopIn(t *testing.T, state slowState) *wire {
	t.Helper()
	network, address := "tcp", ""
	if state.listener == "admin" {
		network, address = "unix", filepath.Join(s.data, "mailstead.sock")
	} else {
		address = s.addr(state.listener)
	}
	conn, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, conn)
	for i := 0; i+1 < len(state.steps); i += 2 {
		if state.steps[i] != "" {
			w.send("%s", state.steps[i])
		}
		if state.steps[i+1] != "" {
			w.upTo(state.steps[i+1])
		}
	}
	return w
}

// drip sends a little on each connection now and then. Who has been sent away
// does not mind.
func (c crowd) drip(text string, until time.Time) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for now := range tick.C {
		if now.After(until) {
			return
		}
		for _, w := range c {
			w.conn.SetWriteDeadline(now.Add(time.Second))
			w.conn.Write([]byte(text))
		}
	}
}

// alive counts the connections that the server has not ended.
func (c crowd) alive() int {
	var mu sync.Mutex
	var reading sync.WaitGroup
	n := 0
	for _, w := range c {
		reading.Go(func() {
			w.conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			for {
				_, err := w.in.ReadByte()
				if errors.Is(err, os.ErrDeadlineExceeded) {
					mu.Lock()
					n++
					mu.Unlock()
				}
				if err != nil {
					return
				}
			}
		})
	}
	reading.Wait()
	return n
}
