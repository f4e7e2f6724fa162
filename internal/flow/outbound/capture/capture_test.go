package capture_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/mailtest"
)

const (
	ann  = "ann@example.test"
	bob  = "bob@example.test"
	text = "From: ann@example.test\r\nDate: Mon, 4 May 2026 03:02:01 +0000\r\nMessage-ID: <1@example.test>\r\n\r\nhello\r\n"
)

func start(t *testing.T) *mailtest.Server {
	return mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}, {Address: bob}},
		Aliases:  []mailtest.Alias{{Address: "away@example.test", Targets: []string{"x@far.test"}}},
		Capture:  true,
	})
}

// captured waits for a message in a user's mailbox Outbound.
func captured(t *testing.T, s *mailtest.Server, user string) string {
	t.Helper()
	c := s.IMAP(user)
	defer c.Close()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if c.Do(`STATUS Outbound (MESSAGES)`).OK() {
			return s.Messages(user, "Outbound")[0]
		}
	}
	t.Fatalf("nothing in the Outbound of %s", user)
	return ""
}

func TestSubmitted(t *testing.T) {
	t.Parallel()
	s := start(t)
	got := s.Send(s.Submission(ann), s.Envelope(ann, text, "x@far.test", bob, "y@far.test"))
	if strings.Join(got, " ") != "ok ok ok" {
		t.Fatal(got)
	}
	want := "X-Envelope-From: <ann@example.test>\r\nX-Envelope-To: <x@far.test>\r\nX-Envelope-To: <y@far.test>\r\nReceived: "
	kept := captured(t, s, ann)
	if !strings.HasPrefix(kept, want) || !strings.HasSuffix(kept, text) {
		t.Errorf("kept %q", kept)
	}
	if n := len(s.Messages(bob, "INBOX")); n != 1 {
		t.Errorf("%d messages for the recipient in the house", n)
	}
}

// TestForwarded has mail of a stranger leave by an alias: the first account is
// the postmaster's.
func TestForwarded(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Deliver("far@elsewhere.test", "away@example.test", text)
	if kept := captured(t, s, ann); !strings.HasPrefix(kept, "X-Envelope-From: <far@elsewhere.test>\r\nX-Envelope-To: <x@far.test>\r\n") {
		t.Errorf("kept %q", kept)
	}
}
