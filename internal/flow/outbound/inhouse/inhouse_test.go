package inhouse_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/smtp"
)

const (
	ann  = "ann@example.test"
	bob  = "bob@example.test"
	full = "full@example.test"
	text = "From: far@elsewhere.test\r\nSubject: hi\r\n\r\nhello\r\n"
)

func start(t *testing.T) *mailtest.Server {
	return mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}, {Address: bob}, {Address: full, Quota: 40}},
	})
}

// attempts returns what the queue has left for each recipient after the last
// attempt of all, with that attempt's outcome.
func attempts(t *testing.T, s *mailtest.Server, n int) map[string]string {
	t.Helper()
	if _, err := s.Admin().RetryQueued(t.Context(), admin.QueueFilter{}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		queued, err := s.Admin().Queued(t.Context(), admin.QueueFilter{})
		if err != nil {
			t.Fatal(err)
		}
		left, tried := make(map[string]string), true
		for _, m := range queued {
			for _, r := range m.Recipients {
				left[r.Address] = r.Last
				tried = tried && r.Attempts > 0
			}
		}
		if tried && len(left) == n {
			return left
		}
	}
	t.Fatal("the queue has not tried")
	return nil
}

// TestNoRoomYet tries again, and delivers when there is room.
func TestNoRoomYet(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := s.Envelope("far@elsewhere.test", text, ann, full)
	m.Size = 0
	if got := s.Send(s.SMTP("smtp"), m); strings.Join(got, " ") != "ok ok" {
		t.Fatal(got)
	}
	if left := attempts(t, s, 1); !strings.Contains(left[full], "The mailbox is full.") {
		t.Errorf("left %v", left)
	}
	if n := len(s.Messages(full, "INBOX")); n > 0 {
		t.Errorf("%d messages where there is no room", n)
	}
}

// TestLater delivers to an account as if the message came now, and tells the
// sender.
func TestLater(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := s.Envelope(ann, "From: "+ann+"\r\n\r\nhello\r\n", bob)
	m.Options.HoldFor = time.Hour
	m.To[0].Options.Notify = smtp.NotifySuccess
	if got := s.Send(s.Submission(ann), m); got[0] != "ok" {
		t.Fatal(got)
	}
	attempts(t, s, 0)
	got := s.Messages(bob, "INBOX")
	if len(got) != 1 || !strings.HasPrefix(got[0], "Return-Path: <ann@example.test>\r\nDelivered-To: bob@example.test\r\nReceived: ") {
		t.Errorf("stored %q", got)
	}
	if reports := s.Messages(ann, "INBOX"); len(reports) != 1 || !strings.Contains(reports[0], "Action: delivered") {
		t.Errorf("reports %q", reports)
	}
}

// TestGone returns a message whose recipient is no more.
func TestGone(t *testing.T) {
	t.Parallel()
	s := start(t)
	m := s.Envelope(ann, "From: "+ann+"\r\n\r\nhello\r\n", bob)
	m.Options.HoldFor = time.Hour
	if got := s.Send(s.Submission(ann), m); got[0] != "ok" {
		t.Fatal(got)
	}
	if err := s.Admin().RemoveAccount(t.Context(), bob); err != nil {
		t.Fatal(err)
	}
	attempts(t, s, 0)
	if reports := s.Messages(ann, "INBOX"); len(reports) != 1 || !strings.Contains(reports[0], "Status: 5.1.1") {
		t.Errorf("reports %q", reports)
	}
}
