package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/pires/go-proxyproto"
)

// serve takes one connection through its life.
func (l *Listener) serve(ctx context.Context, raw net.Conn) {
	l.track(raw)
	defer l.untrack(raw)
	defer raw.Close()
	ctx = withID(ctx)
	logger := l.options.Logger.With("conn", ConnID(ctx))
	defer func() {
		if p := recover(); p != nil {
			l.metrics.panics.Inc()
			logger.Error("panic in a connection", "panic", p, "stack", string(debug.Stack()))
		}
	}()
	conn, err := l.identify(raw)
	if err != nil {
		l.metrics.refused("proxy header").Inc()
		logger.Warn("no proper PROXY header from a trusted proxy", "proxy", raw.RemoteAddr().String())
		return
	}
	l.admit(ctx, conn, logger)
}

// turnAway ends a connection for which there is no file. It takes no goroutine,
// so that no more than one of them is open; what little it says fits into the
// buffer of a new socket.
func (l *Listener) turnAway(raw net.Conn) {
	defer raw.Close()
	l.metrics.refused("files").Inc()
	l.refusals.tell(l.options.Logger, "remote", remoteIP(raw), "error", errNoFiles)
	l.say(raw)
}

// admit counts a connection against the limits and, if it is within them,
// hands it over.
func (l *Listener) admit(ctx context.Context, conn net.Conn, logger *slog.Logger) {
	ip := remoteIP(conn)
	if err := l.acquire(ip); err != nil {
		l.metrics.refused("limit").Inc()
		l.refusals.tell(logger, "remote", ip, "error", err)
		l.refuse(conn)
		return
	}
	// The peer sees the end only after it is counted off, so that it may
	// come again at once. Closing conn, not only what is under it, tells the
	// peer's TLS that this is the end.
	defer func() { conn.Close() }()
	defer l.release(ip)
	l.metrics.accepted.Inc()
	l.metrics.active.Inc()
	defer l.metrics.active.Dec()
	var err error
	if conn, err = l.secure(ctx, conn); err != nil {
		l.metrics.refused("tls").Inc()
		logger.Debug("TLS handshake failed", "remote", ip, "error", err)
		return
	}
	l.options.Handler(ctx, conn)
}

var (
	errProxyHeader = errors.New("listener: PROXY header missing or malformed")
	errNoFiles     = errors.New("listener: the process has too many files open")
)

// identify returns a connection that knows the client behind a trusted proxy.
func (l *Listener) identify(raw net.Conn) (net.Conn, error) {
	if !l.trusted(remoteIP(raw)) {
		return raw, nil
	}
	conn := proxyproto.NewConn(raw,
		proxyproto.WithPolicy(proxyproto.REQUIRE),
		proxyproto.SetReadHeaderTimeout(l.options.HandshakeTimeout))
	if conn.ProxyHeader() == nil {
		return nil, errProxyHeader
	}
	return conn, nil
}

func (l *Listener) trusted(ip netip.Addr) bool {
	for _, network := range l.options.TrustedProxies {
		if network.Contains(ip) {
			return true
		}
	}
	return false
}

func (l *Listener) acquire(ip netip.Addr) error {
	if l.options.Limits == nil {
		return nil
	}
	return l.options.Limits.Acquire(ip)
}

func (l *Listener) release(ip netip.Addr) {
	if l.options.Limits != nil {
		l.options.Limits.Release(ip)
	}
}

// internalError is the alert of TLS that ends a handshake for reasons that are
// not the peer's (RFC 8446 §6), as it goes in the clear.
const internalError = "\x15\x03\x03\x00\x02\x02\x50"

const (
	refusalTime   = 500 * time.Millisecond
	refusalOctets = 16 << 10
)

// say says why a connection is refused, in the words of the protocol or of TLS.
// It reports whether there was something to say and the peer may read it.
func (l *Listener) say(conn net.Conn) bool {
	text := l.options.Refusal
	if l.options.TLS != nil {
		text = internalError
	}
	if text == "" {
		return false
	}
	conn.SetDeadline(time.Now().Add(refusalTime))
	_, err := io.WriteString(conn, text)
	return err == nil
}

// refuse says why. What the peer has sent already is read, for closing a
// connection with unread input may destroy what the peer has not read yet.
func (l *Listener) refuse(conn net.Conn) {
	if !l.say(conn) {
		return
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		io.CopyN(io.Discard, conn, refusalOctets)
	}
}

// secure does the handshake of implicit TLS.
func (l *Listener) secure(ctx context.Context, conn net.Conn) (net.Conn, error) {
	if l.options.TLS == nil {
		return conn, nil
	}
	ctx, cancel := context.WithTimeout(ctx, l.options.HandshakeTimeout)
	defer cancel()
	secured := tls.Server(conn, l.options.TLS)
	return secured, secured.HandshakeContext(ctx)
}

// remoteIP returns the peer's IP address; zero if it has none.
func remoteIP(conn net.Conn) netip.Addr {
	tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	ip, _ := netip.AddrFromSlice(tcp.IP)
	return ip.Unmap()
}
