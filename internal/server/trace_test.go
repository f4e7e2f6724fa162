package server_test

import (
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/model/journal"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/smtp"
)

// trace returns the one journey that a name belongs to.
func trace(t *testing.T, s *mailtest.Server, name string) journal.Journey {
	t.Helper()
	found, err := s.Admin().Trace(t.Context(), name, 10)
	if err != nil || len(found) != 1 {
		t.Fatalf("%d journeys of %q, %v: %+v", len(found), name, err, found)
	}
	return found[0]
}

// words describes a journey in a line for each recipient of each event.
func words(j journal.Journey) string {
	var lines []string
	for _, e := range j {
		for _, r := range e.Recipients {
			lines = append(lines, string(e.Kind)+" "+r.Address+" "+string(r.Outcome))
		}
	}
	return strings.Join(lines, "\n")
}

// TestTraceTwoHops sends a message that the next hop puts off, then takes. The
// server is started anew in between.
func TestTraceTwoHops(t *testing.T) {
	t.Parallel()
	s, far := startAbroad(t, func(c *config.Config) { c.Outbound.Retry = []config.Duration{{Duration: time.Hour}} })
	far.Refuse("x@far.test", smtp.NewError(450, smtp.EnhancedCode{4, 2, 0}, "Come back later"))
	if got := s.Send(s.Submission(ann), s.Envelope(ann, mail, "x@far.test", ann)); got[0] != "ok" {
		t.Fatal(got)
	}
	waitTried(t, s)
	far.Refuse("x@far.test", nil)
	s.Restart()
	if _, err := s.Admin().RetryQueued(t.Context(), admin.QueueFilter{}); err != nil {
		t.Fatal(err)
	}
	if _, err := far.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	waitEmpty(t, s)

	j := trace(t, s, "<1@example.test>")
	want := "received x@far.test queued\nreceived ann@example.test stored\nattempt x@far.test deferred\nattempt x@far.test delivered"
	if got := words(j); got != want {
		t.Fatalf("the journey is\n%s\nwant\n%s", got, want)
	}
	received, first, second := j[0], j[1], j[2]
	if p := received.Peer; p.User != ann || p.With != "ESMTPSA" || !strings.HasPrefix(p.TLS, "TLS 1.3 ") || !strings.HasPrefix(p.Address, "127.0.0.1:") || p.Name != "client.far.test" {
		t.Errorf("received from %+v", p)
	}
	if received.Size != int64(len(mail)) || received.Sender != ann || received.Queue == "" || received.Queue != first.Queue {
		t.Errorf("received %+v", received)
	}
	if r := received.Recipients[1]; r.Account != ann || r.Mailbox != "INBOX" {
		t.Errorf("stored %+v", r)
	}
	if r := first.Recipients[0]; r.Reply != "450 4.2.0 Come back later" || r.Next.Sub(first.Time) < 30*time.Minute {
		t.Errorf("first attempt: %+v", r)
	}
	if second.Peer.Name != "mx.far.test" || second.Peer.Address != "192.0.2.1:25" || !strings.HasPrefix(second.Recipients[0].Reply, "250 ") {
		t.Errorf("second attempt: %+v", second)
	}
	for _, name := range []string{received.Transaction, received.Queue, ann, "X@far.test"} {
		if got := words(trace(t, s, name)); got != want {
			t.Errorf("by %q the journey is\n%s", name, got)
		}
	}
	if found, err := s.Admin().Trace(t.Context(), "nobody@far.test", 1); err != nil || len(found) != 0 {
		t.Errorf("of nobody: %v, %v", found, err)
	}
}

// TestTraceNotified has the sender be told of a failure.
func TestTraceNotified(t *testing.T) {
	t.Parallel()
	s, far := startAbroad(t)
	far.Refuse("x@far.test", smtp.NewError(550, smtp.EnhancedCode{5, 1, 1}, "Nobody of that name"))
	send(t, s, "x@far.test")
	inbox(t, s, 1)
	waitEmpty(t, s)
	j := trace(t, s, "1@example.test")
	if got, want := words(j), "received x@far.test queued\nattempt x@far.test failed\nnotified x@far.test failed"; got != want {
		t.Fatalf("the journey is\n%s", got)
	}
	if e := j[2]; e.Sender != ann || e.Notice != "" || !strings.Contains(e.Recipients[0].Reply, "Nobody of that name") {
		t.Errorf("notified %+v", e)
	}
}

// TestTraceRefused offers what is not taken.
func TestTraceRefused(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}}})
	s.Talk("smtp", "EHLO far.test", "MAIL FROM:<one@far.test>", "RCPT TO:<nobody@example.test>", "RSET")
	got := s.Send(s.SMTP("smtp"), s.Envelope("two@far.test", mail, "nobody@example.test", ann))
	if got[1] != "ok" {
		t.Fatal(got)
	}
	c := s.Submission(ann)
	s.Send(c, s.Envelope(ann, "Subject: no author\r\n\r\n", "x@far.test"))
	s.Send(c, s.Envelope("other@example.test", mail, "x@far.test"))
	for name, want := range map[string]string{
		"one@far.test":       "refused nobody@example.test failed",
		"two@far.test":       "received nobody@example.test failed\nreceived ann@example.test stored",
		"x@far.test":         "refused x@far.test failed",
		"other@example.test": "",
	} {
		if got := words(trace(t, s, name)); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
	if reply := trace(t, s, "x@far.test")[0].Reply; !strings.Contains(reply, "From field") {
		t.Errorf("refused with %q", reply)
	}
	if reply := trace(t, s, "other@example.test")[0].Reply; !strings.HasPrefix(reply, "550 5.7.1 ") {
		t.Errorf("refused with %q", reply)
	}
}

// TestTraceProbes wants a client that tries out addresses to be noted a few
// times only.
func TestTraceProbes(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}}})
	lines := []string{"EHLO prober.test"}
	for range 6 {
		lines = append(lines, "MAIL FROM:<p@far.test>")
		for range 5 {
			lines = append(lines, "RCPT TO:<nobody@example.test>")
		}
		lines = append(lines, "RSET")
	}
	s.Talk("smtp", lines...)
	found, err := s.Admin().Trace(t.Context(), "p@far.test", 100)
	if err != nil || len(found) > 3 || len(found) == 0 {
		t.Errorf("%d journeys, %v", len(found), err)
	}
}

// TestTraceOff wants nothing to be kept, and the command line told so.
func TestTraceOff(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}},
		Config:   func(c *config.Config) { c.Trace.Keep.Duration = 0 },
	})
	s.Deliver("far@elsewhere.test", ann, mail)
	if _, err := s.Admin().Trace(t.Context(), ann, 1); err == nil || !strings.Contains(err.Error(), "trace.keep") {
		t.Errorf("answered %v", err)
	}
}
