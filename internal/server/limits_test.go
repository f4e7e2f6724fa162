package server_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
)

// TestLimitsReachAllProtocols sets how many errors a connection may make, which
// must count in each protocol.
func TestLimitsReachAllProtocols(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}},
		Config:   func(c *config.Config) { c.Limits.ProtocolErrors, c.Limits.AuthFailures = 3, 1 },
	})
	for _, c := range []struct{ name, service, say string }{
		{"errors in SMTP", "smtp", strings.Repeat("XYZZY\r\n", 4)},
		{"errors in IMAP", "imap", strings.Repeat("a XYZZY\r\n", 4)},
		{"errors in POP3", "pop3", strings.Repeat("XYZZY\r\n", 4)},
		{"logins in submission", "submission", "EHLO x.test\r\nAUTH PLAIN AGFubkBleGFtcGxlLnRlc3QAd3Jvbmc=\r\n"},
		{"logins in IMAP", "imap", "a LOGIN " + ann + " wrong\r\n"},
		{"logins in POP3", "pop3", "USER " + ann + "\r\nPASS wrong\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", s.Addr(c.service))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(20 * time.Second)) // only reached by a failure
			if _, err := io.WriteString(conn, c.say); err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(conn); err != nil {
				t.Errorf("the connection goes on: %v, after:\n%s", err, text)
			}
		})
	}
}
