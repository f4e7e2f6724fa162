package listener

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/mailstead/mailstead/internal/platform/certs"
	"github.com/mailstead/mailstead/internal/platform/limit"
)

var quiet = slog.New(slog.DiscardHandler)

// start runs a listener on the loopback until the test ends.
func start(t *testing.T, o Options) net.Addr {
	t.Helper()
	o.Name, o.Logger = "test", quiet
	l, err := Listen(t.Context(), "127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	run(t, l)
	return l.Addr()
}

func run(t *testing.T, l *Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { l.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

func dial(t *testing.T, to net.Addr) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// value reads a counter or a gauge.
func value(t *testing.T, m prometheus.Metric) float64 {
	t.Helper()
	var written dto.Metric
	if err := m.Write(&written); err != nil {
		t.Fatal(err)
	}
	return written.GetCounter().GetValue() + written.GetGauge().GetValue()
}

// greet says who the peer is and gives its line back.
func greet(ctx context.Context, conn net.Conn) {
	ip := remoteIP(conn)
	_, secure := conn.(*tls.Conn)
	fmt.Fprintf(conn, "hello %v tls=%v id=%d\n", ip, secure, len(ConnID(ctx)))
	line, _ := bufio.NewReader(conn).ReadString('\n')
	io.WriteString(conn, line)
}

// talk sends a text and returns all that comes.
func talk(t *testing.T, conn net.Conn, text string) string {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

func TestPlain(t *testing.T) {
	t.Parallel()
	to := start(t, Options{Handler: greet})
	if got, want := talk(t, dial(t, to), "ping\n"), "hello 127.0.0.1 tls=false id=10\nping\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestImplicitTLS(t *testing.T) {
	t.Parallel()
	pair, err := certs.SelfSigned(t.TempDir(), "localhost", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := certs.Open([]certs.Pair{pair}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	metrics := NewMetrics(registry)
	to := start(t, Options{Handler: greet, TLS: keeper.Config(), Metrics: metrics, TrustedProxies: networks("127.0.0.2/32")})
	conn := tls.Client(dial(t, to), &tls.Config{InsecureSkipVerify: true})
	if got, want := talk(t, conn, "ping\n"), "hello 127.0.0.1 tls=true id=10\nping\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	plain := dial(t, to)
	io.WriteString(plain, "EHLO plain\r\n")
	if got, _ := io.ReadAll(plain); bytes.Contains(got, []byte("hello")) {
		t.Errorf("a client without TLS was greeted: %q", got)
	}
	if n := value(t, metrics.refused.WithLabelValues("test", "tls")); n != 1 {
		t.Errorf("%v handshakes failed, want 1", n)
	}
}

func networks(list ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, s := range list {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}

func TestProxyProtocol(t *testing.T) {
	t.Parallel()
	const (
		v1    = "PROXY TCP4 192.0.2.7 192.0.2.1 5000 25\r\n"
		v1v6  = "PROXY TCP6 2001:db8::7 2001:db8::1 5000 25\r\n"
		v2    = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x08\xc0\x00\x02\x01\x13\x88\x00\x19"
		local = "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
	)
	for _, test := range []struct {
		name    string
		trusted string
		sent    string
		want    string
	}{
		{"version 1", "127.0.0.0/8", v1 + "ping\n", "hello 192.0.2.7 tls=false id=10\nping\n"},
		{"version 1, IPv6", "127.0.0.0/8", v1v6 + "ping\n", "hello 2001:db8::7 tls=false id=10\nping\n"},
		{"version 2", "127.0.0.0/8", v2 + "ping\n", "hello 192.0.2.8 tls=false id=10\nping\n"},
		{"the proxy itself", "127.0.0.0/8", local + "ping\n", "hello 127.0.0.1 tls=false id=10\nping\n"},
		{"none", "127.0.0.0/8", "EHLO x\r\n", ""},
		{"malformed", "127.0.0.0/8", "PROXY TCP4 nonsense\r\n", ""},
		{"not trusted", "192.0.2.0/24", v1, "hello 127.0.0.1 tls=false id=10\n" + v1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			to := start(t, Options{Handler: greet, TrustedProxies: networks(test.trusted)})
			conn := dial(t, to)
			io.WriteString(conn, test.sent)
			// A refused connection may end by a reset.
			got, _ := io.ReadAll(conn)
			if string(got) != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	const refusal = "421 4.7.0 too many connections\r\n"
	limits := limit.NewConnections(10, 1)
	metrics := NewMetrics(prometheus.NewRegistry())
	to := start(t, Options{Handler: greet, Limits: limits, Refusal: refusal, Metrics: metrics})
	first := dial(t, to)
	if line, err := bufio.NewReader(first).ReadString('\n'); err != nil || !strings.HasPrefix(line, "hello") {
		t.Fatalf("%q, %v", line, err)
	}
	if n := value(t, metrics.active.WithLabelValues("test")); n != 1 {
		t.Errorf("%v are active, want 1", n)
	}
	if got, err := io.ReadAll(dial(t, to)); err != nil || string(got) != refusal {
		t.Errorf("the second got %q, %v", got, err)
	}
	talk(t, first, "bye\n")
	if got := talk(t, dial(t, to), "x\n"); !strings.HasPrefix(got, "hello") {
		t.Errorf("the third got %q", got)
	}
	if n := value(t, metrics.refused.WithLabelValues("test", "limit")); n != 1 {
		t.Errorf("%v were refused, want 1", n)
	}
}

// TestLimitsUnderTLS ends the handshake of one too many with an alert, not with
// a reset.
func TestLimitsUnderTLS(t *testing.T) {
	t.Parallel()
	pair, err := certs.SelfSigned(t.TempDir(), "localhost", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := certs.Open([]certs.Pair{pair}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	to := start(t, Options{Handler: greet, TLS: keeper.Config(), Limits: limit.NewConnections(1, 1), Refusal: "421\r\n"})
	first := tls.Client(dial(t, to), &tls.Config{InsecureSkipVerify: true})
	if err := first.Handshake(); err != nil {
		t.Fatal(err)
	}
	err = tls.Client(dial(t, to), &tls.Config{InsecureSkipVerify: true}).Handshake()
	if err == nil || err.Error() != "remote error: tls: internal error" {
		t.Errorf("the second: %v", err)
	}
	talk(t, first, "bye\n")
}

func TestUnix(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "unix") // short, as the name of a socket must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "lmtp")
	options := Options{Name: "test", Handler: greet, Logger: quiet, Limits: limit.NewConnections(10, 0)}
	l, err := ListenUnix(t.Context(), path, 0o660, options)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := ListenUnix(t.Context(), path, 0o660, options); !errors.Is(err, errInUse) {
		t.Errorf("a second listener: %v", err)
	}
	run(t, l)
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if got := talk(t, conn, "ping\n"); !strings.HasSuffix(got, "tls=false id=10\nping\n") {
		t.Errorf("got %q", got)
	}
	// What a dead process has left is taken over, and nothing else.
	stale := filepath.Join(dir, "stale")
	dead, err := net.Listen("unix", stale)
	if err != nil {
		t.Fatal(err)
	}
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	dead.Close()
	again, err := ListenUnix(t.Context(), stale, 0o600, options)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ListenUnix(t.Context(), file, 0o600, options); err == nil {
		t.Error("a file was taken for a socket")
	}
}

func TestPanicEndsOnlyItsConnection(t *testing.T) {
	t.Parallel()
	metrics := NewMetrics(prometheus.NewRegistry())
	limits := limit.NewConnections(1, 0)
	t.Cleanup(func() { // when the listener has stopped
		if n := value(t, metrics.panics.WithLabelValues("test")); n != 2 || limits.Open() != 0 {
			t.Errorf("%v panics, %d connections are still counted", n, limits.Open())
		}
	})
	to := start(t, Options{Metrics: metrics, Limits: limits, Handler: func(_ context.Context, conn net.Conn) {
		panic("out of order")
	}})
	for range 2 {
		io.ReadAll(dial(t, to))
	}
}

func TestListenErrors(t *testing.T) {
	t.Parallel()
	taken := start(t, Options{Handler: greet})
	_, err := Listen(context.Background(), taken.String(), Options{Name: "second", Logger: quiet})
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "second") {
		t.Errorf("got %v", err)
	}
}

// A script is a net.Listener that gives out what a test puts in, connections
// and errors.
type script struct {
	items  chan any
	closed chan struct{}
	once   sync.Once
}

func newScript() *script {
	return &script{items: make(chan any, 100), closed: make(chan struct{})}
}

func (s *script) Accept() (net.Conn, error) {
	select {
	case item := <-s.items:
		if conn, ok := item.(net.Conn); ok {
			return conn, nil
		}
		return nil, item.(error)
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *script) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

func (s *script) Addr() net.Addr { return &net.TCPAddr{} }

func TestSurvivesAcceptErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		for range 20 {
			s.items <- syscall.EMFILE
		}
		near, far := net.Pipe()
		s.items <- far
		metrics := NewMetrics(prometheus.NewRegistry())
		l := New(s, Options{Name: "test", Logger: quiet, Handler: greet, Metrics: metrics})
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { l.Run(ctx) })
		begun := time.Now()
		line, err := bufio.NewReader(near).ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "hello") {
			t.Errorf("%q, %v", line, err)
		}
		// 5, 10, 20 … 640 ms, then a second each.
		if took := time.Since(begun); took < 13*time.Second || took > 14*time.Second {
			t.Errorf("20 errors took %v", took)
		}
		if n := value(t, metrics.acceptErrors.WithLabelValues("test")); n != 20 {
			t.Errorf("%v errors, want 20", n)
		}
		near.Close()
		cancel()
		wg.Wait()
	})
}

// TestDraining has one handler that listens to its context and one that does
// not. The first is left to finish, the second is cut off.
func TestDraining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		begun := time.Now()
		var mu sync.Mutex
		ended := make(map[string]time.Duration)
		handler := func(ctx context.Context, conn net.Conn) {
			name := make([]byte, 4)
			io.ReadFull(conn, name)
			if string(name) == "good" {
				<-ctx.Done()
				time.Sleep(2 * time.Second) // finishes what is under way
			} else {
				io.ReadAll(conn)
			}
			mu.Lock()
			defer mu.Unlock()
			ended[string(name)] = time.Since(begun)
		}
		for _, name := range []string{"good", "deaf"} {
			near, far := net.Pipe()
			s.items <- far
			go io.WriteString(near, name)
		}
		l := New(s, Options{Name: "test", Logger: quiet, Handler: handler, DrainTime: 5 * time.Second})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		l.Run(ctx)
		if took := time.Since(begun); took != 65*time.Second {
			t.Errorf("Run returned after %v, want 65s", took)
		}
		if ended["good"] != 62*time.Second || ended["deaf"] != 65*time.Second {
			t.Errorf("the handlers ended after %v", ended)
		}
		if len(l.open) != 0 {
			t.Errorf("%d connections are left", len(l.open))
		}
	})
}

// TestSilentPeers lets peers say nothing where something is due.
func TestSilentPeers(t *testing.T) {
	t.Parallel()
	pair, err := certs.SelfSigned(t.TempDir(), "localhost", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := certs.Open([]certs.Pair{pair}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		near, far := net.Pipe()
		s.items <- far
		l := New(s, Options{
			Name: "test", Logger: quiet, TLS: keeper.Config(), HandshakeTimeout: 7 * time.Second,
			Handler: func(context.Context, net.Conn) { t.Error("a silent peer was served") },
		})
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { l.Run(ctx) })
		begun := time.Now()
		if _, err := near.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("got %v, want the end", err)
		}
		if took := time.Since(begun); took != 7*time.Second {
			t.Errorf("closed after %v, want 7s", took)
		}
		cancel()
		wg.Wait()
	})
}
