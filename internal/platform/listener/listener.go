package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// A Handler speaks a protocol on a connection until it is over. The connection
// is a *tls.Conn, with the handshake done, if and only if the listener has
// implicit TLS. The listener closes it afterwards. See the package comment for
// when ctx ends.
type Handler func(ctx context.Context, conn net.Conn)

// Limits count connections. An error of Acquire refuses the connection.
type Limits interface {
	Acquire(ip netip.Addr) error
	Release(ip netip.Addr)
}

// Options of a Listener. Only Name, Handler and Logger are required.
type Options struct {
	Name    string // in logs and metrics, such as "submission"
	Handler Handler
	Logger  *slog.Logger

	// TLS makes TLS implicit.
	TLS *tls.Config
	// HandshakeTimeout bounds the TLS handshake, and the wait for the PROXY
	// header; 10 seconds if zero.
	HandshakeTimeout time.Duration
	// TrustedProxies are the networks whose connections begin with a PROXY
	// header, version 1 or 2.
	TrustedProxies []netip.Prefix
	// Limits, which several listeners may share, decide who is let in; nil
	// lets in everyone.
	Limits Limits
	// Refusal is sent to those who are not, in the words of the protocol,
	// such as "421 4.7.0 too many connections\r\n". Under implicit TLS they
	// get an alert.
	Refusal string
	// Reserved is the lowest file descriptor that no connection may take:
	// this one and those above are for the files of the store. Connections
	// beyond it are refused. Zero reserves none.
	Reserved int
	// DrainTime is how long handlers may take to finish; 30 seconds if
	// zero.
	DrainTime time.Duration
	// Metrics, which several listeners may share, or nil.
	Metrics *Metrics
}

// A Listener accepts connections at one address.
type Listener struct {
	options  Options
	accepter net.Listener
	metrics  counters
	refusals refusals

	mu   sync.Mutex
	open map[net.Conn]struct{} // those that draining may have to close
}

// Listen binds an address such as "127.0.0.1:2525" or ":25". Connections wait
// until Run accepts them.
func Listen(ctx context.Context, address string, o Options) (*Listener, error) {
	var config net.ListenConfig
	accepter, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listener %s: %w", o.Name, err)
	}
	return New(accepter, o), nil
}

// New takes a bound net.Listener, which belongs to it from then on.
func New(accepter net.Listener, o Options) *Listener {
	if o.HandshakeTimeout == 0 {
		o.HandshakeTimeout = 10 * time.Second
	}
	if o.DrainTime == 0 {
		o.DrainTime = 30 * time.Second
	}
	o.Logger = o.Logger.With("listener", o.Name)
	return &Listener{
		options:  o,
		accepter: accepter,
		metrics:  o.Metrics.of(o.Name),
		open:     make(map[net.Conn]struct{}),
	}
}

// Addr returns the address that the listener is bound to.
func (l *Listener) Addr() net.Addr { return l.accepter.Addr() }

// Close gives up the address of a listener that is not run.
func (l *Listener) Close() error { return l.accepter.Close() }

// Run accepts connections until ctx ends, then drains, and returns when the
// last handler has.
func (l *Listener) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { l.accepter.Close() })
	defer stop()
	l.options.Logger.Info("listening", "address", l.Addr().String(), "tls", l.options.TLS != nil)
	var handlers sync.WaitGroup
	l.accept(ctx, &handlers)
	l.drain(&handlers)
	l.options.Logger.Info("stopped listening", "address", l.Addr().String())
}

// accept gives each connection to a goroutine until the listener is closed. Any
// other error is taken to pass: a process that has no file descriptor left gets
// one back when a connection ends.
func (l *Listener) accept(ctx context.Context, handlers *sync.WaitGroup) {
	w := newWorkers(func(conn net.Conn) { l.serve(ctx, conn) }, handlers)
	defer w.stop()
	var pause time.Duration
	for {
		conn, err := l.accepter.Accept()
		switch {
		case err == nil && crowded(conn, l.options.Reserved):
			l.turnAway(conn)
		case err == nil:
			pause = 0
			w.give(conn)
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return
		default:
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			l.metrics.acceptErrors.Inc()
			l.options.Logger.Warn("cannot accept", "error", err, "pause", pause)
			sleep(ctx, pause)
		}
	}
}

// drain waits for the handlers, and closes their connections when they take
// too long.
func (l *Listener) drain(handlers *sync.WaitGroup) {
	impatient := time.AfterFunc(l.options.DrainTime, l.closeAll)
	defer impatient.Stop()
	handlers.Wait()
}

func (l *Listener) closeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.options.Logger.Warn("closing connections that did not end in time", "connections", len(l.open))
	for conn := range l.open {
		conn.Close()
	}
}

func (l *Listener) track(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[conn] = struct{}{}
}

func (l *Listener) untrack(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, conn)
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
