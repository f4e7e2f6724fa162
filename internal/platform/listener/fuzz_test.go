package listener

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"
)

// A scripted connection is one whose peer has sent all that it will.
type scripted struct {
	net.Conn
	in io.Reader
}

func (c scripted) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c scripted) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1} }
func (c scripted) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 2), Port: 25} }
func (c scripted) SetReadDeadline(time.Time) error  { return nil }
func (c scripted) SetWriteDeadline(time.Time) error { return nil }
func (c scripted) SetDeadline(time.Time) error      { return nil }
func (c scripted) Close() error                     { return nil }

// FuzzProxyHeader has a trusted proxy send anything. What it takes for a header
// is followed by just the rest of the input, and names a client or nobody.
func FuzzProxyHeader(f *testing.F) {
	for _, s := range []string{
		"PROXY TCP4 203.0.113.9 192.0.2.2 1000 25\r\nEHLO a.test\r\n", "PROXY TCP6 2001:db8::1 2001:db8::2 1000 25\r\n", "PROXY UNKNOWN\r\nx", "PROXY UNKNOWN ffff\r\n",
		"PROXY TCP4 203.0.113.9 192.0.2.2 99999 25\r\n", "PROXY TCP4 203.0.113.9\r\n", "PROXY TCP4 203.0.113.9 192.0.2.2 1000 25\nEHLO\r\n", "EHLO a.test\r\n", "",
		"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x09\xc0\x00\x02\x02\x03\xe8\x00\x19EHLO", "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00x", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff",
		"\r\n\r\n\x00\r\nQUIT\n\x21\x31\x00\xd8/a", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0f\xcb\x00\x71\x09\xc0\x00\x02\x02\x03\xe8\x00\x19\x01\xff\xff",
	} {
		f.Add([]byte(s))
	}
	l := New(nil, Options{Name: "test", Logger: quiet, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, HandshakeTimeout: time.Second})
	f.Fuzz(func(t *testing.T, sent []byte) {
		conn, err := l.identify(scripted{in: bytes.NewReader(sent)})
		if err != nil {
			return
		}
		rest, err := io.ReadAll(conn)
		if err != nil || len(rest) >= len(sent) || !bytes.HasSuffix(sent, rest) {
			t.Errorf("%q leaves %q, %v", sent, rest, err)
		}
		if conn.RemoteAddr() == nil || conn.RemoteAddr().String() == "" {
			t.Errorf("%q comes from %v", sent, conn.RemoteAddr())
		}
		remoteIP(conn)
	})
}
