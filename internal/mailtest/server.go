package mailtest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/mailstead/mailstead/dns/dnstest"
	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
	"github.com/mailstead/mailstead/internal/server"
)

// Hostname is the server's name.
const Hostname = "mail.example.test"

// patience is how long a client waits for the server before the test fails.
const patience = 30 * time.Second

// Options describe a server.
type Options struct {
	Accounts []Account
	Aliases  []Alias
	// Zones is what the server finds in the DNS.
	Zones dnstest.Zones
	// Elsewhere are the mail systems that the server can reach, by their
	// address and port, such as "192.0.2.1:25".
	Elsewhere map[string]*Elsewhere
	// Weather is on the way to them.
	Weather *Weather
	// Capture keeps mail to other domains at home.
	Capture bool
	// Disk keeps the store on the disk, with its usual options, for
	// benchmarks.
	Disk bool
	// Damaged says that the test damages the store: otherwise it must be
	// whole when the test ends.
	Damaged bool
	// Storage are the options of the store otherwise. Without a file system
	// it is in memory.
	Storage embedded.Options
	// Now is the server's clock; time.Now if it is nil.
	Now func() time.Time
	// Config changes the configuration, which is made for tests: passwords
	// are accepted in the clear, a limit of failures does not slow down.
	Config func(*config.Config)
}

// A Server is a running server and all around it.
type Server struct {
	options  Options
	t        testing.TB
	config   *config.Config
	resolver *dnstest.Resolver
	log      logBuffer

	server *server.Server
	life   *life
	stop   context.CancelFunc
	done   chan error
}

// Start runs a server until the test ends. It shows the log if the test has
// failed.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{options: o, t: t, resolver: dnstest.New(o.Zones), config: configuration(dataFolder(t))}
	if o.Config != nil {
		o.Config(s.config)
	}
	if s.options.Storage.FS == nil {
		s.options.Storage.FS = vfs.NewMem()
	}
	t.Cleanup(func() {
		s.Stop()
		if s.server != nil {
			s.mustVerify()
		}
		if t.Failed() {
			t.Logf("log of the server:\n%s", s.log.String())
		}
	})
	store := s.mustOpen()
	seed(t, store, o.Accounts, o.Aliases)
	s.mustRun(store)
	return s
}

// dataFolder returns a folder with a short name: that of a socket in it must
// not exceed 108 bytes, and a test's own folder may.
func dataFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "mail")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func configuration(data string) *config.Config {
	c := config.Default()
	c.Data, c.Hostname = data, Hostname
	c.Log.Level = "debug"
	c.Metrics.Listen = ""
	for _, l := range []*config.Listener{&c.SMTP, &c.Submission, &c.Submissions, &c.LMTP.Listener, &c.IMAP, &c.IMAPS, &c.POP3, &c.POP3S} {
		l.Listen = []string{"127.0.0.1:0"}
		l.MaxPerAddress = l.MaxConns
	}
	c.Limits.DrainTime.Duration = time.Second
	c.Auth.AllowInsecure = true
	c.Auth.Argon2Memory, c.Auth.Argon2Time, c.Auth.SCRAMIterations = 64<<10, 1, 4096
	return c
}

// open opens the store, which is made of memory unless the test wants it on the
// disk, and outlives the server.
func (s *Server) open() (*embedded.Store, error) {
	if s.options.Disk {
		return embedded.Open(filepath.Join(s.config.Data, "store"), embedded.Options{})
	}
	o := s.options.Storage
	o.MemTableSize, o.BallastSize = cmp.Or(o.MemTableSize, 1<<20), cmp.Or(o.BallastSize, 1<<10)
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	return embedded.Open("store", o)
}

func (s *Server) mustOpen() *embedded.Store {
	s.t.Helper()
	store, err := s.open()
	if err != nil {
		s.t.Fatal(err)
	}
	return store
}

// run runs a server on a store, which it closes in the end.
func (s *Server) run(store *embedded.Store) error {
	ctx, stop := context.WithCancel(context.Background())
	s.life = &life{server: s}
	built, err := server.New(ctx, s.config, server.Options{
		Log: &s.log, Version: "test", CaptureOutbound: s.options.Capture,
		Store: store, Resolver: s.resolver, Dial: s.life.dial, Now: s.options.Now,
	})
	if err != nil {
		stop()
		return err
	}
	done := make(chan error, 1)
	go func() { done <- built.Run(ctx) }()
	s.server, s.stop, s.done = built, stop, done
	return nil
}

func (s *Server) mustRun(store *embedded.Store) {
	s.t.Helper()
	if err := s.run(store); err != nil {
		s.t.Fatal(err)
	}
}

// Stop ends the server as a signal does, and waits for it.
func (s *Server) Stop() {
	s.t.Helper()
	if err := s.end(); err != nil {
		s.t.Errorf("the server ended with: %v", err)
	}
}

// end stops the server if it runs.
func (s *Server) end() error {
	if s.stop == nil {
		return nil
	}
	s.stop()
	s.stop = nil
	err := <-s.done
	for _, e := range s.options.Elsewhere {
		e.serving.Wait()
	}
	return err
}

// Restart stops the server and starts it on the same store. Its ports are
// others then.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.mustRun(s.mustOpen())
}

// Kill ends the server like Stop. How it takes that is of no interest, for its
// disk is not there any more.
func (s *Server) Kill() {
	if err := s.end(); err != nil {
		s.log.Write([]byte("killed: " + err.Error() + "\n"))
	}
}

// Abandon leaves the server as it is, for one that can do nothing any more: its
// own process would be gone. Nobody hears of it again, but what waits in it
// waits for ever.
func (s *Server) Abandon() {
	s.life.end()
	s.stop()
	s.stop = nil
	for _, e := range s.options.Elsewhere {
		e.Settle()
	}
	s.config.Data = dataFolder(s.t) // it may still remove its socket
}

// Boot starts the server, after Stop or Kill, on what is on a file system. Its
// ports are others then.
func (s *Server) Boot(fs vfs.FS) error {
	s.options.Storage.FS = fs
	store, err := s.open()
	if err != nil {
		return err
	}
	return s.run(store)
}

// Addr returns where a service listens, such as "imap".
func (s *Server) Addr(service string) string {
	s.t.Helper()
	addrs := s.server.Addrs(service)
	if len(addrs) == 0 {
		s.t.Fatalf("%s does not listen", service)
	}
	return addrs[0].String()
}

// Admin returns a client of the admin socket.
func (s *Server) Admin() *admin.Client { return admin.NewClient(s.config.Data) }

// DNS returns what the server asks, to change it.
func (s *Server) DNS() *dnstest.Resolver { return s.resolver }

// Data returns the server's data folder.
func (s *Server) Data() string { return s.config.Data }

// Log returns what the server has logged so far.
func (s *Server) Log() string { return s.log.String() }

// TLS returns a configuration that trusts the server's certificate and no
// other.
func (s *Server) TLS() *tls.Config {
	s.t.Helper()
	certificate, err := os.ReadFile(filepath.Join(s.config.Data, "self-signed.pem"))
	if err != nil {
		s.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(certificate) {
		s.t.Fatal("no certificate in the data folder")
	}
	return &tls.Config{RootCAs: pool, ServerName: Hostname}
}

// Dial connects to a service, as its own clients do that no method here makes.
func (s *Server) Dial(service string) (net.Conn, error) {
	addrs := s.server.Addrs(service)
	if len(addrs) == 0 {
		return nil, fmt.Errorf("%s does not listen", service)
	}
	return net.Dial("tcp", addrs[0].String())
}

// dialService connects a client, which has to be done within patience.
func (s *Server) dialService(service string) net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.Addr(service))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// logBuffer collects a log that is read while it is written.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write implements io.Writer.
func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns what was written so far.
func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
