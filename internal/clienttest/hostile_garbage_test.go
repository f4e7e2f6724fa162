//go:build clients

package clienttest

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestGarbage speaks nonsense made of each protocol's words, the same in each
// run. No connection may meet a panic or an error that nobody foresaw, and the
// server goes on.
func TestGarbage(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	any := []string{"\x00", "\xff", "\r", "\n", "\r\n", "\r\n", " ", "0", "-1", "4294967295", "99999999999999999999", "é", `"`, "<", ">", "*", "", ".", "\r\n.\r\n", "alice@example.test"}
	imap := append([]string{
		"a LOGIN alice@example.test mailstead\r\n", "a SELECT INBOX\r\n", "a APPEND INBOX {5+}\r\nhello\r\n", "a ", "UID ", "FETCH ", "STORE ", "SEARCH ", "COPY ", "MOVE ", "LIST ", "STATUS ", "CREATE ", "RENAME ",
		"1:* ", "(FLAGS) ", "BODY[1.2.MIME]<0.5> ", "BINARY.PEEK[1] ", "BODY.PEEK[HEADER.FIELDS (To)] ", "+FLAGS.SILENT (\\Deleted) ", "INBOX ", "&AOk- ", "OR ", "NOT ", "(", ")", "{3+}\r\nabc", "{3}\r\n", "~{2+}\r\n\x00\x00",
		"a EXPUNGE\r\n", "a IDLE\r\nDONE\r\n", "a ENABLE QRESYNC UTF8=ACCEPT\r\n", "a EXAMINE INBOX (QRESYNC (1 2 1:*))\r\n", "RETURN (SAVE COUNT) ", "$ ", "CHARSET ", "HEADER ", "BEFORE 1-Jan-2026 ", "a UNSELECT\r\n", "a DELETE x\r\n",
	}, any...)
	smtp := append([]string{
		"EHLO a.test\r\n", "MAIL FROM:<c@elsewhere.test>\r\n", "RCPT TO:<alice@example.test>\r\n", "DATA\r\n", "BDAT 5\r\nhello", "BDAT 0 LAST\r\n", "RSET\r\n", "VRFY ", "EXPN ", "HELP\r\n", "NOOP\r\n", "AUTH PLAIN ", "AUTH LOGIN\r\n", "=\r\n",
		"MAIL FROM:<", "RCPT TO:<", "@", "SIZE=", " BODY=8BITMIME", " SMTPUTF8", "Subject: x\r\n", "Content-Type: multipart/mixed; boundary=b\r\n", "--b\r\n",
	}, any...)
	pop3 := append([]string{
		"USER bob@example.test\r\n", "PASS mailstead\r\n", "STAT\r\n", "LIST ", "RETR ", "TOP ", "UIDL ", "DELE ", "RSET\r\n", "NOOP\r\n", "CAPA\r\n", "AUTH PLAIN ", "1 ", "=\r\n",
	}, any...)
	for protocol, words := range map[string][]string{
		"smtp": smtp, "submission": smtp, "lmtp": append(smtp, "LHLO a.test\r\n"), "imap": imap, "imaps": imap, "pop3": pop3,
	} {
		t.Run(protocol, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, uint64(len(words))))
			for range 200 {
				w := s.dial(t, protocol)
				var b strings.Builder
				if strings.HasPrefix(protocol, "imap") {
					b.WriteString(words[0] + words[1])
				}
				for range 5 + random.IntN(60) {
					b.WriteString(words[random.IntN(len(words))])
				}
				w.conn.SetDeadline(time.Now().Add(10 * time.Second))
				var sending sync.WaitGroup
				sending.Go(func() { // until the server has had enough
					io.WriteString(w.conn, b.String())
					w.conn.(interface{ CloseWrite() error }).CloseWrite()
				})
				text, err := io.ReadAll(w.in)
				w.conn.Close()
				sending.Wait()
				if strings.Contains(string(text), "SERVERBUG") || strings.Contains(string(text), "nternal error") {
					t.Errorf("%q\n%.2000q", b.String(), text)
				}
				if netErr, ok := err.(interface{ Timeout() bool }); ok && netErr.Timeout() {
					t.Errorf("no end after %q: %.500q", b.String(), text)
				}
			}
		})
	}
	if log := s.log.String(); strings.Contains(log, "panic") {
		t.Error("a panic is in the log")
	}
	if reply := s.smtpSession(t, "smtp").deliver(alice, fmt.Sprintf("Subject: number %d\r\n\r\nhello", 1)); !strings.HasPrefix(reply, "250 ") {
		t.Error(reply)
	}
}
