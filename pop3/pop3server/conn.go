package pop3server

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"time"
)

// inputBuffer is the size of a connection's input buffer.
const inputBuffer = 1 << 10

// A conn is one connection. All of it belongs to the goroutine of ServeConn.
type conn struct {
	server *Server
	limits Limits
	log    *slog.Logger

	raw net.Conn // as it was given
	net net.Conn // raw, or TLS over it
	tls *tls.ConnectionState
	in  *bufio.Reader
	out *output

	session    Session
	mechanisms []string // that may be used
	user       string   // named by USER, when PASS may follow
	drop       *drop    // nil in the AUTHORIZATION state
	language   *language
	utf8       bool // UTF-8 mode

	stopped      <-chan struct{} // closed when no further command is wanted
	loginBy      time.Time
	until        time.Time // when the line that is waited for must be there
	paused       bool      // nobody is to be told that the client is silent
	badCommands  int
	authFailures int
	linger       bool // the connection ends while the client may be sending
}

func newConn(s *Server, raw net.Conn) *conn {
	c := &conn{
		server:  s,
		limits:  s.options.Limits,
		log:     s.options.Logger.With("conn", rand.Text()[:12], "remote", raw.RemoteAddr().String()),
		raw:     raw,
		loginBy: time.Now().Add(s.options.Limits.Login),

		language: s.languages[0],
	}
	c.use(raw)
	return c
}

// use makes the connection read and write through n. Input that has been
// buffered is dropped.
func (c *conn) use(n net.Conn) {
	c.net = n
	c.out = &output{conn: n, timeout: c.limits.Write, chunks: &c.server.chunks}
	c.in = bufio.NewReaderSize((*input)(c), inputBuffer)
}

// run serves the connection to its end. It is the one place where a panic is
// caught: it ends this connection and no other.
func (c *conn) run(stop context.Context) {
	c.stopped = stop.Done()
	ctx, cancel := context.WithCancel(context.WithoutCancel(stop))
	defer cancel()
	defer func() { _ = c.net.Close() }()
	defer c.interrupt(stop)()
	defer func() {
		if p := recover(); p != nil {
			c.log.ErrorContext(ctx, "panic in a POP3 connection",
				"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	defer c.release(ctx)
	if err := c.serve(ctx); err != nil && stop.Err() == nil {
		c.log.DebugContext(ctx, "POP3 connection lost", "error", err)
	}
}

// interrupt makes the connection stop waiting for input when ctx is done. The
// function that it returns ends that.
func (c *conn) interrupt(ctx context.Context) func() {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		_ = c.raw.SetReadDeadline(time.Unix(1, 0))
	})
	return func() {
		if !stop() {
			<-done
		}
	}
}

// release closes what the connection still has, without removing messages.
func (c *conn) release(ctx context.Context) {
	_ = c.out.Flush()
	if err := c.closeDrop(); err != nil {
		c.log.ErrorContext(ctx, "cannot close a maildrop", "error", err)
	}
	if err := c.closeSession(); err != nil {
		c.log.ErrorContext(ctx, "cannot close a session", "error", err)
	}
	if c.linger {
		c.awaitClose()
	}
}

// serve performs commands until the connection ends. It returns nil after a
// QUIT.
func (c *conn) serve(ctx context.Context) error {
	if err := c.begin(ctx); err != nil {
		return err
	}
	for {
		line, err := c.readLine(c.limits.Command)
		if err == nil {
			err = c.perform(ctx, line)
		}
		if err == nil {
			continue
		}
		var over *ended
		if errors.As(err, &over) {
			return over.cause
		}
		if err := c.refuse(ctx, err); err != nil {
			return err
		}
	}
}

// begin finishes the handshake of a TLS connection and greets.
func (c *conn) begin(ctx context.Context) error {
	if err := c.handshake(ctx, c.raw); err != nil {
		return err
	}
	if err := c.newSession(ctx); err != nil {
		_ = c.refuse(ctx, err)
		return err
	}
	c.line("+OK ", c.server.options.Name, " ", c.text("ready"))
	return nil
}

func (c *conn) newSession(ctx context.Context) error {
	session, err := c.server.options.Backend.NewSession(ctx, ConnInfo{
		LocalAddr:  c.raw.LocalAddr(),
		RemoteAddr: c.raw.RemoteAddr(),
		TLS:        c.tls,
		Logger:     c.log,
	})
	if err != nil {
		return err
	}
	c.session = session
	c.mechanisms = c.allowed(session.AuthMechanisms())
	return nil
}

func (c *conn) closeSession() error {
	if c.session == nil {
		return nil
	}
	session := c.session
	c.session = nil
	return session.Close()
}

// ended is the error that ends a connection without a response.
type ended struct {
	cause error // nil after a QUIT
}

func (e *ended) Error() string {
	if e.cause == nil {
		return "the connection ends"
	}
	return e.cause.Error()
}

func (e *ended) Unwrap() error { return e.cause }
