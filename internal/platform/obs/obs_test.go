package obs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
)

var quiet = slog.New(slog.DiscardHandler)

func TestTextLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := NewLogger(&out, LogOptions{Level: slog.LevelInfo})
	logger.Debug("too fine")
	logger.With("conn", "abc").Info("said", "text", "one\nlevel=ERROR two")
	want := regexp.MustCompile(`^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3} level=INFO msg=said conn=abc text="one\\nlevel=ERROR two"\n$`)
	if !want.Match(out.Bytes()) {
		t.Errorf("logged %q", out.String())
	}
}

func TestJSONLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := NewLogger(&out, LogOptions{Format: JSON, Level: slog.LevelDebug})
	logger.Debug("fine", "n", 7)
	var line struct {
		Level, Msg string
		N          int
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line.Level != "DEBUG" || line.Msg != "fine" || line.N != 7 {
		t.Errorf("logged %s", out.String())
	}
}

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	r := NewRegistry("1.2.3")
	s := r.Subsystem("queue")
	s.Counter("done_total", "Done.").Add(3)
	s.Counters("failed_total", "Failed.", "why").WithLabelValues("dns").Inc()
	s.Gauge("waiting", "Waiting.").Set(5)
	s.Gauges("by_state", "By state.", "state").WithLabelValues("due").Set(6)
	s.GaugeOf("age", "Age.", func() float64 { return 7 })
	s.CounterOf("asked_total", "Asked.", func() float64 { return 8 })
	s.Durations("attempt_seconds", "Attempts.").Observe(0.5)
	s.Sizes("message_bytes", "Messages.").Observe(5000)
	code, body := get(t, NewHandler(r, nil, quiet), "/metrics")
	if code != http.StatusOK {
		t.Fatalf("status %d", code)
	}
	for _, want := range []string{
		`mailstead_build_info{version="1.2.3"} 1`,
		`mailstead_queue_done_total 3`,
		`mailstead_queue_failed_total{why="dns"} 1`,
		`mailstead_queue_waiting 5`,
		`mailstead_queue_by_state{state="due"} 6`,
		`mailstead_queue_age 7`,
		`mailstead_queue_asked_total 8`,
		`mailstead_queue_attempt_seconds_count 1`,
		`mailstead_queue_message_bytes_bucket{le="16384"} 1`,
		`go_goroutines`,
		`process_open_fds`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	NewRegistry("1.2.3").Subsystem("queue").Counter("done_total", "Another server.")
}

func TestHealth(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var failure error
	h := NewHandler(NewRegistry(""), func(context.Context) error { return failure }, NewLogger(&out, LogOptions{}))
	if code, body := get(t, h, "/healthz"); code != http.StatusOK || body != "ok\n" {
		t.Errorf("got %d %q", code, body)
	}
	failure = errors.New("disk on fire")
	if code, body := get(t, h, "/healthz"); code != http.StatusServiceUnavailable || strings.Contains(body, "fire") {
		t.Errorf("got %d %q", code, body)
	}
	if !strings.Contains(out.String(), "disk on fire") {
		t.Errorf("logged %q", out.String())
	}
	if code, _ := get(t, h, "/"); code != http.StatusNotFound {
		t.Errorf("/ is %d", code)
	}
}

func TestEndpoint(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "here") })
	accepter, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := New(accepter, h, quiet)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := e.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	response, err := http.Get("http://" + e.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || string(body) != "here" {
		t.Errorf("got %q, %v", body, err)
	}
	cancel()
	wg.Wait()
	if _, err := http.Get("http://" + e.Addr().String()); err == nil {
		t.Error("still served after the end")
	}
}
