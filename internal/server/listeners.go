package server

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/face/imapsession"
	"github.com/mailstead/mailstead/internal/face/pop3session"
	"github.com/mailstead/mailstead/internal/face/smtpsession"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/internal/platform/limit"
	"github.com/mailstead/mailstead/internal/platform/listener"
	"github.com/mailstead/mailstead/pop3/pop3server"
	"github.com/mailstead/mailstead/smtp/smtpserver"
)

// A door is a protocol on its addresses.
type door struct {
	name    string
	config  *config.Listener
	handler listener.Handler
	// implicit says that connections begin with TLS.
	implicit bool
	refusal  string // of too many connections, in the protocol's words
}

const (
	smtpRefusal = "421 4.7.0 Too many connections, try again later\r\n"
	imapRefusal = "* BYE [UNAVAILABLE] Too many connections, try again later\r\n"
	pop3Refusal = "-ERR [SYS/TEMP] Too many connections, try again later\r\n"
)

// doors returns all protocols with the engines that speak them.
func (s *Server) doors(tlsConfig *tls.Config) []door {
	c := s.config
	smtpBackend := s.smtpBackend()
	relay := s.smtpServer(smtpserver.Relay, smtpBackend, tlsConfig, tlsOnly)
	lmtp := s.smtpServer(smtpserver.LMTP, smtpBackend, tlsConfig, tlsOnly)
	submission := s.handler(func(r passwordRule) listener.Handler {
		return s.smtpServer(smtpserver.Submission, smtpBackend, tlsConfig, r).ServeConn
	})
	imapBackend := s.imapBackend()
	imap := s.handler(func(r passwordRule) listener.Handler {
		return s.imapServer(imapBackend, tlsConfig, r).ServeConn
	})
	pop3Backend := s.pop3Backend()
	pop3 := s.handler(func(r passwordRule) listener.Handler {
		return s.pop3Server(pop3Backend, tlsConfig, r).ServeConn
	})
	return []door{
		{"smtp", &c.SMTP, relay.ServeConn, false, smtpRefusal},
		{"submission", &c.Submission, submission, false, smtpRefusal},
		{"submissions", &c.Submissions, submission, true, smtpRefusal},
		{"lmtp", &c.LMTP.Listener, lmtp.ServeConn, false, smtpRefusal},
		{"imap", &c.IMAP, imap, false, imapRefusal},
		{"imaps", &c.IMAPS, imap, true, imapRefusal},
		{"pop3", &c.POP3, pop3, false, pop3Refusal},
		{"pop3s", &c.POP3S, pop3, true, pop3Refusal},
	}
}

// A passwordRule says over which connections an engine accepts passwords.
type passwordRule int

const (
	tlsOnly passwordRule = iota
	inTheClear
)

// handler makes the engine of a door. Passwords in the clear are for clients on
// this machine, whatever the setting: all others get an engine that wants TLS.
func (s *Server) handler(engine func(passwordRule) listener.Handler) listener.Handler {
	strict := engine(tlsOnly)
	if !s.config.Auth.AllowInsecure {
		return strict
	}
	lenient := engine(inTheClear)
	return func(ctx context.Context, conn net.Conn) {
		if isLoopback(conn.RemoteAddr()) {
			lenient(ctx, conn)
			return
		}
		strict(ctx, conn)
	}
}

func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// listen binds the addresses of all doors.
func (s *Server) listen(ctx context.Context, tlsConfig *tls.Config) error {
	metrics := listener.NewMetrics(s.metrics)
	for _, d := range s.doors(tlsConfig) {
		limits := limit.NewConnections(d.config.MaxConns, d.config.MaxPerAddress)
		options := listener.Options{
			Name: d.name, Handler: d.handler, Logger: s.log,
			TrustedProxies: d.config.Trusted(), Limits: limits, Refusal: d.refusal,
			DrainTime: s.config.Limits.DrainTime.Duration, Metrics: metrics,
			Reserved: s.files.reserved,
		}
		if d.implicit {
			options.TLS = tlsConfig
		}
		for _, address := range d.config.Listen {
			l, err := listener.Listen(ctx, address, options)
			if err != nil {
				return fmt.Errorf("%s: %w", d.name, err)
			}
			s.runListener(d.name, l)
		}
		if err := s.listenUnix(ctx, d, options); err != nil {
			return err
		}
	}
	return nil
}

// listenUnix binds the unix socket of LMTP, if it has one. All who come by it
// are one network, so only their number counts.
func (s *Server) listenUnix(ctx context.Context, d door, options listener.Options) error {
	if d.name != "lmtp" || s.config.LMTP.Socket == "" {
		return nil
	}
	options.Limits = limit.NewConnections(d.config.MaxConns, 0)
	l, err := listener.ListenUnix(ctx, s.config.LMTP.Socket, s.config.LMTP.Mode(), options)
	if err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	s.runListener(d.name, l)
	return nil
}

func (s *Server) runListener(name string, l *listener.Listener) {
	s.bound[name] = append(s.bound[name], l.Addr())
	s.closers = append(s.closers, l.Close)
	s.services = append(s.services, service{name, func(ctx context.Context) error {
		l.Run(ctx)
		return nil
	}})
}

// drainShare is how much of the time to drain the engine may use to say goodbye
// before the listener closes the connection.
const drainShare = 4.0 / 5

func (s *Server) smtpBackend() *smtpsession.Backend {
	return smtpsession.New(smtpsession.Options{
		Hostname:    s.config.HostnameOrMachine(),
		Directory:   s.directory,
		Mail:        s.mail,
		Login:       s.login,
		Doorkeeper:  s.doorkeeper,
		Clerk:       s.clerk,
		Delivery:    s.delivery,
		Senders:     s.senders,
		Policy:      s.smtpPolicy(),
		Start:       s.startQueue,
		Accepted:    s.accepted,
		Trace:       s.record(),
		URLs:        s.urls,
		MessageSize: int64(s.config.Limits.MessageSize),
		Now:         s.options.Now,
		Logger:      s.log.With("part", "smtp"),
	})
}

func (s *Server) smtpServer(mode smtpserver.Mode, backend *smtpsession.Backend, tlsConfig *tls.Config, rule passwordRule) *smtpserver.Server {
	return smtpserver.New(smtpserver.Options{
		Mode:              mode,
		Hostname:          s.config.HostnameOrMachine(),
		Backend:           backend,
		TLSConfig:         tlsConfig,
		AllowInsecureAuth: rule == inTheClear,
		Limits: smtpserver.Limits{
			MessageSize:  int64(s.config.Limits.MessageSize),
			Recipients:   s.config.Limits.Recipients,
			Messages:     s.config.Limits.Messages,
			Received:     s.config.Limits.ReceivedFields,
			BadCommands:  s.config.Limits.ProtocolErrors,
			AuthFailures: s.config.Limits.AuthFailures,
		},
		Timeouts: smtpserver.Timeouts{
			Login: s.config.Limits.LoginTime.Duration,
			Drain: time.Duration(float64(s.config.Limits.DrainTime.Duration) * drainShare),
		},
		Logger:  s.log.With("part", mode.String()),
		Metrics: s.counters.smtp(mode),
	})
}

func (s *Server) imapBackend() *imapsession.Backend {
	searchMemory := int64(min(s.config.Limits.SearchMemory, s.config.Limits.Memory/3))
	if searchMemory == 0 {
		searchMemory = -1 // none
	}
	backend := imapsession.New(imapsession.Options{
		Mail: s.mail, Directory: s.directory, Login: s.login, Hub: s.hub, URLs: s.urls,
		MessageSize: int64(s.config.Limits.MessageSize),
		Now:         s.options.Now,
		Server:      imapsession.ServerMetadata{Comment: s.config.Metadata.Comment, Admin: s.config.Metadata.Admin},

		SearchMemory: searchMemory,
	})
	observeColumns(s.metrics, backend.Columns)
	return backend
}

func (s *Server) imapServer(backend *imapsession.Backend, tlsConfig *tls.Config, rule passwordRule) *imapserver.Server {
	return imapserver.New(imapserver.Options{
		Backend:           backend,
		Logger:            s.log.With("part", "imap"),
		TLS:               tlsConfig,
		AllowInsecureAuth: rule == inTheClear,
		Features:          imapsession.Features,
		LiteralMinus:      s.config.Capabilities.Literals == "LITERAL-",
		Without:           s.without(),
		ServerID:          []string{"name", "Mailstead", "version", s.options.Version},
		AppendLimit:       int64(s.config.Limits.MessageSize),
		MaxBad:            s.config.Limits.ProtocolErrors,
		MaxAuthFailures:   s.config.Limits.AuthFailures,
		LoginTimeout:      s.config.Limits.LoginTime.Duration,
		MessageLimit:      uint32(s.config.Limits.IMAPMessages),
		SaveLimit:         uint32(s.config.Limits.IMAPSaved),
	})
}

// without returns what IMAP clients are not offered, nil if all are offered all.
func (s *Server) without() func(imapserver.Client) []string {
	o := &s.config.Capabilities
	if len(o.Without)+len(o.Clients)+len(o.Accounts) == 0 {
		return nil
	}
	return func(c imapserver.Client) []string {
		return o.Off(c.Value("name"), c.Value("version"), c.Value("vendor"), c.User)
	}
}

// pop3Login is how long POP3 clients may take to log in at most: no RFC wants us to
// be more patient, and no client needs it.
const pop3Login = 2 * time.Minute

func (s *Server) pop3Backend() *pop3session.Backend {
	return pop3session.New(pop3session.Options{Login: s.login, Retrieval: s.retrieval})
}

func (s *Server) pop3Server(backend *pop3session.Backend, tlsConfig *tls.Config, rule passwordRule) *pop3server.Server {
	return pop3server.New(pop3server.Options{
		Backend:        backend,
		Name:           s.config.HostnameOrMachine(),
		TLSConfig:      tlsConfig,
		InsecureAuth:   rule == inTheClear,
		Logger:         s.log.With("part", "pop3"),
		Implementation: "Mailstead",
		Language:       s.config.Maildrop.Language,
		Translations:   pop3session.Translations(),
		Limits: pop3server.Limits{
			Idle:         s.config.Maildrop.Idle.Duration,
			Login:        min(s.config.Limits.LoginTime.Duration, pop3Login),
			BadCommands:  s.config.Limits.ProtocolErrors,
			AuthFailures: s.config.Limits.AuthFailures,
		},
	})
}
