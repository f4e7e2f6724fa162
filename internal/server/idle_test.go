package server_test

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
)

// idleUsers is how many accounts the idling connections are spread over.
const idleUsers = 1000

func idleUser(i int) string { return fmt.Sprintf("u%d@example.test", i%idleUsers) }

// BenchmarkIdle keeps 10 000 connections in IDLE, all of another process, and
// appends messages meanwhile. It reports how much memory of the server each of
// them takes, and the median time from the start of an APPEND until an idling
// client has read of the message. The process must be allowed 12 500 files, of which the
// store has some for itself.
func BenchmarkIdle(b *testing.B) {
	for _, kind := range []string{"imap", "imaps"} {
		for _, n := range []int{1000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", kind, n), func(b *testing.B) { benchmarkIdle(b, kind, n) })
		}
	}
}

func benchmarkIdle(b *testing.B, kind string, n int) {
	options := mailtest.Options{Config: func(c *config.Config) {
		c.Log.Level = "error" // the log is kept in memory here
		for _, l := range []*config.Listener{&c.IMAP, &c.IMAPS} {
			l.MaxConns, l.MaxPerAddress = n+10, n+10
		}
	}}
	for i := range idleUsers {
		options.Accounts = append(options.Accounts, mailtest.Account{Address: idleUser(i)})
	}
	s := mailtest.Start(b, options)
	for i := range idleUsers { // an open mailbox is in memory once, for all
		c := s.IMAP(idleUser(i))
		c.OK("SELECT INBOX")
		c.OK("LOGOUT")
		c.Close()
	}
	writer := s.IMAP(idleUser(0))
	before := memoryInUse()
	clients := startIdlers(b, kind, s.Addr(kind), n)
	atOnce := resident() // with what the collector has not taken yet
	after := memoryInUse()
	var latencies []time.Duration
	for i := 0; b.Loop(); i++ {
		start := time.Now()
		writer.OK(mailtest.Append("INBOX", "", "Subject: hello\r\n\r\n"))
		for range n / idleUsers {
			latencies = append(latencies, clients.next().Sub(start))
		}
	}
	b.ReportMetric(float64(atOnce-before.resident)/float64(n), "rss-at-once-B/conn")
	b.ReportMetric(float64(after.resident-before.resident)/float64(n), "rss-B/conn")
	b.ReportMetric(float64(after.heap-before.heap)/float64(n), "heap-B/conn")
	b.ReportMetric(float64(after.stacks-before.stacks)/float64(n), "stack-B/conn")
	slices.Sort(latencies)
	b.ReportMetric(float64(latencies[len(latencies)/2].Microseconds()), "p50-µs")
	clients.stop()
}

// memory is what the process takes, in bytes.
type memory struct{ resident, heap, stacks int64 }

// memoryInUse gives back what is not in use, and returns what is.
func memoryInUse() memory {
	for range 5 { // a stack shrinks by half at each collection
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{resident: resident(), heap: int64(m.HeapAlloc), stacks: int64(m.StackInuse)}
}

// resident returns the resident set of the process, where the system tells it.
func resident() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("VmRSS:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kb, _ := strconv.ParseInt(string(fields[0]), 10, 64)
	return kb << 10
}

// idlers are idling clients in another process.
type idlers struct {
	b   *testing.B
	cmd *exec.Cmd
	in  io.Closer
	out *bufio.Scanner
}

const idlersEnv = "MAILSTEAD_TEST_IDLERS"

// startIdlers runs this very program again: see runIdlers.
func startIdlers(b *testing.B, kind, addr string, n int) *idlers {
	b.Helper()
	program, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.CommandContext(b.Context(), program)
	cmd.Env = append(os.Environ(), idlersEnv+"="+fmt.Sprintf("%s %s %d", kind, addr, n))
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := cmp.Or(err1, err2, cmd.Start()); err != nil {
		b.Fatal(err)
	}
	c := &idlers{b: b, cmd: cmd, in: in, out: bufio.NewScanner(out)}
	if !c.out.Scan() || c.out.Text() != "ready" {
		b.Fatalf("the idling clients: %q", c.out.Text())
	}
	return c
}

// next returns when the next announcement was read.
func (c *idlers) next() time.Time {
	c.b.Helper()
	if !c.out.Scan() {
		c.b.Fatal("the idling clients have ended")
	}
	n, err := strconv.ParseInt(c.out.Text(), 10, 64)
	if err != nil {
		c.b.Fatal(err)
	}
	return time.Unix(0, n)
}

func (c *idlers) stop() {
	c.in.Close()
	c.cmd.Wait()
}

// runIdlers is what the other process does: it opens the connections that spec
// says, writes "ready", then the time in nanoseconds of each EXISTS that one of
// them reads, and ends with its input.
func runIdlers(spec string) error {
	var kind, addr string
	var n int
	if _, err := fmt.Sscan(spec, &kind, &addr, &n); err != nil {
		return err
	}
	heard := make(chan time.Time, n)
	errs := make(chan error, n)
	var opening sync.WaitGroup
	turn := make(chan struct{}, 16)
	for i := range n {
		opening.Add(1)
		go func() {
			turn <- struct{}{}
			r, err := openIdler(kind, addr, idleUser(i))
			<-turn
			opening.Done()
			if err == nil {
				err = hear(r, heard)
			}
			errs <- err
		}()
	}
	opening.Wait()
	fmt.Println("ready")
	go func() {
		io.Copy(io.Discard, os.Stdin)
		errs <- nil
	}()
	for {
		select {
		case at := <-heard:
			fmt.Println(at.UnixNano())
		case err := <-errs:
			return err
		}
	}
}

// openIdler returns a connection that has said IDLE.
func openIdler(kind, addr, user string) (*bufio.Reader, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	if kind == "imaps" {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // it is this machine
	}
	r := bufio.NewReaderSize(conn, 512)
	for _, step := range []struct{ send, want string }{
		{"", "* OK"},
		{fmt.Sprintf("a LOGIN %s %q\r\n", user, mailtest.Password), "a OK"},
		{"b SELECT INBOX\r\n", "b OK"},
		{"c IDLE\r\n", "+"},
	} {
		if _, err := io.WriteString(conn, step.send); err != nil {
			return nil, err
		}
		for {
			line, err := readAnyLine(r)
			if err != nil {
				return nil, err
			}
			if strings.HasPrefix(line, step.want) {
				break
			}
			if !strings.HasPrefix(line, "* ") {
				return nil, fmt.Errorf("%q is answered with %q", step.send, line)
			}
		}
	}
	return r, nil
}

// readAnyLine reads a line, however long.
func readAnyLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}

// hear tells when the connection hears of a message.
func hear(r *bufio.Reader, heard chan<- time.Time) error {
	for {
		line, err := readAnyLine(r)
		if err != nil {
			return err
		}
		if strings.HasSuffix(line, " EXISTS") {
			heard <- time.Now()
		}
	}
}
