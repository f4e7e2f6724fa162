package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/tlspolicy"
)

// Options are what the pages are made of; all must be set.
type Options struct {
	// HasDomain reports whether a domain is one of ours.
	HasDomain func(ctx context.Context, d address.Domain) (bool, error)
	// Policy is the MTA-STS policy of all of them; nil publishes none.
	Policy *tlspolicy.Policy
	Logger *slog.Logger
}

// NewHandler returns the pages.
func NewHandler(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/mta-sts.txt", o.policy)
	return mux
}

// policy answers to "mta-sts." and one of our domains.
func (o Options) policy(w http.ResponseWriter, r *http.Request) {
	host := strings.ToLower(r.Host)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	name, ok := strings.CutPrefix(host, "mta-sts.")
	domain, err := address.ParseDomain(name)
	if !ok || err != nil || o.Policy == nil {
		http.NotFound(w, r)
		return
	}
	ours, err := o.HasDomain(r.Context(), domain)
	switch {
	case err != nil:
		o.Logger.Error("domain not looked up", "domain", name, "err", err)
		http.Error(w, "try again later", http.StatusServiceUnavailable)
	case !ours:
		http.NotFound(w, r)
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write(o.Policy.Format())
	}
}

// A Server serves a handler over TLS at one address.
type Server struct {
	accepter net.Listener
	server   *http.Server
}

// New takes a bound net.Listener, which belongs to it from then on. Requests
// wait until Run.
func New(accepter net.Listener, config *tls.Config, handler http.Handler, logger *slog.Logger) *Server {
	return &Server{
		accepter: tls.NewListener(accepter, config),
		server: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       10 * time.Second,
			WriteTimeout:      30 * time.Second,
			IdleTimeout:       30 * time.Second,
			MaxHeaderBytes:    8 << 10,
			ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
		},
	}
}

// Addr returns the address that the server is bound to.
func (s *Server) Addr() net.Addr { return s.accepter.Addr() }

// Close gives up the address of a server that is not run.
func (s *Server) Close() error { return s.accepter.Close() }

// Run serves until ctx ends. Requests that are under way then get a second.
func (s *Server) Run(ctx context.Context) error {
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		final, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if s.server.Shutdown(final) != nil {
			s.server.Close()
		}
	})
	err := s.server.Serve(s.accepter)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("https: %w", err)
}
