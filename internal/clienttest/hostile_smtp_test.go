//go:build clients

package clienttest

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestHostileSMTPCommands says wrong things to each SMTP listener, and after
// each of them delivers a message over the same connection.
func TestHostileSMTPCommands(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	tests := []struct{ name, send, want string }{
		{"unknown", "XYZZY a b c", "500 5.5.1"},
		{"empty", "", "500 5.5."},
		{"space", "   ", "500 5.5."},
		{"argument missing", "MAIL", "501 5.5.4"},
		{"no brackets", "MAIL FROM:a@b.test", "501 5."},
		{"unclosed bracket", "MAIL FROM:<a@b.test", "501 5."},
		{"unknown parameter", "MAIL FROM:<a@b.test> FOO=BAR", "555 5.5.4"},
		{"bad size", "MAIL FROM:<a@b.test> SIZE=-1", "501 5.5.4"},
		{"huge size", "MAIL FROM:<a@b.test> SIZE=99999999999", "552 5.3.4"},
		{"size beyond 64 bits", "MAIL FROM:<a@b.test> SIZE=99999999999999999999", "5"},
		{"recipient first", "RCPT TO:<alice@example.test>", "503 5.5.1"},
		{"data first", "DATA", "503 5.5.1"},
		{"bdat first", "BDAT 7 LAST\r\nhello", "503 5.5.1"},
		{"NUL", "NO\x00OP", "500 5.5."},
		{"NUL in an address", "MAIL FROM:<a\x00@b.test>", "50"},
		{"Latin-1", "MAIL FROM:<\xe9@b.test>", "5"},
		{"invalid UTF-8 with SMTPUTF8", "MAIL FROM:<\xff\xfe@b.test> SMTPUTF8", "5"},
		{"UTF-8 without SMTPUTF8", "MAIL FROM:<é@b.test>", "5"},
		{"bare CR", "NOOP a\rRSET", "500 5.5.2"},
		{"long line", "NOOP " + strings.Repeat("x", 4000), "500 5.5."},
		{"very long line", "NOOP " + strings.Repeat("x", 40000), "500 5.5."},
		{"long local part", "MAIL FROM:<" + strings.Repeat("x", 300) + "@b.test>", "5"},
	}
	for _, protocol := range []string{"smtp", "submission", "submissions", "lmtp"} {
		for _, tt := range tests {
			t.Run(protocol+"/"+tt.name, func(t *testing.T) {
				w := s.smtpSession(t, protocol)
				if got := w.smtp("%s", tt.send); !strings.HasPrefix(got, tt.want) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				w.smtpOK("MAIL FROM:<"+alice+">", "250", "RCPT TO:<"+bob+">", "250", "DATA", "354")
				w.send("From: %s\r\n\r\nhello\r\n.\r\n", alice)
				w.expect("250 ")
				w.smtpOK("QUIT", "221")
				w.closed()
			})
		}
	}
	t.Run("endless errors", func(t *testing.T) {
		w := s.smtpSession(t, "smtp")
		io.WriteString(w.conn, strings.Repeat("XYZZY\r\n", 1000))
		text, _ := w.rest()
		if n := strings.Count(text, "500 "); n > 50 || !strings.Contains(text, "421 ") {
			t.Errorf("%d errors, then %.200q", n, text[max(0, len(text)-200):])
		}
	})
	t.Run("wrong protocol", func(t *testing.T) {
		for _, greeting := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 200)} {
			w := s.dial(t, "smtp")
			w.expect("220")
			w.send("%s", greeting)
			w.halfClose()
			w.rest()
		}
	})
}

// TestSmuggling ends messages in ways that other servers may take for the end,
// with an envelope behind it. None may become a second message.
func TestSmuggling(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	envelope := "MAIL FROM:<evil@elsewhere.test>\r\nRCPT TO:<" + alice + ">\r\nDATA\r\nSubject: number 666\r\n\r\nsmuggled\r\n.\r\n"
	for _, end := range []string{
		"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r.\r\n", "\n.\r", "\r.\n", "\r\n.\r\r\n", "\r\n\x00.\r\n", "\n\n.\n\n", "\r\n.\x00\r\n",
	} {
		for _, protocol := range []string{"smtp", "submission", "lmtp"} {
			t.Run(fmt.Sprintf("%s %q", protocol, end), func(t *testing.T) {
				w := s.smtpSession(t, protocol)
				w.smtpOK("MAIL FROM:<"+alice+">", "250", "RCPT TO:<"+bob+">", "250", "DATA", "354")
				w.send("From: %s\r\n\r\nouter%s%s", alice, end, envelope)
				if reply := w.reply(); !strings.HasPrefix(reply, "5") {
					t.Errorf("the message was answered with %q", reply)
				}
				w.halfClose()
				w.rest()
			})
		}
	}
	for _, user := range []string{alice, bob} {
		if got := s.inbox(t, user); len(got) > 0 {
			t.Errorf("%s has %q", user, got)
		}
	}
}

// TestManyRecipients names more recipients than a message may have.
func TestManyRecipients(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	w := s.smtpSession(t, "smtp")
	w.smtpOK("MAIL FROM:<c@elsewhere.test>", "250")
	go func() {
		for range 5000 {
			io.WriteString(w.conn, "RCPT TO:<"+alice+">\r\n")
		}
	}()
	counts := make(map[string]int)
	for range 5000 {
		line, err := w.in.ReadString('\n')
		if err != nil {
			break
		}
		counts[line[:9]]++
	}
	t.Log(counts)
	if counts["250 2.1.5"] != 1000 || counts["452 4.5.3"] == 0 || len(counts) > 3 {
		t.Errorf("got %v", counts)
	}
}
