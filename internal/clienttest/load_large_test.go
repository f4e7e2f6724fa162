//go:build clients

package clienttest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/soak"
)

// TestLargeMailbox has many sessions open one mailbox of 50 000 messages, in the
// long form of a million, ask for all of it and search it; some never read what
// they have asked for. A neighbour is served meanwhile.
func TestLargeMailbox(t *testing.T) {
	s := startServer(t)
	s.watch(t).end(t)
	messages := s.fillLarge(t, soak.Times(50_000, 1_000_000))
	before, open := s.megabytes(t, "VmRSS"), s.openFiles(t)
	n := s.watch(t)
	s.forgetPeak(t)

	deaf := s.gather(t, soak.Times(20, 100), func() *wire {
		w := s.imapSession(t, "imap", bob)
		w.ok("SELECT INBOX")
		w.send("%s", strings.Repeat("a FETCH 1:* (FLAGS ENVELOPE)\r\n", 10))
		return w
	})
	begin := time.Now()
	var busy sync.WaitGroup
	for i := range soak.Times(8, 40) {
		w := s.imapSession(t, "imap", bob)
		w.conn.SetDeadline(time.Now().Add(20 * patience))
		busy.Go(func() { askAll(w, i, messages) })
	}
	busy.Wait()
	peak := s.megabytes(t, "VmHWM")
	n.end(t)
	t.Logf("%d messages, %d sessions and %d that do not read, in %v: %d MB before, at most %d MB; the neighbour was served %d times, within %v",
		messages, soak.Times(8, 40), len(deaf), time.Since(begin).Round(time.Millisecond), before, peak, n.rounds, n.slowest.Round(time.Millisecond))
	if limit := 150 + messages/4000; peak > before+limit {
		t.Errorf("took %d MB, may take %d MB", peak-before, limit)
	}
	deaf.close()
	eventually(t, "all connections and files closed", func() bool { return s.openFiles(t) <= open+4*filesOfStore })
}

// fillLarge gives bob so many messages: some are brought, the others copied from
// them.
func (s *server) fillLarge(t *testing.T, want int) int {
	t.Helper()
	w := s.imapSession(t, "imap", bob)
	w.conn.SetDeadline(time.Now().Add(20 * patience))
	begin := time.Now()
	var b strings.Builder
	count := 1000
	for i := range count {
		message := fmt.Sprintf("From: a%d@b.test\r\nSubject: number %d\r\n\r\nhello\r\n", i%7, i)
		fmt.Fprintf(&b, " {%d+}\r\n%s", len(message), message)
	}
	w.ok("APPEND INBOX%s", b.String())
	w.ok("SELECT INBOX")
	for count < want {
		more := min(count, want-count, 20_000)
		w.ok("COPY 1:%d INBOX", more)
		count += more
	}
	w.ok("LOGOUT")
	t.Logf("%d messages made in %v", count, time.Since(begin).Round(time.Second))
	return count
}

// askAll opens the mailbox and asks for all of it in several ways.
func askAll(w *wire, i, messages int) {
	w.ok("SELECT INBOX")
	w.send("a UID FETCH 1:* (FLAGS)\r\n")
	lines := 0
	for ; !strings.HasPrefix(w.line(), "a OK"); lines++ {
	}
	if lines < messages {
		w.t.Errorf("FETCH of %d messages has %d", messages, lines)
	}
	w.ok("SEARCH RETURN (COUNT MAX) SUBJECT %q", fmt.Sprintf("number %d", i))
	w.ok("STORE %d +FLAGS ($Seen%d)", 1+i, i%3)
	w.ok("UID SEARCH RETURN (COUNT) FLAGGED")
	w.ok("LOGOUT")
}
