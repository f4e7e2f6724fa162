//go:build clients

package clienttest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/soak"
)

// megabytes reads a line of /proc/PID/status.
func (s *server) megabytes(t *testing.T, field string) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(field + `:\s+(\d+) kB`).FindSubmatch(b)
	if m == nil {
		t.Fatalf("no %s", field)
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n >> 10
}

// filesOfStore is how many files more the store may have open when it has grown.
const filesOfStore = 10

// openFiles counts the descriptors of the server, connections among them.
func (s *server) openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// forgetPeak makes VmHWM begin anew.
func (s *server) forgetPeak(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
}

// A neighbour is a client that behaves well while others do not.
type neighbour struct {
	stop    chan struct{}
	done    sync.WaitGroup
	rounds  int
	slowest time.Duration
	failed  error
}

// watch lets a neighbour deliver a message and read it, again and again.
func (s *server) watch(t *testing.T) *neighbour {
	t.Helper()
	n := &neighbour{stop: make(chan struct{})}
	mail, box := s.smtpSession(t, "smtp"), s.imapSession(t, "imap", alice)
	box.ok("SELECT INBOX")
	n.done.Go(func() {
		for {
			select {
			case <-n.stop:
				return
			default:
			}
			begin := time.Now()
			if n.failed = neighbourly(mail, box); n.failed != nil {
				return
			}
			n.slowest = max(n.slowest, time.Since(begin))
			n.rounds++
		}
	})
	return n
}

func neighbourly(mail, box *wire) error {
	deadline := time.Now().Add(patience)
	for _, step := range []struct {
		w    *wire
		send string
		want string
	}{
		{mail, "MAIL FROM:<c@elsewhere.test>\r\n", "250"}, {mail, "RCPT TO:<" + alice + ">\r\n", "250"}, {mail, "DATA\r\n", "354"},
		{mail, "Subject: number 1\r\n\r\nhello\r\n.\r\n", "250"},
		{box, "n NOOP\r\n", "n OK"}, {box, "n FETCH * (FLAGS BODY.PEEK[])\r\n", "n OK"},
	} {
		step.w.conn.SetDeadline(deadline)
		if _, err := io.WriteString(step.w.conn, step.send); err != nil {
			return err
		}
		for {
			line, err := step.w.in.ReadString('\n')
			if err != nil {
				return fmt.Errorf("%q: %w", step.send, err)
			}
			if strings.HasPrefix(line, step.want) {
				break
			}
		}
	}
	return nil
}

func (n *neighbour) end(t *testing.T) {
	t.Helper()
	close(n.stop)
	n.done.Wait()
	if n.failed != nil {
		t.Errorf("a neighbour noticed: %v", n.failed)
	}
	// The short form runs beside other tests on any machine; what the
	// latency is, the long form says.
	if bound := time.Duration(soak.Times(30, 5)) * time.Second; n.slowest > bound {
		t.Errorf("a neighbour waited for %v", n.slowest)
	}
}

// A crowd is many connections of one kind.
type crowd []*wire

// gather opens connections, several at a time.
func (s *server) gather(t *testing.T, count int, open func() *wire) crowd {
	t.Helper()
	all := make(crowd, count)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := worker; i < count; i += 8 {
				all[i] = open()
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return all
}

// shout sends bytes on each connection as long as it takes them, and answers
// how many it took in all.
func (c crowd) shout(chunk string, times int) {
	var wg sync.WaitGroup
	for _, w := range c {
		wg.Go(func() {
			w.conn.SetWriteDeadline(time.Now().Add(3 * time.Second))
			for range times {
				if _, err := io.WriteString(w.conn, chunk); err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
}

func (c crowd) close() {
	for _, w := range c {
		if tcp, ok := w.conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		w.conn.Close()
	}
}

// An abuse does to a server what takes memory or time from it if it may.
type abuse struct {
	name  string
	limit int // MB of resident memory above what the server had before
	do    func(t *testing.T, s *server)
}

// TestMemoryAndNeighbours abuses servers. Their memory stays within bounds, and
// a client that behaves well is served meanwhile.
func TestMemoryAndNeighbours(t *testing.T) {
	for _, a := range abuses {
		t.Run(a.name, func(t *testing.T) {
			s := startServer(t)
			s.watch(t).end(t) // what the first use takes is not counted
			before, open := s.megabytes(t, "VmRSS"), s.openFiles(t)
			n := s.watch(t)
			s.forgetPeak(t)
			begin := time.Now()
			a.do(t, s)
			took := time.Since(begin)
			peak := s.megabytes(t, "VmHWM")
			n.end(t)
			t.Logf("%d MB before, at most %d MB in %v; the neighbour was served %d times, within %v",
				before, peak, took.Round(time.Millisecond), n.rounds, n.slowest.Round(time.Millisecond))
			if peak > before+a.limit {
				t.Errorf("took %d MB, may take %d MB", peak-before, a.limit)
			}
			eventually(t, "all connections and files closed", func() bool { return s.openFiles(t) <= open+filesOfStore })
		})
	}
}

var abuses = []abuse{
	{"idle connections", 100, idleConnections},
	{"endless lines", 60, endlessLines},
	{"endless literals", 200, endlessLiterals},
	{"literals not sent", 100, literalsNotSent},
	{"endless headers", 200, endlessHeaders},
	{"deep nesting", 150, deepNesting},
	{"very many parts", 150, veryManyParts},
	{"MULTIAPPEND", 120, multiAppend},
	{"searches", 60, hugeSearches},
	{"sections", 100, manySections},
	{"wildcards", 60, manyWildcards},
	{"deaf readers", 100, deafReaders},
	{"deaf to gigabytes", soak.Times(100, 150), deafToGigabytes},
	{"deaf to answers", 60, deafToAnswers},
}

func idleConnections(t *testing.T, s *server) {
	defer s.gather(t, 500, func() *wire { return s.smtpSession(t, "smtp") }).close()
	defer s.gather(t, 500, func() *wire {
		w := s.dial(t, "pop3")
		w.expect("+OK")
		return w
	}).close()
	defer s.gather(t, 1000, func() *wire {
		w := s.imapSession(t, "imap", bob)
		w.ok("SELECT INBOX")
		w.send("i IDLE\r\n")
		w.upTo("+ ")
		return w
	}).close()
}

func endlessLines(t *testing.T, s *server) {
	for _, protocol := range []string{"smtp", "submission", "lmtp", "imap", "pop3"} {
		c := s.gather(t, 40, func() *wire { return s.dial(t, protocol) })
		defer c.close()
		c.shout(strings.Repeat("x", 64<<10), 100)
	}
}

func endlessLiterals(t *testing.T, s *server) {
	anybody := s.gather(t, 100, func() *wire { return s.dial(t, "imap") })
	defer anybody.close()
	anybody.shout("a LOGIN {4000+}\r\n"+strings.Repeat("x", 4000)+" {90000000+}\r\n", 1)
	anybody.shout(strings.Repeat("x", 64<<10), 20)
	users := s.gather(t, 100, func() *wire { return s.imapSession(t, "imap", bob) })
	defer users.close()
	users.shout("a APPEND INBOX {40000000+}\r\n", 1)
	users.shout(strings.Repeat("x", 64<<10), 16)
}

func literalsNotSent(t *testing.T, s *server) {
	c := s.gather(t, 200, func() *wire { return s.imapSession(t, "imap", bob) })
	defer c.close()
	c.shout("a SEARCH TEXT {260000+}\r\n", 1)
	c.shout("a SELECT {260000+}\r\n"+strings.Repeat("x", 100<<10), 1)
}

func endlessHeaders(t *testing.T, s *server) {
	for _, header := range []string{"Subject: " + strings.Repeat("x", 900), "X: y", "Received: from a.test", "Subject: =?utf-8?q?" + strings.Repeat("=41", 200) + "?="} {
		c := s.gather(t, 50, func() *wire {
			w := s.smtpSession(t, "smtp")
			w.smtpOK("MAIL FROM:<c@elsewhere.test>", "250", "RCPT TO:<"+bob+">", "250", "DATA", "354")
			return w
		})
		defer c.close()
		c.shout(strings.Repeat(header+"\r\n", 64<<10/len(header)), 20)
		c.shout("\r\n.\r\n", 1)
	}
}

// deliverBig delivers a message that is made while it is sent.
func (s *server) deliverBig(t *testing.T, write func(io.Writer)) string {
	t.Helper()
	w := s.smtpSession(t, "smtp")
	w.smtpOK("MAIL FROM:<c@elsewhere.test>", "250", "RCPT TO:<"+bob+">", "250", "DATA", "354")
	out := bufio.NewWriterSize(w.conn, 64<<10)
	write(out)
	io.WriteString(out, "\r\n.\r\n")
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	return w.reply()
}

// readAll fetches everything there is to know about bob's messages.
func (s *server) readAll(t *testing.T) {
	t.Helper()
	w := s.imapSession(t, "imap", bob)
	w.ok("SELECT INBOX")
	w.ok("FETCH 1:* (ENVELOPE BODYSTRUCTURE BODY)")
	w.ok("FETCH 1:* (BODY.PEEK[1.1.1.1.1.1.1.1.MIME] BODY.PEEK[HEADER.FIELDS (Subject)] BODY.PEEK[%s1])", strings.Repeat("1.", 90))
	w.ok("SEARCH TEXT nothing-of-that-kind")
}

func deepNesting(t *testing.T, s *server) {
	const size = 50 << 20
	for _, level := range []string{
		"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%[1]d\r\n",
		"Content-Type: message/rfc822\r\n\r\nX: %d\r\n",
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
	} {
		reply := s.deliverBig(t, func(w io.Writer) {
			for i, written := 0, 0; written < size-1000; i++ {
				n, _ := io.WriteString(w, strings.ReplaceAll(fmt.Sprintf(level+"%.0s", i, i), "%!(EXTRA int=0)", ""))
				written += n
			}
		})
		if !strings.HasPrefix(reply, "250") && !strings.HasPrefix(reply, "5") {
			t.Errorf("%q", reply)
		}
	}
	s.readAll(t)
}

func veryManyParts(t *testing.T, s *server) {
	reply := s.deliverBig(t, func(w io.Writer) {
		io.WriteString(w, "Content-Type: multipart/mixed; boundary=b\r\n\r\n")
		for range 49 << 20 / 7 {
			io.WriteString(w, "--b\r\n\r\n")
		}
	})
	t.Logf("%q", reply)
	reply = s.deliverBig(t, func(w io.Writer) {
		io.WriteString(w, "Content-Type: text/plain")
		for i := range 400_000 {
			fmt.Fprintf(w, ";\r\n p%d*%d*=utf-8''%%41", i%7, i)
		}
		io.WriteString(w, "\r\nTo: "+strings.Repeat("a@b.test,\r\n ", 1_000_000)+"a@b.test\r\n\r\nhello")
	})
	t.Logf("%q", reply)
	s.readAll(t)
}

func multiAppend(t *testing.T, s *server) {
	w := s.imapSession(t, "imap", bob)
	for size, count := range map[int]int{100: 3_000, 50_000: 900, 400_000: 100} {
		message := incompressible(size, size>>10) + strings.Repeat("x", size%1024)
		part := fmt.Sprintf(" (\\Seen) {%d+}\r\n%s", len(message), message)
		t.Logf("%d of %d KB: %s", count, size>>10, w.answer("APPEND INBOX%s", strings.Repeat(part, count)))
	}
	w.ok("NOOP")
}

// filled gives bob messages to search.
func (s *server) filled(t *testing.T) *wire {
	t.Helper()
	w := s.imapSession(t, "imap", bob)
	message := "Subject: number 1\r\n\r\n" + strings.Repeat("hello hello hello\r\n", 500)
	w.send("t APPEND INBOX%s\r\n", strings.Repeat(fmt.Sprintf(" {%d+}\r\n%s", len(message), message), 200))
	w.upTo("t OK")
	w.ok("SELECT INBOX")
	return w
}

func hugeSearches(t *testing.T, s *server) {
	w := s.filled(t)
	for _, criteria := range []string{
		strings.Repeat("NOT ", 15_000) + "ALL",
		strings.Repeat("OR ALL ", 9_000) + "ALL",
		strings.Repeat("OR ", 9_000) + strings.Repeat("ALL ", 9_000) + "ALL",
		strings.Repeat("(", 30_000) + "ALL" + strings.Repeat(")", 30_000),
		strings.Repeat("TEXT nothing ", 4_900) + "ALL",
		strings.Repeat("BODY nothing ", 4_900) + "ALL",
		strings.Repeat("OR TEXT a BODY b ", 3_000) + "ALL",
		strings.Repeat("HEADER a b ", 5_500) + "ALL",
		"UID " + strings.Repeat("1:*,", 16_000) + "1",
		strings.Repeat("KEYWORD a ", 6_000) + "ALL",
		"TEXT {200000+}\r\n" + strings.Repeat("x", 200_000),
	} {
		begin := time.Now()
		answer := w.answer("SEARCH %s", criteria)
		t.Logf("%.30s...: %v, %.60s", criteria, time.Since(begin).Round(time.Millisecond), answer)
		if strings.HasPrefix(answer, "BAD") {
			w.ok("NOOP")
		}
	}
}

func manySections(t *testing.T, s *server) {
	w := s.filled(t)
	t.Log(w.answer("FETCH 1 (%sFLAGS)", strings.Repeat("BODY.PEEK[]<0.1> ", 3_500)))
	t.Log(w.answer("FETCH 1:* (%sFLAGS)", strings.Repeat("BODY.PEEK[1.1.1.1] ", 3_000)))
	t.Log(w.answer("FETCH 1:20 (%sFLAGS)", strings.Repeat("BODY.PEEK[TEXT] ", 300)))
	t.Log(w.answer("FETCH %s1 FLAGS", strings.Repeat("1:*,", 16_000)))
	t.Log(w.answer("FETCH 1 BODY.PEEK[HEADER.FIELDS (%sX)]", strings.Repeat("X ", 30_000)))
	t.Log(w.answer("FETCH 1 BODY.PEEK[%s1]", strings.Repeat("1.", 30_000)))
	t.Log(w.answer("STORE 1:* +FLAGS (%sx)", func() string {
		var b strings.Builder
		for i := range 9_000 {
			fmt.Fprintf(&b, "k%d ", i)
		}
		return b.String()
	}()))
}

func manyWildcards(t *testing.T, s *server) {
	w := s.imapSession(t, "imap", bob)
	var b strings.Builder
	for i := range 1_000 {
		fmt.Fprintf(&b, "c CREATE %s/%d\r\n", strings.Repeat("a", 200), i)
	}
	w.send("%s", b.String())
	for range 1_000 {
		w.expect("c ")
	}
	for _, pattern := range []string{strings.Repeat("*a", 3_000) + "b", strings.Repeat("%a", 3_000) + "b", strings.Repeat("*%", 3_000) + "b", strings.Repeat("*", 3_000) + "b"} {
		begin := time.Now()
		answer := w.answer(`LIST "" "%s"`, strings.ReplaceAll(pattern, "%", "%%"))
		t.Logf("%.10s...: %v, %.60s", pattern, time.Since(begin).Round(time.Millisecond), answer)
	}
	begin := time.Now()
	answer := w.answer(`LIST "" (%sx)`, strings.Repeat("*a*a*b ", 5_000))
	t.Logf("many: %v, %.60s", time.Since(begin).Round(time.Millisecond), answer)
}

// deafReaders ask for much and read nothing.
func deafReaders(t *testing.T, s *server) {
	s.filled(t)
	c := s.gather(t, 100, func() *wire {
		w := s.imapSession(t, "imap", bob)
		w.ok("SELECT INBOX")
		return w
	})
	defer c.close()
	c.shout(strings.Repeat("a FETCH 1:* BODY.PEEK[]\r\n", 1000), 4)
}
