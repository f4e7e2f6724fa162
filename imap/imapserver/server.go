package imapserver

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/mailstead/mailstead/imap/imapdeflate"
)

// A Server serves IMAP on connections that others accept.
type Server struct {
	opts    Options
	buffers sync.Pool // of *buffers
	deflate imapdeflate.Buffers
}

// buffers are what a connection needs while it works and gives back while it
// waits.
type buffers struct {
	in  [8 << 10]byte
	out [32 << 10]byte
}

// New returns a server. It panics without a backend.
func New(opts Options) *Server {
	if opts.Backend == nil {
		panic("imapserver: no backend")
	}
	s := &Server{opts: opts.withDefaults()}
	s.buffers.New = func() any { return new(buffers) }
	return s
}

// withDefaults fills in the defaults.
func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Greeting = cmp.Or(o.Greeting, "IMAP server ready")
	o.Delimiter = cmp.Or(o.Delimiter, '/')
	o.MaxLine = cmp.Or(o.MaxLine, 64<<10)
	o.MaxLineUnauthenticated = cmp.Or(o.MaxLineUnauthenticated, 8<<10)
	o.MaxLiteral = cmp.Or(o.MaxLiteral, 256<<10)
	o.AppendLimit = cmp.Or(o.AppendLimit, 50<<20)
	o.MaxBad = cmp.Or(o.MaxBad, 20)
	o.AuthFailureDelay = cmp.Or(o.AuthFailureDelay, time.Second)
	o.MaxAuthFailures = cmp.Or(o.MaxAuthFailures, 5)
	o.LoginTimeout = cmp.Or(o.LoginTimeout, 5*time.Minute)
	o.UnauthenticatedTimeout = cmp.Or(o.UnauthenticatedTimeout, 2*time.Minute)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 30*time.Minute)
	o.IOTimeout = cmp.Or(o.IOTimeout, 2*time.Minute)
	o.WatchAfter = cmp.Or(o.WatchAfter, time.Second)
	o.ProgressInterval = cmp.Or(o.ProgressInterval, 10*time.Second)
	return o
}

// ServeConn serves one connection until it ends, and closes it. A *tls.Conn is
// served as implicit TLS. When ctx is done the client hears BYE as soon as no
// command is running; to end a connection at once, close it.
func (s *Server) ServeConn(ctx context.Context, nc net.Conn) {
	c := newConn(s, nc)
	// c.net may be a *tls.Conn by then, which says goodbye to the client's.
	defer func() { _ = c.net.Close() }()
	defer c.recover()
	stop := context.AfterFunc(ctx, c.wake)
	defer stop()
	c.stopping = ctx.Done()
	ctx = context.WithoutCancel(ctx)
	defer c.close()
	if err := c.start(ctx, nc); err != nil {
		c.log.Debug("imap: connection ended before the greeting", "err", err)
		return
	}
	c.serve(ctx)
}

// start finishes the handshake of implicit TLS and makes the session.
func (c *conn) start(ctx context.Context, nc net.Conn) error {
	if t, ok := nc.(*tls.Conn); ok {
		if err := c.handshake(ctx, t); err != nil {
			return err
		}
	}
	c.attach(nil)
	err := c.newSession(ctx)
	if err != nil {
		c.bye(err)
	}
	return err
}

// handshake runs a TLS handshake within the time of one read.
func (c *conn) handshake(ctx context.Context, t *tls.Conn) error {
	hctx, cancel := context.WithDeadline(ctx, c.until(c.opts.IOTimeout))
	defer cancel()
	if err := t.HandshakeContext(hctx); err != nil {
		return err
	}
	state := t.ConnectionState()
	c.tls = &state
	return nil
}

// newSession asks the backend for a session.
func (c *conn) newSession(ctx context.Context) error {
	session, err := c.opts.Backend.NewSession(ctx, &ConnInfo{
		Local:  c.net.LocalAddr(),
		Remote: c.net.RemoteAddr(),
		TLS:    c.tls,
		Logger: c.log,
	})
	if err == nil && session == nil {
		err = errors.New("imapserver: backend returned no session")
	}
	c.session, c.language = session, nil // RFC 5255 §3.1
	return err
}
