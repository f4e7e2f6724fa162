package smtpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"time"

	"github.com/mailstead/mailstead/smtp"
)

// A conn is one connection. All of it belongs to the goroutine of ServeConn,
// except what the waiter guards.
type conn struct {
	server   *Server
	net      net.Conn // a *tls.Conn after STARTTLS
	in       input
	out      []byte // replies not yet written
	writeErr error  // sticky
	wait     waiter
	log      *slog.Logger
	info     ConnInfo

	session    Session
	refusal    smtp.Reply // to all commands but QUIT; zero unless the session was refused
	hello      Hello      // zero until the client said it
	offered    smtp.Extensions
	offers     Services // of the session, at the last EHLO
	mechanisms []string
	attributes smtp.ClientAttributes // from XCLIENT
	forwarded  smtp.ClientAttributes // from XFORWARD, for the next message
	authed     bool
	tx         transaction
	pending    *command // what ended a message sent by BDAT, to be carried out next

	verb         string // of the command in work, for metrics
	bad          int    // commands that failed, see Limits.BadCommands
	idle         int    // commands that moved no mail, see Limits.IdleCommands
	mails        int    // MAIL commands that were accepted, see Limits.Messages
	authFailures int
	done         bool // the connection ends after the pending replies
	linger       bool // the client may be sending still
}

const (
	lingerTime   = time.Second
	lingerOctets = 1 << 20
)

// A transaction is what MAIL begins (RFC 5321 §3.3).
type transaction struct {
	active   bool
	utf8     bool
	binary   bool // BODY=BINARYMIME: any octets, by BDAT or BURL only
	attempts int  // RCPT commands, refused ones too
	accepted int
}

// ServeConn speaks the protocol on nc until the connection ends, and closes
// it. A connection that has TLS already, such as a *tls.Conn, is used as it
// is. When ctx is done, a transaction in flight is finished; the client is
// then, or at once if there is none, told 421.
func (s *Server) ServeConn(ctx context.Context, nc net.Conn) {
	c := s.newConn(nc)
	release := c.wait.watch(ctx)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	begin := time.Now()
	c.log.Info("connection opened", "remote", nc.RemoteAddr().String(), "mode", s.opts.Mode.String())
	defer func() {
		cancel()
		c.close()
		release()
		c.log.Info("connection closed", "duration", time.Since(begin))
	}()
	defer c.recover()
	c.serve(ctx)
}

func (s *Server) newConn(nc net.Conn) *conn {
	id := newID()
	c := &conn{
		server: s,
		net:    nc,
		log:    s.log.With("conn", id),
		info:   ConnInfo{ID: id, Mode: s.opts.Mode, Remote: nc.RemoteAddr(), Local: nc.LocalAddr(), Peer: nc.RemoteAddr()},
		wait:   waiter{conn: nc, timeouts: s.opts.Timeouts, mayStop: true},
	}
	c.in = input{src: reader{c}, before: c.beforeRead, buffers: &s.buffers}
	c.in.release()
	c.expectNext()
	return c
}

// expectNext begins the time for what the connection is there for: to log in where
// that comes first, or else to bring the next message. Commands that are neither
// do not extend it.
func (c *conn) expectNext() {
	limit := c.server.opts.Timeouts.Mail
	if c.mustLogIn() {
		limit = c.server.opts.Timeouts.Login
	}
	c.wait.sessionEnd = time.Now().Add(limit)
}

// mustLogIn says that nothing can be done before authentication.
func (c *conn) mustLogIn() bool { return c.server.opts.Mode == Submission && !c.authed }

// A reader reads the connection for the input.
type reader struct{ c *conn }

func (r reader) Read(p []byte) (int, error) {
	n, err := r.c.net.Read(p)
	return n, r.c.wait.disarm(err)
}

// beforeRead sends the replies that wait and sets the deadline.
func (c *conn) beforeRead() error {
	if err := c.flush(); err != nil {
		return err
	}
	return c.wait.arm()
}

// recover stands between a mistake in a session and the whole process.
func (c *conn) recover() {
	if p := recover(); p != nil {
		c.log.Error("panic in a connection", "panic", p, "stack", string(debug.Stack()))
		c.farewell(421, codeBadSystem, "Internal error")
	}
}

func (c *conn) close() {
	c.closeSession()
	if err := c.flush(); err == nil && c.linger {
		c.awaitClose()
	}
	_ = c.net.Close()
	c.in.drop()
	c.in.release()
}

func (c *conn) closeSession() {
	defer c.recover()
	if c.session != nil {
		c.session.Close()
	}
}

// awaitClose lets a client that is still sending read the last reply: closing
// a TCP connection with unread input may destroy what it has not read yet.
func (c *conn) awaitClose() {
	half, ok := c.net.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = c.net.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, c.net, lingerOctets)
}

func (c *conn) serve(ctx context.Context) {
	if !c.implicitTLS(ctx) || !c.greet(ctx) {
		return
	}
	for !c.done {
		cmd, err := c.next()
		if err != nil {
			c.readFailed(err)
			continue
		}
		c.dispatch(ctx, cmd)
		c.checkPatience()
	}
}

// implicitTLS makes the handshake of a connection that is TLS from its
// beginning (RFC 8314 §3.3).
func (c *conn) implicitTLS(ctx context.Context) bool {
	nc, ok := c.net.(interface {
		HandshakeContext(context.Context) error
		ConnectionState() tls.ConnectionState
	})
	if !ok {
		return true
	}
	if err := c.handshake(ctx, nc.HandshakeContext); err != nil {
		return false
	}
	state := nc.ConnectionState()
	c.info.TLS = &state
	return true
}

// greet opens the session and sends the greeting (RFC 5321 §3.1).
func (c *conn) greet(ctx context.Context) bool {
	if c.talksEarly() {
		c.limited("RefuseEarlyTalk")
		c.linger = true
		c.farewell(554, codeSequence, "You must wait for the greeting")
		return false
	}
	if !c.openSession(ctx) {
		c.reply(c.refusal)
		c.refusal = smtp.Reply{Code: 503, Enhanced: codeSequence, Lines: []string{"Session was refused, only QUIT is left"}}
		return true
	}
	protocol := "ESMTP"
	if c.server.opts.Mode == LMTP {
		protocol = "LMTP"
	}
	c.say(220, none, c.server.opts.Hostname+" "+protocol)
	return true
}

// talksEarly waits for a client that speaks before it is greeted.
func (c *conn) talksEarly() bool {
	delay := c.server.opts.RefuseEarlyTalk
	if delay <= 0 {
		return false
	}
	_ = c.net.SetReadDeadline(time.Now().Add(delay))
	n, _ := c.net.Read(c.in.buf[:1])
	return n > 0
}

// openSession asks the backend for a session. If there is none, refusal says
// why, and only QUIT is obeyed from here on (RFC 5321 §3.1).
func (c *conn) openSession(ctx context.Context) bool {
	session, err := c.server.opts.Backend.NewSession(ctx, c.info)
	if err == nil {
		c.session = session
		return true
	}
	c.refusal = smtp.ReplyTo(err)
	if c.refusal.Code != 421 && c.refusal.Code != 554 {
		c.refusal = smtp.Reply{Code: 421, Lines: []string{"Service not available, try again later"}}
	}
	c.refusal.Enhanced = none // RFC 2034 §4: greeting and EHLO have none
	c.log.Info("connection refused", "code", c.refusal.Code, "err", err)
	return false
}

// readFailed ends the connection because a command did not come.
func (c *conn) readFailed(err error) {
	c.done = true
	switch {
	case c.writeErr != nil:
		c.log.Info("connection broken", "err", err)
	case errors.Is(err, errStopping):
		c.farewell(421, codeShutdown, "Service shutting down")
	case isTimeout(err):
		c.limited(c.whichTimeout())
		c.farewell(421, codeTimeout, "Timeout, closing connection")
	case errors.Is(err, io.EOF):
	default:
		c.log.Info("connection broken", "err", err)
	}
}

// whichTimeout names the limit that has ended the wait for a command.
func (c *conn) whichTimeout() string {
	switch {
	case time.Now().Before(c.wait.sessionEnd):
		return "Command"
	case c.mustLogIn():
		return "Login"
	}
	return "Mail"
}

// checkPatience ends the connection of a client that fails or idles too often.
func (c *conn) checkPatience() {
	limits := c.server.opts.Limits
	switch {
	case c.done:
	case c.bad > limits.BadCommands:
		c.limited("BadCommands")
		c.farewell(421, codePolicyTemp, "Too many errors, closing connection")
	case c.idle > limits.IdleCommands:
		c.limited("IdleCommands")
		c.farewell(421, codePolicyTemp, "Too many commands without mail, closing connection")
	case c.authFailures >= limits.AuthFailures:
		c.limited("AuthFailures")
		c.farewell(421, codePolicyTemp, "Too many failed authentications, closing connection")
	}
}
