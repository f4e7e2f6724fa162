package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/internal/platform/obs"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// Options are what a server is told besides its configuration.
type Options struct {
	// Log gets the log.
	Log io.Writer
	// Version is what the binary calls itself.
	Version string
	// CaptureOutbound keeps mail to other domains at home: see package
	// capture.
	CaptureOutbound bool
	// Store takes the place of the embedded store, in tests.
	Store storage.Store
	// Resolver takes the place of the system's, in tests.
	Resolver dns.Resolver
	// Dial takes the place of net.Dialer's for mail to other servers, in
	// tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Now takes the place of time.Now, in tests, for all times that are kept
	// or told. How long a connection may take is another matter.
	Now func() time.Time
}

// A Server is a whole mail system.
type Server struct {
	config  *config.Config
	options Options
	log     *slog.Logger
	metrics *obs.Registry
	files   files

	store storage.Store
	models
	flows
	counters counters
	admin    *admin.API
	services []service
	bound    map[string][]net.Addr // by the names of doors
	closers  []func() error        // of what is bound but not run
	// transportClose says goodbye to other servers, and transportForget lets
	// all of them be tried again; nil if mail stays here.
	transportClose, transportForget func()
	cache                           *dns.Cache // in front of the resolver; nil until it is needed
}

// A service is something that runs until its context is done.
type service struct {
	name string
	run  func(context.Context) error
}

// New builds a server and binds its addresses. The caller must Run or Close it.
func New(ctx context.Context, c *config.Config, o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{config: c, options: o, metrics: obs.NewRegistry(o.Version), bound: make(map[string][]net.Addr)}
	s.counters = newCounters(s.metrics)
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log.Level)); err != nil {
		return nil, err
	}
	s.log = obs.NewLogger(o.Log, obs.LogOptions{Format: obs.Format(c.Log.Format), Level: level})
	s.files = divideFiles(allowedFiles())
	if err := s.build(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) build(ctx context.Context) error {
	if err := os.MkdirAll(s.config.Data, 0o700); err != nil {
		return err
	}
	if err := s.openStore(); err != nil {
		return err
	}
	if err := s.openModels(); err != nil {
		return err
	}
	if err := s.makeFlows(); err != nil {
		return err
	}
	return s.makeServices(ctx)
}

func (s *Server) openStore() error {
	s.store = s.options.Store
	if s.store != nil {
		return nil
	}
	store, err := embedded.Open(s.storePath(), embedded.Options{
		Logger:    s.log.With("part", "storage"),
		CacheSize: int64(s.config.Storage.Cache),
		OpenKeys:  s.files.keys, OpenPacks: s.files.packs, Reserved: s.files.spools,
	})
	if err != nil {
		return fmt.Errorf("opening the store in %s: %w", s.storePath(), err)
	}
	s.store = store
	observeStore(s.metrics, store.Stats)
	return nil
}

// Addrs returns where a service listens, as the configuration names it: "smtp",
// say. It is how to learn a port that the system has chosen.
func (s *Server) Addrs(service string) []net.Addr { return s.bound[service] }

// Run serves until ctx is done, then finishes what is in flight and closes the
// server.
func (s *Server) Run(ctx context.Context) error {
	s.closers = nil // from here on each service frees what it has
	s.log.Info("started", "version", s.options.Version, "hostname", s.config.HostnameOrMachine(), "data", s.config.Data)
	start := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	for _, one := range s.services {
		group.Go(func() error {
			if err := one.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("%s: %w", one.name, err)
			}
			return nil
		})
	}
	err := group.Wait()
	err = errors.Join(err, s.Close())
	s.log.Info("stopped", "after", time.Since(start).Round(time.Second))
	return err
}

// Close frees what a server holds. Run does it itself.
func (s *Server) Close() error {
	var err error
	for _, closer := range s.closers {
		err = errors.Join(err, closer())
	}
	if s.transportClose != nil {
		s.transportClose()
	}
	if s.journal != nil {
		s.journal.Flush()
	}
	if s.mail != nil {
		err = errors.Join(err, s.mail.Close())
	}
	if s.store != nil {
		err = errors.Join(err, s.store.Close())
	}
	return err
}

// Seed adds accounts, and their domains, that are not there yet.
func (s *Server) Seed(ctx context.Context, accounts []admin.NewAccount) error {
	added, err := s.admin.Add(ctx, admin.AddAccounts{Accounts: accounts, MakeDomains: true})
	if err != nil {
		return err
	}
	for _, one := range added {
		if one.Error != "" && !one.Exists {
			return errors.New(one.Error)
		}
	}
	return nil
}
