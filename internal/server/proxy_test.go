package server_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
)

// TestProxyEverywhere has the client behind a trusted proxy known to every
// protocol, with both versions of the PROXY protocol, and in the clear and
// under TLS.
func TestProxyEverywhere(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: "ann@example.test"}},
		Config: func(c *config.Config) {
			for _, l := range []*config.Listener{
				&c.SMTP, &c.Submission, &c.Submissions, &c.LMTP.Listener, &c.IMAP, &c.IMAPS, &c.POP3, &c.POP3S,
			} {
				l.ProxyTrusted = []string{"127.0.0.0/8"}
			}
		},
	})
	const login = "ann@example.test wrong"
	for i, door := range []struct{ service, greeting, say, reply string }{
		{"smtp", "220 ", "EHLO x", "250-"},
		{"submission", "220 ", "AUTH PLAIN", "503 "},
		{"submissions", "220 ", "EHLO x", "250-"},
		{"lmtp", "220 ", "LHLO x", "250-"},
		// In the clear passwords are for clients on this machine.
		{"imap", "* OK ", "a LOGIN " + login, "a NO [PRIVACYREQUIRED]"},
		{"imaps", "* OK ", "a LOGIN " + login, "a NO [AUTHENTICATIONFAILED]"},
		{"pop3", "+OK ", "USER ann@example.test", "-ERR "},
		{"pop3s", "+OK ", "USER ann@example.test\r\nPASS wrong", "+OK"},
	} {
		t.Run(door.service, func(t *testing.T) {
			t.Parallel()
			v1 := fmt.Sprintf("PROXY TCP4 192.0.2.%d 192.0.2.1 5000 25\r\n", 100+i)
			v2 := "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02" + string([]byte{byte(200 + i)}) + "\xc0\x00\x02\x01\x13\x88\x00\x19"
			for ip, header := range map[string]string{fmt.Sprintf("192.0.2.%d", 100+i): v1, fmt.Sprintf("192.0.2.%d", 200+i): v2} {
				conn := dial(t, s.Addr(door.service))
				io.WriteString(conn, header)
				if strings.HasSuffix(door.service, "s") {
					conn = tls.Client(conn, s.TLS())
				}
				in := bufio.NewReader(conn)
				for _, want := range []string{door.greeting, door.reply} {
					if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, want) {
						t.Errorf("for %s: %q, %v, want %s", ip, line, err, want)
					}
					io.WriteString(conn, door.say+"\r\n")
				}
				if known := door.service == "imap" || door.service == "pop3"; !known {
					waitForLog(t, s, ip)
				}
				conn.Close()
			}
			conn := dial(t, s.Addr(door.service))
			io.WriteString(conn, "EHLO no.proxy\r\n")
			if got, _ := io.ReadAll(conn); len(got) > 0 {
				t.Errorf("talks to who says nothing: %q", got)
			}
		})
	}
}

// waitForLog waits until the log tells of a client.
func waitForLog(t *testing.T, s *mailtest.Server, ip string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if strings.Contains(s.Log(), "remote="+ip) {
			return
		}
	}
	t.Errorf("the log does not know %s", ip)
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// TestLMTPSocket delivers over a unix socket, with a reply for each recipient
// (RFC 2033 §4.2).
func TestLMTPSocket(t *testing.T) {
	t.Parallel()
	var path string
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: "ann@example.test"}},
		Config: func(c *config.Config) {
			path = filepath.Join(c.Data, "lmtp")
			c.LMTP.Socket, c.LMTP.SocketMode = path, "0600"
		},
	})
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	io.WriteString(conn, "LHLO front\r\nMAIL FROM:<far@elsewhere.test>\r\nRCPT TO:<ann@example.test>\r\n"+
		"RCPT TO:<nobody@example.test>\r\nDATA\r\nSubject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n")
	got, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(got), "\r\n550 5.1.1 ") || strings.Count(string(got), "\r\n250 2.0.0 OK ") != 1 {
		t.Errorf("got %q, %v", got, err)
	}
	messages := s.Messages("ann@example.test", "INBOX")
	if len(messages) != 1 || !strings.Contains(messages[0], "Received: from front\r\n\tby mail.example.test (Mailstead) with LMTP id ") {
		t.Errorf("stored %q", messages)
	}
}
