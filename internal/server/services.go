package server

import (
	"context"
	"time"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/platform/certs"
	"github.com/mailstead/mailstead/internal/platform/listener"
	"github.com/mailstead/mailstead/internal/platform/obs"
)

// makeServices binds all addresses and notes what Run must run. The admin socket
// comes first: whoever has seen a port answer can ask the server.
func (s *Server) makeServices(ctx context.Context) error {
	if err := s.serveAdmin(); err != nil {
		return err
	}
	keeper, err := s.certificates()
	if err != nil {
		return err
	}
	s.serve("certificates", func(ctx context.Context) { keeper.Run(ctx, time.Minute) })
	if err := s.listen(ctx, keeper.Config()); err != nil {
		return err
	}
	if err := s.serveWeb(ctx, keeper.Config()); err != nil {
		return err
	}
	if err := s.serveMetrics(ctx); err != nil {
		return err
	}
	s.serve("TLS sessions", s.sessions.Run)
	s.services = append(s.services, service{"outbound", s.runner.Run})
	s.serve("upkeep", s.upkeep.Run)
	if s.copies != nil {
		s.serve("copies of the index", s.copies.run)
	}
	if s.journal != nil {
		s.serve("trace", s.journal.Run)
	}
	s.serve("queue metrics", s.watchQueue(s.metrics))
	return nil
}

// serve notes a service that cannot fail.
func (s *Server) serve(name string, run func(context.Context)) {
	s.services = append(s.services, service{name, func(ctx context.Context) error {
		run(ctx)
		return nil
	}})
}

// certificates opens the certificate that is configured, or a self-signed one.
func (s *Server) certificates() (*certs.Keeper, error) {
	pair := certs.Pair{CertFile: s.config.TLS.Certificate, KeyFile: s.config.TLS.Key}
	if pair.CertFile == "" {
		var err error
		if pair, err = certs.SelfSigned(s.config.Data, s.config.HostnameOrMachine(), s.options.Now()); err != nil {
			return nil, err
		}
	}
	return certs.Open([]certs.Pair{pair}, s.log.With("part", "certs"))
}

func (s *Server) serveMetrics(ctx context.Context) error {
	if s.config.Metrics.Listen == "" {
		return nil
	}
	handler := obs.NewHandler(s.metrics, s.health, s.log.With("part", "metrics"))
	accepter, err := s.bind(ctx, "metrics", s.config.Metrics.Listen)
	if err != nil {
		return err
	}
	endpoint := obs.New(accepter, handler, s.log.With("part", "metrics"))
	s.closers = append(s.closers, endpoint.Close)
	s.bound["metrics"] = append(s.bound["metrics"], endpoint.Addr())
	s.services = append(s.services, service{"metrics", endpoint.Run})
	return nil
}

// health reports whether the store answers.
func (s *Server) health(ctx context.Context) error {
	_, err := s.directory.Version(ctx)
	return err
}

func (s *Server) serveAdmin() error {
	s.admin = admin.New(admin.Options{
		Directory: s.directory, Mail: s.mail, Queue: s.queue, Store: s.store, Retrieval: s.retrieval,
		Journal: s.journal,
		Backup:  s.backup(),
		Wake:    s.runner.Notify,
		Now:     s.options.Now,
		TryAll:  s.tryAll,
		Logger:  s.log.With("part", "admin"),
	})
	ln, err := admin.Listen(s.config.Data)
	if err != nil {
		return err
	}
	ln = listener.Bound(ln, s.bounds())
	s.closers = append(s.closers, ln.Close)
	s.services = append(s.services, service{"admin", func(ctx context.Context) error { return s.admin.Run(ctx, ln) }})
	return nil
}

// tryAll lets every destination be asked again.
func (s *Server) tryAll() {
	if s.transportForget != nil {
		s.transportForget()
	}
	s.runner.TryAll()
}
