package obs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// A Health says whether the server can do its work: nil if so. What is wrong
// goes to the log, not to whoever asks.
type Health func(context.Context) error

// NewHandler returns the pages /metrics, in Prometheus' text format, and
// /healthz, which is 200 when the server can do its work and 503 when not.
func NewHandler(registry *Registry, health Health, logger *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(logger.Handler(), slog.LevelError),
		MaxRequestsInFlight: 4,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if err := health(r.Context()); err != nil {
			logger.Error("not healthy", "error", err)
			http.Error(w, "not healthy", http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "ok\n")
	})
	return mux
}

// An Endpoint serves a handler at an address.
type Endpoint struct {
	accepter net.Listener
	server   *http.Server
}

// New takes a bound net.Listener, which belongs to it from then on. Requests
// wait until Run.
func New(accepter net.Listener, handler http.Handler, logger *slog.Logger) *Endpoint {
	return &Endpoint{
		accepter: accepter,
		server: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: 5 * time.Second,
			ReadTimeout:       10 * time.Second,
			WriteTimeout:      30 * time.Second,
			IdleTimeout:       time.Minute,
			MaxHeaderBytes:    16 << 10,
			ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
		},
	}
}

// Addr returns the address that the endpoint is bound to.
func (e *Endpoint) Addr() net.Addr { return e.accepter.Addr() }

// Close gives up the address of an endpoint that is not run.
func (e *Endpoint) Close() error { return e.accepter.Close() }

// Run serves until ctx ends. Requests that are under way then get a second.
func (e *Endpoint) Run(ctx context.Context) error {
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		final, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := e.server.Shutdown(final); err != nil {
			e.server.Close()
		}
	})
	err := e.server.Serve(e.accepter)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("metrics: %w", err)
}
