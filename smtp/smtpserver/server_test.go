package smtpserver

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestDialogues plays the golden dialogues, a folder per kind of server.
func TestDialogues(t *testing.T) {
	t.Parallel()
	tlsConfig, _ := wiretest.TLS(t)
	small := Limits{
		CommandLine: 80, AuthLine: 200, MessageSize: 100, Recipients: 2, Received: 2,
		BadCommands: 3, IdleCommands: 5, AuthFailures: 2, DiscardedBytes: 200,
	}
	kinds := map[string]Options{
		"relay":      {Mode: Relay, TLSConfig: tlsConfig},
		"plain":      {Mode: Relay},
		"submission": {Mode: Submission, AllowInsecureAuth: true},
		"secure":     {Mode: Submission, TLSConfig: tlsConfig, RequireTLS: true},
		"lmtp":       {Mode: LMTP},
		"limits":     {Mode: Submission, AllowInsecureAuth: true, Limits: small},
		"size":       {Mode: Relay, Limits: small},
		"refused":    {Backend: &fakeBackend{refuse: smtp.NewError(554, smtp.EnhancedCode{5, 7, 1}, "Not you")}},
		"closed":     {Backend: &fakeBackend{refuse: net.ErrClosed}},
		"early":      {Mode: Relay, RefuseEarlyTalk: 5 * time.Second},
		"nul":        {Mode: Relay, AcceptNUL: true},
	}
	for kind, opts := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			wiretest.Run(t, filepath.Join("testdata", kind, "*.txt"), func(ctx context.Context, conn net.Conn) {
				serveFake(t, ctx, conn, opts)
			})
		})
	}
}

// serveFake serves one connection with a backend of its own and holds the
// engine to the rules of a session.
func serveFake(t *testing.T, ctx context.Context, conn net.Conn, opts Options) *fakeBackend {
	t.Helper()
	return serveServices(t, ctx, conn, opts, Services{})
}

// serveServices is serveFake with services on offer.
func serveServices(t *testing.T, ctx context.Context, conn net.Conn, opts Options, services Services) *fakeBackend {
	t.Helper()
	backend := &fakeBackend{services: services}
	opts.Hostname = "mx.example.test"
	if opts.Backend == nil {
		opts.Backend = backend
	}
	New(opts).ServeConn(ctx, conn)
	backend.mu.Lock()
	defer backend.mu.Unlock()
	if backend.open != 0 {
		t.Errorf("%d sessions were not closed", backend.open)
	}
	for _, what := range backend.breaches {
		t.Errorf("the engine broke its promise: %s", what)
	}
	return backend
}
