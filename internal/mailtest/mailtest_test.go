package mailtest_test

import (
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// TestWholeWay sends a message in by SMTP and reads it by IMAP and POP3, before
// and after a restart.
func TestWholeWay(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{Accounts: []mailtest.Account{{Address: "ann@example.test"}}})
	const text = "Subject: hi\r\n\r\n.hello\r\n"
	s.Deliver("bob@far.test", "ann@example.test", text)
	for range 2 {
		got := s.Messages("ann@example.test", "INBOX")
		if len(got) != 1 || !strings.HasSuffix(got[0], text) {
			t.Fatalf("INBOX has %q", got)
		}
		drop := s.Maildrop("ann@example.test")
		if n, _, err := drop.Stat(t.Context()); n != 1 || err != nil {
			t.Fatalf("STAT: %d, %v", n, err)
		}
		if popped := s.Retrieve(drop, 1); popped != got[0] {
			t.Fatalf("POP3 has %q, IMAP %q", popped, got[0])
		}
		if err := drop.Quit(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Restart()
	}
}
