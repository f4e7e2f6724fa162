//go:build clients

package clienttest

import (
	"io"
	"strings"
	"testing"
)

// TestHostilePOP3Commands says wrong things, and after each of them goes on
// with the same connection.
func TestHostilePOP3Commands(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	s.smtpSession(t, "smtp").deliver(bob, "Subject: number 1\r\n\r\nhello")
	tests := []struct{ name, send string }{
		{"unknown", "XYZZY"},
		{"empty", ""},
		{"NUL", "NO\x00OP"},
		{"bare CR", "NOOP\rDELE 1"},
		{"bare LF", "NOOP\nNOOP"},
		{"invalid UTF-8", "RETR \xff\xfe"},
		{"no number", "RETR"},
		{"message 0", "RETR 0"},
		{"message 2", "RETR 2"},
		{"negative", "DELE -1"},
		{"number beyond 64 bits", "DELE 99999999999999999999"},
		{"TOP without lines", "TOP 1"},
		{"TOP of negative lines", "TOP 1 -5"},
		{"TOP of too many lines", "TOP 1 99999999999999999999"},
		{"argument too many", "STAT 1"},
		{"long line", "NOOP " + strings.Repeat("x", 3000)},
		{"very long line", "NOOP " + strings.Repeat("x", 30000)},
		{"login again", "USER alice@example.test"},
		{"STLS too late", "STLS"},
		{"AUTH too late", "AUTH PLAIN"},
	}
	for _, protocol := range []string{"pop3", "pop3s"} {
		for _, tt := range tests {
			t.Run(protocol+"/"+tt.name, func(t *testing.T) {
				w := s.pop3Session(t, protocol, bob)
				w.send("%s\r\n", tt.send)
				w.expect("-ERR")
				if tt.name == "bare LF" {
					w.expect("+OK")
				}
				w.send("STAT\r\nQUIT\r\n")
				w.expect("+OK 1 ")
				w.expect("+OK")
				w.closed()
			})
		}
	}
	t.Run("endless line", func(t *testing.T) {
		w := s.pop3Session(t, "pop3", bob)
		go io.WriteString(w.conn, strings.Repeat("x", 10<<20))
		w.rest()
	})
	t.Run("endless errors", func(t *testing.T) {
		w := s.pop3Session(t, "pop3", bob)
		io.WriteString(w.conn, strings.Repeat("XYZZY\r\n", 1000))
		text, _ := w.rest()
		if n := strings.Count(text, "-ERR"); n == 0 || n > 50 {
			t.Errorf("%d errors", n)
		}
	})
	t.Run("locked while open", func(t *testing.T) {
		first := s.pop3Session(t, "pop3", bob)
		w := s.dial(t, "pop3")
		w.expect("+OK")
		w.send("USER %s\r\nPASS %s\r\n", bob, password)
		w.expect("+OK")
		w.expect("-ERR [IN-USE]")
		first.send("QUIT\r\n")
		first.expect("+OK")
	})
}
