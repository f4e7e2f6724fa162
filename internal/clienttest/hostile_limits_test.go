//go:build clients

package clienttest

import (
	"fmt"
	"strings"
	"testing"
)

// startLimited runs `mailstead serve` with few connections allowed.
func startLimited(t *testing.T, max, perAddress int) *server {
	t.Helper()
	s := newServer(t)
	var b strings.Builder
	fmt.Fprintf(&b, "hostname = 'mail.example.test'\ndata = %q\n[metrics]\nlisten = %q\n[auth]\nallow-insecure = true\n", s.data, s.addr("metrics"))
	for _, p := range protocols {
		if p != "metrics" {
			fmt.Fprintf(&b, "[%s]\nlisten = [%q]\nmax-connections = %d\nmax-connections-per-address = %d\nproxy-trusted = []\n", p, s.addr(p), max, perAddress)
		}
	}
	s.serve(t, b.String())
	return s
}

// tlsInternalError is the alert that ends a handshake (RFC 8446 §6).
const tlsInternalError = "\x15\x03\x03\x00\x02\x02\x50"

// TestTooManyConnections opens more connections than are allowed, in all and
// of one address. The next is refused in the words of its protocol; when one
// ends there is room again.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	for _, limits := range []struct {
		name            string
		max, perAddress int
	}{{"total", 4, 100}, {"per address", 100, 4}} {
		s := startLimited(t, limits.max, limits.perAddress)
		for _, tt := range []struct{ protocol, greeting, refusal string }{
			{"smtp", "220 ", "421 4.7.0"}, {"submission", "220 ", "421 4.7.0"}, {"submissions", "220 ", tlsInternalError}, {"lmtp", "220 ", "421 4.7.0"},
			{"imap", "* OK", "* BYE [UNAVAILABLE]"}, {"imaps", "* OK", tlsInternalError}, {"pop3", "+OK", "-ERR [SYS/TEMP]"}, {"pop3s", "+OK", tlsInternalError},
		} {
			t.Run(limits.name+" "+tt.protocol, func(t *testing.T) {
				var open []*wire
				for range 4 {
					open = append(open, s.dialUntil(t, tt.protocol, tt.greeting))
				}
				for range 3 {
					refused := newWire(t, s.dialPlain(t, tt.protocol))
					text, _ := refused.rest()
					if !strings.HasPrefix(text, tt.refusal) {
						t.Errorf("refused with %q", text)
					}
				}
				open[0].conn.Close()
				s.dialUntil(t, tt.protocol, tt.greeting)
			})
		}
	}
}

// dialUntil connects until the server has room: it may not have noticed yet
// that a connection has ended.
func (s *server) dialUntil(t *testing.T, protocol, greeting string) *wire {
	t.Helper()
	var w *wire
	eventually(t, "a greeting", func() bool {
		conn := s.dialPlain(t, protocol)
		if implicitTLS(protocol) {
			conn = tlsClient(conn)
		}
		w = newWire(t, conn)
		line, err := w.in.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, greeting) {
			w.conn.Close()
			return false
		}
		return true
	})
	return w
}
