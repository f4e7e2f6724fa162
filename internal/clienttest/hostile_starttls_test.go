//go:build clients

package clienttest

import (
	"strings"
	"testing"
)

// TestInjectionAtSTARTTLS sends commands behind the one that begins TLS, in the
// same packet: none may be executed after the handshake (RFC 3207 §6,
// RFC 9051 §6.2.1, RFC 2595 §4), and what came before it is forgotten.
func TestInjectionAtSTARTTLS(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, protocol := range []string{"smtp", "submission", "lmtp"} {
		hello := "EHLO client.test"
		if protocol == "lmtp" {
			hello = "LHLO client.test"
		}
		t.Run(protocol, func(t *testing.T) {
			w := s.dial(t, protocol)
			w.expect("220")
			w.smtpOK(hello, "250")
			w.send("STARTTLS\r\n%s\r\nNOOP injected\r\nMAIL FROM:<evil@elsewhere.test>\r\n", hello)
			w.expect("220")
			w.starttls()
			w.smtpOK("MAIL FROM:<c@elsewhere.test>", "503", "NOOP", "250 ", hello, "250")
			if text := w.smtp("%s", hello); strings.Contains(text, "STARTTLS") {
				t.Error("STARTTLS is offered within TLS")
			}
			w.smtpOK("STARTTLS", "503", "QUIT", "221")
			w.closed()
		})
	}
	t.Run("imap", func(t *testing.T) {
		w := s.dial(t, "imap")
		w.expect("* OK")
		w.send("a STARTTLS\r\nb LOGIN %s %s\r\nc CREATE injected\r\n", alice, password)
		w.expect("a OK")
		w.starttls()
		w.send("d SELECT INBOX\r\n")
		w.expect("d BAD")
		w.ok("LOGIN %s %s", alice, password)
		if list := strings.Join(w.ok(`LIST "" *`), "\n"); strings.Contains(list, "injected") {
			t.Error(list)
		}
		w.ok("LOGOUT")
		w.closed()
	})
	t.Run("pop3", func(t *testing.T) {
		w := s.dial(t, "pop3")
		w.expect("+OK")
		w.send("USER %s\r\n", alice)
		w.expect("+OK")
		w.send("STLS\r\nUSER %s\r\nPASS %s\r\nSTAT\r\n", alice, password)
		w.expect("+OK")
		w.starttls()
		w.send("PASS %s\r\n", password)
		w.expect("-ERR")
		w.send("STAT\r\n")
		w.expect("-ERR")
		w.send("STLS\r\n")
		w.expect("-ERR")
		w.send("QUIT\r\n")
		w.expect("+OK")
		w.closed()
	})
}

// TestBrokenHandshake answers the offer of TLS with something else.
func TestBrokenHandshake(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for protocol, dialogue := range map[string][2]string{
		"smtp": {"EHLO a.test\r\nSTARTTLS\r\n", "220 2.0.0"}, "imap": {"a STARTTLS\r\n", "a OK"}, "pop3": {"STLS\r\n", "+OK begin"},
	} {
		t.Run(protocol, func(t *testing.T) {
			w := s.dial(t, protocol)
			w.send("%s", dialogue[0])
			w.upTo(dialogue[1])
			w.send("MAIL FROM:<evil@elsewhere.test>\r\nnot a handshake\r\n")
			if text, _ := w.rest(); strings.Contains(text, "250") || strings.Contains(text, "OK") {
				t.Errorf("executed: %q", text)
			}
		})
	}
	for _, protocol := range []string{"submissions", "imaps", "pop3s"} {
		t.Run(protocol, func(t *testing.T) {
			w := newWire(t, s.dialPlain(t, protocol))
			w.send("EHLO in.the.clear.test\r\n")
			w.rest()
		})
	}
}

// TestHalfClosed sends a whole session at once, ends the sending side, and
// still gets every answer.
func TestHalfClosed(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	message := "Subject: number 1\r\n\r\nhello\r\n" // 28 octets
	sessions := []struct {
		protocol, send string
		want           []string
	}{
		{"smtp", "EHLO a.test\r\nMAIL FROM:<c@elsewhere.test>\r\nRCPT TO:<" + alice + ">\r\nBDAT 28 LAST\r\n" + message + "NOOP\r\nRSET\r\nVRFY alice\r\n",
			[]string{"220", "250 ", "250 2.1.0", "250 2.1.5", "250 2.", "250 2", "250 2", "252 "}},
		{"lmtp", "LHLO a.test\r\nMAIL FROM:<c@elsewhere.test>\r\nRCPT TO:<" + alice + ">\r\nRCPT TO:<" + bob + ">\r\nDATA\r\n" + message + ".\r\nQUIT\r\n",
			[]string{"220", "250 ", "250 2.1.0", "250 2.1.5", "250 2.1.5", "354", "250 2.", "250 2.", "221"}},
		{"submissions", "EHLO a.test\r\nAUTH PLAIN " + plain(alice) + "\r\nMAIL FROM:<" + alice + ">\r\nRCPT TO:<" + bob + ">\r\nDATA\r\nFrom: " + alice + "\r\n" + message + ".\r\nQUIT\r\n",
			[]string{"220", "250 ", "235", "250 2.1.0", "250 2.1.5", "354", "250 2.", "221"}},
		{"imap", "a LOGIN " + alice + " " + password + "\r\nb APPEND Drafts {28+}\r\n" + message + "\r\nc SELECT Drafts\r\nd FETCH 1 BODY[]\r\ne NOOP\r\n",
			[]string{"* OK", "a OK", "b OK", "c OK", "d OK", "e OK"}},
		{"imaps", "a LOGIN " + alice + " " + password + "\r\nb SELECT INBOX\r\nc SEARCH ALL\r\nd LOGOUT\r\n",
			[]string{"* OK", "a OK", "b OK", "c OK", "* BYE", "d OK"}},
		{"pop3", "USER " + alice + "\r\nPASS " + password + "\r\nSTAT\r\nLIST\r\nUIDL\r\nRETR 1\r\nNOOP\r\n",
			[]string{"+OK", "+OK", "+OK", "+OK", "+OK", ".", "+OK", ".", "+OK", ".", "+OK"}},
		{"pop3s", "USER " + bob + "\r\nPASS " + password + "\r\nDELE 1\r\nQUIT\r\n",
			[]string{"+OK", "+OK", "+OK", "+OK", "+OK"}},
	}
	for _, tt := range sessions {
		t.Run(tt.protocol, func(t *testing.T) {
			w := s.dial(t, tt.protocol)
			w.send("%s", tt.send)
			w.halfClose()
			for _, want := range tt.want {
				w.upTo(want)
			}
			w.closed()
		})
	}
}
