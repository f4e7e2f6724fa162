package server_test

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
)

const mail = "From: ann@example.test\r\nDate: Mon, 4 May 2026 03:02:01 +0000\r\nMessage-ID: <1@example.test>\r\nSubject: abroad\r\n\r\nhello\r\n"

// startAbroad starts a server that reaches one other system, with quick
// retries.
func startAbroad(t *testing.T, change ...func(*config.Config)) (*mailtest.Server, *mailtest.Elsewhere) {
	far := mailtest.NewElsewhere()
	s := mailtest.Start(t, mailtest.Options{
		Accounts:  []mailtest.Account{{Address: ann}},
		Elsewhere: map[string]*mailtest.Elsewhere{"192.0.2.1:25": far},
		Zones:     mailtest.Zone("far.test", "192.0.2.1"),
		Config: func(c *config.Config) {
			c.Outbound.Retry = []config.Duration{{Duration: 10 * time.Millisecond}}
			for _, f := range change {
				f(c)
			}
		},
	})
	return s, far
}

func send(t *testing.T, s *mailtest.Server, to string) {
	t.Helper()
	if got := s.Send(s.Submission(ann), s.Envelope(ann, mail, to)); got[0] != "ok" {
		t.Fatal(got)
	}
}

// inbox waits until ann has n messages.
func inbox(t *testing.T, s *mailtest.Server, n int) []string {
	t.Helper()
	c := s.IMAP(ann)
	var view mirror
	view.hear("SELECT", c.OK("SELECT INBOX"), true)
	tag := c.Start("IDLE")
	if line := c.ReadLine(); !strings.HasPrefix(line, "+") {
		t.Fatal(line)
	}
	for len(view.messages) < n {
		line := strings.TrimPrefix(c.ReadLine(), "* ")
		view.hear("IDLE", mailtest.Response{Untagged: []string{line}}, true)
	}
	c.Write("DONE\r\n")
	c.Finish(tag)
	return s.Messages(ann, "INBOX")
}

func TestBounce(t *testing.T) {
	t.Parallel()
	s, far := startAbroad(t)
	far.Refuse("x@far.test", smtp.NewError(550, smtp.EnhancedCode{5, 1, 1}, "Nobody of that name"))
	send(t, s, "x@far.test")
	bounce := inbox(t, s, 1)[0]
	for _, want := range []string{
		"Return-Path: <>\r\n", "Content-Type: multipart/report", "Final-Recipient: rfc822; x@far.test", "Action: failed",
		"Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 Nobody of that name", "Subject: abroad",
	} {
		if !strings.Contains(bounce, want) {
			t.Errorf("no %q in the bounce", want)
		}
	}
	if t.Failed() {
		t.Log(bounce)
	}
	waitEmpty(t, s)
}

func TestDelayNotice(t *testing.T) {
	t.Parallel()
	s, far := startAbroad(t, func(c *config.Config) { c.Outbound.DelayNotice.Duration = time.Millisecond })
	far.Refuse("x@far.test", smtp.NewError(451, smtp.EnhancedCode{4, 2, 0}, "Come back later"))
	send(t, s, "x@far.test")
	notice := inbox(t, s, 1)[0]
	for _, want := range []string{"Action: delayed", "451 4.2.0 Come back later"} {
		if !strings.Contains(notice, want) {
			t.Errorf("no %q in %s", want, notice)
		}
	}
	far.Refuse("x@far.test", nil)
	if _, err := far.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	waitEmpty(t, s)
	if n := len(s.Messages(ann, "INBOX")); n != 1 {
		t.Errorf("%d notices of one delay", n)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	s, far := startAbroad(t, func(c *config.Config) {
		c.Outbound.Lifetime.Duration, c.Outbound.DelayNotice.Duration = 50*time.Millisecond, time.Hour
	})
	far.Refuse("x@far.test", smtp.NewError(451, smtp.EnhancedCode{4, 2, 0}, "Come back later"))
	send(t, s, "x@far.test")
	if bounce := inbox(t, s, 1)[0]; !strings.Contains(bounce, "Action: failed") || !strings.Contains(bounce, "Come back later") {
		t.Errorf("bounce: %s", bounce)
	}
	waitEmpty(t, s)
}

// TestBounceAbroad has the bounce of an alias go to the stranger who wrote.
func TestBounceAbroad(t *testing.T) {
	t.Parallel()
	far := mailtest.NewElsewhere()
	far.Refuse("x@far.test", smtp.NewError(550, smtp.EnhancedCode{5, 1, 1}, "Nobody"))
	s := mailtest.Start(t, mailtest.Options{
		Accounts:  []mailtest.Account{{Address: ann}},
		Aliases:   []mailtest.Alias{{Address: "away@example.test", Targets: []string{"x@far.test"}}},
		Elsewhere: map[string]*mailtest.Elsewhere{"192.0.2.1:25": far},
		Zones:     mailtest.Zone("far.test", "192.0.2.1"),
	})
	s.Deliver("writer@far.test", "away@example.test", mail)
	received, err := far.Wait(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if m := received[0]; m.From != "" || strings.Join(m.To, " ") != "writer@far.test" || !strings.Contains(m.Text, "Action: failed") {
		t.Errorf("bounce: %+v", m)
	}
	waitEmpty(t, s)
	// A bounce that bounces is the end.
	far.Refuse("writer@far.test", smtp.NewError(550, smtp.EnhancedCode{5, 1, 1}, "Nobody"))
	s.Deliver("writer@far.test", "away@example.test", mail)
	waitEmpty(t, s)
	if n := len(s.Messages(ann, "INBOX")) + len(far.Mail()); n != 1 {
		t.Errorf("%d messages came of it", n)
	}
}

// TestRestartWithQueue sends after a restart what could not be sent before.
func TestRestartWithQueue(t *testing.T) {
	t.Parallel()
	s, far := startAbroad(t, func(c *config.Config) { c.Outbound.Retry[0].Duration = time.Hour })
	far.Refuse("x@far.test", smtp.NewError(451, smtp.EnhancedCode{4, 2, 0}, "Come back later"))
	send(t, s, "x@far.test")
	waitTried(t, s)
	s.Restart()
	far.Refuse("x@far.test", nil)
	if n, err := s.Admin().RetryQueued(t.Context(), admin.QueueFilter{Domain: "far.test"}); n != 1 || err != nil {
		t.Fatalf("%d retried, %v", n, err)
	}
	received, err := far.Wait(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(received[0].Text, mail) {
		t.Errorf("sent %q", received[0].Text)
	}
	waitEmpty(t, s)
}

func waitEmpty(t *testing.T, s *mailtest.Server) {
	t.Helper()
	waitQueue(t, s, func(q []admin.QueuedMessage) bool { return len(q) == 0 })
}

// waitTried waits until the one message in the queue has been tried once.
func waitTried(t *testing.T, s *mailtest.Server) {
	t.Helper()
	waitQueue(t, s, func(q []admin.QueuedMessage) bool {
		return len(q) == 1 && q[0].Recipients[0].Attempts == 1 && q[0].Recipients[0].State == "waiting"
	})
}

// waitQueue asks the server for its queue until that is as it should be.
func waitQueue(t *testing.T, s *mailtest.Server, ok func([]admin.QueuedMessage) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		q, err := s.Admin().Queued(ctx, admin.QueueFilter{})
		if err != nil {
			t.Fatalf("%v; the queue has %+v", err, q)
		}
		if ok(q) {
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// TestGuessingIsThrottled guesses at one name after the other: what counts then is
// where the guesses come from.
func TestGuessingIsThrottled(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}},
		Config:   func(c *config.Config) { c.Auth.AllowInsecure = false },
	})
	for i := range 30 {
		c := s.SMTP("submission")
		if err := c.StartTLS(t.Context(), s.TLS()); err != nil {
			t.Fatal(err)
		}
		// An unknown name waits for no one.
		if err := c.Auth(t.Context(), sasl.NewPlainClient("", fmt.Sprintf("user%d@example.test", i), "guess")); err == nil {
			t.Fatal("a guess was right")
		}
		c.Close()
	}
	c := s.SMTP("submission")
	if err := c.StartTLS(t.Context(), s.TLS()); err != nil {
		t.Fatal(err)
	}
	if err := c.Auth(t.Context(), sasl.NewPlainClient("", ann, mailtest.Password)); err == nil {
		t.Error("a network that has guessed too often is listened to")
	}
}

// TestStop wants clients to be told, and nothing to be left open.
func TestStop(t *testing.T) {
	t.Parallel()
	s, _ := startAbroad(t)
	c := s.IMAP(ann)
	c.OK("SELECT INBOX")
	tag := c.Start("IDLE")
	if line := c.ReadLine(); !strings.HasPrefix(line, "+") {
		t.Fatal(line)
	}
	smtpAddr := s.Addr("smtp")
	s.Stop()
	if line, err := c.TryReadLine(); err != nil || !strings.HasPrefix(line, "* BYE") {
		t.Errorf("an idling client (%s) is told %q, %v", tag, line, err)
	}
	if conn, err := net.Dial("tcp", smtpAddr); err == nil {
		conn.Close()
		t.Error("the port is still open")
	}
	if _, err := s.Admin().Domains(t.Context()); err == nil {
		t.Error("the admin socket still answers")
	}
	if !regexp.MustCompile(`msg=stopped`).MatchString(s.Log()) {
		t.Error("the log does not say that the server has stopped")
	}
}

func TestPasswordRuleByPeer(t *testing.T) {
	t.Parallel()
	for insecure, want := range map[bool]bool{true: true, false: false} {
		s := mailtest.Start(t, mailtest.Options{
			Accounts: []mailtest.Account{{Address: ann}},
			Config:   func(c *config.Config) { c.Auth.AllowInsecure = insecure },
		})
		c := s.DialIMAP()
		if got := c.Do("LOGIN " + ann + ` "` + mailtest.Password + `"`).OK(); got != want {
			t.Errorf("allow-insecure %t: a login from loopback without TLS: %t", insecure, got)
		}
		// Behind a proxy the peer is who the proxy says.
		s = mailtest.Start(t, mailtest.Options{
			Accounts: []mailtest.Account{{Address: ann}},
			Config: func(c *config.Config) {
				c.Auth.AllowInsecure, c.IMAP.ProxyTrusted = insecure, []string{"127.0.0.0/8"}
			},
		})
		c = s.ProxyIMAP("PROXY TCP4 192.0.2.7 192.0.2.1 1234 143\r\n")
		if c.Do("LOGIN " + ann + ` "` + mailtest.Password + `"`).OK() {
			t.Errorf("allow-insecure %t: a login from elsewhere without TLS", insecure)
		}
	}
}

// TestRemovedAccount takes an account away from under its sessions.
func TestRemovedAccount(t *testing.T) {
	t.Parallel()
	s, _ := startAbroad(t)
	s.Deliver("writer@far.test", ann, mail)
	idle, selected, outside, drop := s.IMAP(ann), s.IMAP(ann), s.IMAP(ann), s.Maildrop(ann)
	sender := s.Submission(ann)
	idle.OK("SELECT INBOX")
	selected.OK("SELECT INBOX")
	idle.Start("IDLE")
	if line := idle.ReadLine(); !strings.HasPrefix(line, "+") {
		t.Fatal(line)
	}
	if err := s.Admin().RemoveAccount(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	selected.Write("x NOOP\r\n")
	outside.Write("x STATUS INBOX (MESSAGES)\r\n")
	for name, c := range map[string]*mailtest.IMAP{"idling": idle, "selected": selected, "outside": outside} {
		line, err := c.TryReadLine()
		if err != nil || !strings.HasPrefix(line, "* BYE") && !strings.HasPrefix(line, "x NO") {
			t.Errorf("%s: told %q, %v", name, line, err)
		}
	}
	if r, err := drop.Retrieve(t.Context(), 1); err == nil {
		r.Close()
		t.Error("the maildrop of a removed account is still there")
	}
	if err := drop.Quit(t.Context()); err != nil {
		t.Errorf("QUIT: %v", err)
	}
	if got := s.Send(sender, s.Envelope(ann, mail, "x@far.test")); got[0] == "ok" {
		t.Error("a removed account sends")
	}
	if got := s.Send(s.SMTP("smtp"), s.Envelope("", mail, ann)); !strings.Contains(got[0], "550 5.1.1") {
		t.Errorf("mail to a removed account: %q", got)
	}
	if err := s.POP3().Login(t.Context(), ann, mailtest.Password); err == nil {
		t.Error("a removed account logs in")
	}
	if list, err := s.Admin().Accounts(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("accounts: %v, %v", list, err)
	}
}
