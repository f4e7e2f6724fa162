package smtpserver

import (
	"crypto/rand"
	"log/slog"
	"sync"
)

// A Server speaks SMTP on the connections it is given. Its methods may be
// called by many goroutines at once.
type Server struct {
	opts    Options
	log     *slog.Logger
	metrics Metrics
	buffers sync.Pool // of *[]byte of bigBuffer octets
}

// New returns a Server. It panics if Hostname or Backend is missing, for no
// connection could be served.
func New(opts Options) *Server {
	if opts.Hostname == "" || opts.Backend == nil {
		panic("smtpserver: Options need Hostname and Backend")
	}
	opts.Limits = opts.Limits.withDefaults()
	opts.Timeouts = opts.Timeouts.withDefaults()
	s := &Server{opts: opts, log: opts.Logger, metrics: opts.Metrics}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.metrics == nil {
		s.metrics = noMetrics{}
	}
	s.buffers.New = func() any {
		b := make([]byte, bigBuffer)
		return &b
	}
	return s
}

// newID returns a name for a connection that no other one has.
func newID() string { return rand.Text()[:12] }

type noMetrics struct{}

func (noMetrics) Replied(string, int) {}
func (noMetrics) Limited(string)      {}
