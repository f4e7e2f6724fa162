package listener

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestReserved refuses connections that take a descriptor from the number on
// that is reserved, as all do here.
func TestReserved(t *testing.T) {
	t.Parallel()
	metrics := NewMetrics(prometheus.NewRegistry())
	to := start(t, Options{Handler: greet, Reserved: 1, Refusal: "421 too many\r\n", Metrics: metrics})
	for range 3 {
		if got, err := io.ReadAll(dial(t, to)); err != nil || string(got) != "421 too many\r\n" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if n := value(t, metrics.refused.WithLabelValues("test", "files")); n != 3 {
		t.Errorf("%v were refused, want 3", n)
	}
	roomy := start(t, Options{Handler: greet, Reserved: 1 << 30})
	if got := talk(t, dial(t, roomy), "ping\n"); !strings.HasPrefix(got, "hello") {
		t.Errorf("with room: %q", got)
	}
}

// TestBound serves HTTP to as many connections as are allowed.
func TestBound(t *testing.T) {
	t.Parallel()
	accepter, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.NotFoundHandler()}
	var wg sync.WaitGroup
	wg.Go(func() { server.Serve(Bound(accepter, Bounds{Connections: 2})) })
	t.Cleanup(func() {
		server.Close()
		wg.Wait()
	})
	ask := func(conn net.Conn) string {
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		var b [12]byte
		n, _ := io.ReadFull(conn, b[:])
		return string(b[:n])
	}
	first, second := dial(t, accepter.Addr()), dial(t, accepter.Addr())
	for _, conn := range []net.Conn{first, second} {
		if got := ask(conn); got != "HTTP/1.1 404" {
			t.Errorf("got %q", got)
		}
	}
	if got := ask(dial(t, accepter.Addr())); got != "" {
		t.Errorf("one too many got %q", got)
	}
	first.Close()
	for ask(dial(t, accepter.Addr())) == "" { // until the server has noticed
	}
}

// TestFloodIsNotLogged refuses many connections in few lines.
func TestFloodIsNotLogged(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var r refusals
	for range 10_000 {
		r.tell(slog.New(slog.NewTextHandler(&out, nil)), "remote", "192.0.2.1")
	}
	if n := strings.Count(out.String(), "\n"); n < 1 || n > 20 {
		t.Errorf("%d lines", n)
	}
}
