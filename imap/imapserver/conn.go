package imapserver

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapdeflate"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// states is a set of the states of RFC 9051 §3.
type states uint8

const (
	notAuthenticated states = 1 << iota
	authenticated
	selected
	logout

	loggedIn = authenticated | selected
	anyState = notAuthenticated | authenticated | selected
)

// A conn is one connection. One goroutine owns it; only what stands under mu
// is used by others.
type conn struct {
	server *Server
	opts   *Options
	log    *slog.Logger
	net    net.Conn
	tls    *tls.ConnectionState // nil without TLS
	r      *imapwire.Reader
	w      *imapwire.Writer
	bufs   *buffers // nil while waiting
	// deflate is net while COMPRESS is active.
	deflate *imapdeflate.Conn
	broken  error // first error of reading or writing the connection

	session  Session
	language *language // of texts for people; nil is i-default
	state    states
	loginBy  time.Time // when the client must have authenticated
	enabled  enabled
	readOnly bool        // the selected mailbox
	noModSeq bool        // the selected mailbox keeps no mod-sequences
	saved    imap.UIDSet // the search result variable (RFC 9051 §6.4.4.1)

	// stopping is closed when the server shuts down. What a command is given
	// as context does not end then: it is finished first.
	stopping <-chan struct{}

	// listening says that the session tells of events, by NOTIFY or by ENABLE
	// METADATA; notifying is what NOTIFY asked for, nil before the first.
	listening bool
	notifying *imap.NotifyOptions

	clientID []string        // what ID said: names and values
	off      map[string]bool // capabilities that this client is not offered

	running      string // name of the command, for the log
	bad          int    // commands in a row that ended with BAD
	linger       bool   // the connection ends while the client may be sending
	authFailures int

	// small takes what ends a wait, until there is a buffer.
	small [128]byte

	mu      sync.Mutex
	waiting bool // in await's Read
	woken   bool // wake was called and nobody has looked
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{server: s, opts: &s.opts, net: nc}
	c.log = s.opts.Logger.With("conn", rand.Text()[:12], "remote", nc.RemoteAddr().String())
	c.r = imapwire.NewReader((*connReader)(c), imapwire.Limits{})
	c.r.Literal = c.beforeLiteral
	c.w = imapwire.NewWriter((*connWriter)(c))
	c.unauthenticated()
	c.applySwitches()
	return c
}

// unauthenticatedLiteral bounds literals of who may be anybody.
const unauthenticatedLiteral = 4 << 10

// unauthenticated begins the state in which connections begin.
func (c *conn) unauthenticated() {
	c.state = notAuthenticated
	c.loginBy = time.Now().Add(c.opts.LoginTimeout)
	c.setLimits()
}

// setLimits gives the reader the limits of the state.
func (c *conn) setLimits() {
	defer func() { c.r.Limits.NonSync = c.opts.nonSyncLimit() }()
	if c.state == notAuthenticated {
		c.r.Limits = imapwire.Limits{
			Line:     c.opts.MaxLineUnauthenticated,
			Literals: unauthenticatedLiteral,
			Skip:     2 * unauthenticatedLiteral,
		}
		return
	}
	c.r.Limits = imapwire.Limits{
		Line:     c.opts.MaxLine,
		Literals: c.opts.MaxLiteral,
		Skip:     max(c.opts.AppendLimit, int64(c.opts.MaxLiteral)),
	}
}

// serve greets the client and runs its commands, one after the other
// (RFC 9051 §5.5).
func (c *conn) serve(ctx context.Context) {
	c.status("*", imap.StatusOK, c.capabilityCode(), c.opts.Greeting)
	for c.state != logout && c.broken == nil {
		if !c.awaitCommand(ctx) {
			return
		}
		c.command(ctx)
	}
}

// awaitCommand waits until a command begins to arrive. It reports whether the
// connection goes on.
func (c *conn) awaitCommand(ctx context.Context) bool {
	timeout := c.opts.IdleTimeout
	if c.state == notAuthenticated {
		timeout = c.opts.UnauthenticatedTimeout
	}
	for !c.isStopping() {
		if c.r.Buffered() > 0 {
			c.armRead(0)
			return true
		}
		switch c.await(timeout) {
		case awaitInput:
			c.armRead(0)
			return true
		case awaitTimeout:
			c.byeText("", c.whyTimeout("Idle for too long"))
			return false
		case awaitFailed:
			return false
		}
		if err := c.tellNow(ctx); err != nil {
			c.bye(err)
			return false
		}
	}
	c.byeText(imap.CodeUnavailable, "Server is shutting down")
	return false
}

func (c *conn) isStopping() bool {
	select {
	case <-c.stopping:
		return true
	default:
		return false
	}
}

// command reads and runs one command.
func (c *conn) command(ctx context.Context) {
	req := &request{tag: "*"}
	err := c.r.Next()
	if err == nil {
		err = c.run(ctx, req)
	}
	if cut := c.w.Err(); cut != nil && c.broken == nil {
		c.log.Error("imap: response was cut off", "command", req.name, "err", cut)
		c.broken = cut
	}
	if c.broken != nil {
		c.sayTooSlow()
		return
	}
	if err != nil && !req.complete {
		if lost := c.skip(err); lost != nil {
			c.fatal(lost)
			return
		}
	}
	c.finish(req, err)
}

// sayTooSlow says why a connection ends that broke because its time was up.
func (c *conn) sayTooSlow() {
	if errors.Is(c.broken, os.ErrDeadlineExceeded) {
		c.byeText("", c.whyTimeout("Too slow"))
	}
}

// skip finds the end of a command that failed with err before it was read. It
// returns why that cannot be done.
func (c *conn) skip(err error) error {
	if errors.Is(err, imapwire.ErrLineTooLong) || errors.Is(err, imapwire.ErrSkip) {
		return err
	}
	return c.r.Skip()
}

// newUpdates returns a writer for Session.Poll.
func (c *conn) newUpdates() *UpdateWriter { return &UpdateWriter{w: c.w, enabled: &c.enabled} }

// poll tells the client of changes: those in the selected mailbox, and what it
// has asked for by NOTIFY.
func (c *conn) poll(ctx context.Context, opts PollOptions) error {
	if c.state == selected {
		c.notifyPolling(&opts)
		u := c.newUpdates()
		err := c.session.Poll(ctx, u, opts)
		u.flush()
		if err != nil {
			return err
		}
	}
	return c.pollEvents(ctx)
}

// close ends what is left of the connection.
func (c *conn) close() {
	c.closeSession()
	c.detach()
	if c.linger {
		c.awaitClose()
	}
}

func (c *conn) closeSession() {
	if c.session == nil {
		return
	}
	if err := c.session.Close(); err != nil {
		c.log.Warn("imap: session did not close well", "err", err)
	}
	c.session = nil
	c.listening, c.notifying = false, nil
}

// recover keeps a programmer's mistake in one connection from ending all.
func (c *conn) recover() {
	if p := recover(); p != nil {
		c.log.Error("imap: panic", "panic", p, "stack", string(debug.Stack()))
	}
}

// connReader and connWriter are the connection as the codec sees it: they
// remember the first error, which tells a broken connection from a failed
// session.
type (
	connReader conn
	connWriter conn
)

// Read flushes first: the client may wait for an answer before it sends more.
func (r *connReader) Read(p []byte) (int, error) {
	if err := r.w.Flush(); err != nil {
		return 0, err
	}
	n, err := r.net.Read(p)
	if err != nil && n == 0 {
		r.broken = errors.Join(r.broken, err)
	}
	return n, err
}

func (w *connWriter) Write(p []byte) (int, error) {
	(*conn)(w).armWrite()
	n, err := w.net.Write(p)
	if err != nil {
		w.broken = errors.Join(w.broken, err)
	}
	return n, err
}
