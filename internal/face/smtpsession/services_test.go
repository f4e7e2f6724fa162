package smtpsession_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpclient"
)

// TestReportOfSuccess wants "delivered" for those here who asked, and nothing
// for the others (RFC 3461 §5.2.3).
func TestReportOfSuccess(t *testing.T) {
	t.Parallel()
	s, _ := startHouse(t)
	m := s.Envelope(ann, mail, bob, "anna@example.test")
	m.Options.EnvelopeID = "QQ314159"
	m.To[0].Options = smtp.RcptOptions{Notify: smtp.NotifySuccess | smtp.NotifyFailure, OriginalRecipient: "rfc822;Bob@example.test"}
	m.To[1].Options = smtp.RcptOptions{Notify: smtp.NotifyFailure}
	expect(t, s.Send(s.Submission(ann), m), "ok", "ok")
	got := s.Messages(ann, "INBOX") // the message and the report
	if len(got) != 2 {
		t.Fatalf("%d messages: %q", len(got), got)
	}
	for _, want := range []string{
		"Return-Path: <>", "Original-Envelope-Id: QQ314159", "Action: delivered", "Status: 2.1.5",
		"Final-Recipient: rfc822; bob@example.test", "Original-Recipient: rfc822; Bob@example.test", "Message-ID: <1@example.test>",
	} {
		if !strings.Contains(got[1], want) {
			t.Errorf("the report lacks %q: %s", want, got[1])
		}
	}
	if strings.Contains(got[1], "anna@example.test") || strings.Contains(got[1], "\r\nhello\r\n") {
		t.Errorf("the report tells too much: %s", got[1])
	}
}

// TestNoReportOfSuccess: nobody is told of what came with the null path.
func TestNoReportOfSuccess(t *testing.T) {
	t.Parallel()
	s, _ := startHouse(t)
	m := s.Envelope("", text, ann)
	m.To[0].Options.Notify = smtp.NotifySuccess
	expect(t, s.Send(s.SMTP("smtp"), m), "ok")
	count(t, s, map[string]int{ann: 1})
	if got := waiting(t, s); len(got) > 0 {
		t.Errorf("in the queue for %v", got)
	}
}

// TestHeldForLater keeps a message in the queue until its time, for people here
// and elsewhere (RFC 4865 §4).
func TestHeldForLater(t *testing.T) {
	t.Parallel()
	s, far := startHouse(t)
	m := s.Envelope(ann, mail, bob, "x@far.test")
	m.Options.HoldFor = time.Hour
	begin := time.Now()
	expect(t, s.Send(s.Submission(ann), m), "ok", "ok")
	queued, err := s.Admin().Queued(t.Context(), admin.QueueFilter{})
	if err != nil || len(queued) != 1 || len(queued[0].Recipients) != 2 {
		t.Fatalf("queued %v, %v", queued, err)
	}
	for _, r := range queued[0].Recipients {
		if wait := r.Due.Sub(begin); wait < 59*time.Minute || wait > 61*time.Minute {
			t.Errorf("%s is due in %v", r.Address, wait)
		}
	}
	if life := queued[0].Expires.Sub(begin); life < 5*24*time.Hour+59*time.Minute {
		t.Errorf("expires in %v", life)
	}
	count(t, s, map[string]int{bob: 0})
	// An operator may let it go at once, here and elsewhere.
	if _, err := s.Admin().RetryQueued(t.Context(), admin.QueueFilter{}); err != nil {
		t.Fatal(err)
	}
	if _, err := far.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	waitFor(t, s, bob, 1)
}

// waitFor waits until a user has n messages.
func waitFor(t *testing.T, s *mailtest.Server, user string, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if got := s.Messages(user, "INBOX"); len(got) >= n {
			return got
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%s has not got %d messages", user, n)
	return nil
}

// TestHoldIsForUsers: servers cannot ask for it (RFC 4865 §2).
func TestHoldIsForUsers(t *testing.T) {
	t.Parallel()
	s, _ := startHouse(t)
	for _, service := range []string{"smtp", "lmtp"} {
		if s.SMTP(service).Extensions().Has(smtp.FutureRelease) {
			t.Errorf("%s offers FUTURERELEASE", service)
		}
	}
	m := s.Envelope(ann, mail, bob)
	m.Options.HoldFor = 31 * 24 * time.Hour
	expect(t, s.Send(s.Submission(ann), m), "554 5.3.3")
}

// TestOwnerChanged refuses a message for who had the address before, by the
// parameter and by the header field (RFC 7293 §5).
func TestOwnerChanged(t *testing.T) {
	t.Parallel()
	s, _ := startHouse(t)
	c := s.SMTP("smtp")
	for _, one := range []struct {
		since time.Time
		want  string
	}{{time.Now().Add(-24 * time.Hour), "550 5.7.17"}, {time.Now().Add(24 * time.Hour), "ok"}} {
		m := s.Envelope(far, text, ann)
		m.To[0].Options.ValidSince.Time = one.since
		expect(t, s.Send(c, m), one.want)
		field := "Require-Recipient-Valid-Since: Ann@example.test; " + one.since.Format(time.RFC1123Z) + "\r\n"
		expect(t, s.Send(c, s.Envelope(far, field+text, ann)), one.want)
		expect(t, s.Send(c, s.Envelope(far, field+text, bob)), "ok")
		// The parameter takes precedence over the field.
		m = s.Envelope(far, field+text, ann)
		m.To[0].Options.ValidSince.Time = time.Now().Add(24 * time.Hour)
		expect(t, s.Send(c, m), "ok")
	}
}

// TestPriority lowers a stranger's haste and keeps a user's (RFC 6710 §5).
func TestPriority(t *testing.T) {
	t.Parallel()
	s, _ := startHouse(t)
	reply := func(c *smtpclient.Client, from string, priority int8) string {
		m := s.Envelope(from, mail, bob)
		m.Options.Priority = priority
		outcomes, err := c.Send(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		return outcomes[0].Reply.String()
	}
	stranger := s.SMTP("smtp")
	if got := reply(stranger, far, 3); !strings.HasPrefix(got, "250 2.3.6 ") || !strings.HasSuffix(got, "; 0 is the new priority") {
		t.Errorf("a stranger in haste: %s", got)
	}
	for _, got := range []string{reply(stranger, far, -3), reply(stranger, far, 0), reply(s.Submission(ann), ann, 3)} {
		if !strings.HasPrefix(got, "250 2.0.0 ") {
			t.Errorf("priority as asked for: %s", got)
		}
	}
}

// TestSolicitation refuses a stranger's message of an unwanted class, by the
// parameter and by the header field (RFC 3865 §4).
func TestSolicitation(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *config.Config) { c.ESMTP.NoSoliciting = []string{"net.example:ADV", "org.example:ADV:ADLT"} })
	c := s.SMTP("smtp")
	if got := c.Extensions()[smtp.NoSoliciting]; got != "net.example:ADV,org.example:ADV:ADLT" {
		t.Errorf("announced %q", got)
	}
	m := s.Envelope(far, text, ann)
	m.Options.Solicit = "org.example:ADV:ADLT"
	expect(t, s.Send(c, m), "550 5.7.1")
	m = s.Envelope(far, text, ann)
	m.Options.Solicit = "org.example:ADV"
	expect(t, s.Send(c, m), "ok")
	expect(t, s.Send(c, s.Envelope(far, "Solicitation: com.example:X ,\r\n net.example:adv\r\n"+text, ann)), "550 5.7.1")
	expect(t, s.Send(c, s.Envelope(far, "Solicitation: com.example:X\r\n"+text, ann)), "ok")
	if start(t).SMTP("smtp").Extensions().Has(smtp.NoSoliciting) {
		t.Error("NO-SOLICITING is announced without a setting")
	}
}

// TestRequireTLS takes such a message for people here, and does not send it to a
// host that does not keep the demand (RFC 8689 §4.2.1).
func TestRequireTLS(t *testing.T) {
	t.Parallel()
	s, elsewhere := startHouse(t)
	if s.SMTP("smtp").Extensions().Has(smtp.RequireTLS) {
		t.Error("REQUIRETLS is announced in the clear")
	}
	m := s.Envelope(ann, mail, bob, "x@far.test")
	m.Options.RequireTLS = true
	expect(t, s.Send(s.Submission(ann), m), "ok", "ok")
	count(t, s, map[string]int{bob: 1})
	report := waitFor(t, s, ann, 1)[0]
	if !strings.Contains(report, "Status: 5.7.") || len(elsewhere.Mail()) > 0 {
		t.Errorf("sent %v, reported %s", elsewhere.Mail(), report)
	}
}

// TestRates holds a user to what one account may send, and tells until when.
func TestRates(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *config.Config) {
		c.Sending = config.Sending{MessagesPerHour: 3, RecipientsPerHour: 4, RecipientsPerDay: 5, ReceivedPerHour: 4}
	})
	c := s.Submission(ann)
	expect(t, s.Send(c, s.Envelope(ann, mail, bob, ann)), "ok", "ok")
	got := s.Send(c, s.Envelope(ann, mail, bob, ann, bob))
	expect(t, got, "ok", "ok", "450 4.7.1 You may send 4 recipients per hour, try again after 20")
	expect(t, s.Send(c, s.Envelope(ann, mail, ann)), "450 4.7.1")
	expect(t, s.Send(c, s.Envelope(ann, mail, bob)), "450 4.7.1 You may send 3 messages per hour, try again after 20")
	// What a stranger sends counts for who gets it.
	expect(t, s.Send(s.SMTP("smtp"), s.Envelope(far, text, bob)), "ok")
	expect(t, s.Send(s.SMTP("smtp"), s.Envelope(far, text, bob)), "450 4.2.1")
	expect(t, s.Send(s.SMTP("smtp"), s.Envelope(far, text, ann)), "ok")
}

// TestVerify answers VRFY and EXPN where they are switched on.
func TestVerify(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *config.Config) { c.ESMTP.VRFY, c.ESMTP.EXPN = true, true })
	got := s.Talk("smtp", "EHLO x", "VRFY <ann@example.test>", "VRFY nobody@example.test", "VRFY x@far.test", "VRFY ann",
		"EXPN both@example.test", "EXPN gone@example.test")
	want := []string{
		"250 2.1.5 <ann@example.test>", "550 5.1.1", "550 5.7.1", "553 5.1.3",
		"250-2.1.5 <ann@example.test>\r\n250 2.1.5 <bob@example.test>", "550 5.2.1",
	}
	for i, w := range want {
		if !strings.HasPrefix(got[i+1], w) {
			t.Errorf("answer %d: %q, want %q", i, got[i+1], w)
		}
	}
}

// TestStartQueue answers ETRN for the domains and clients that are configured.
func TestStartQueue(t *testing.T) {
	t.Parallel()
	closed := mailtest.NewElsewhere()
	closed.Refuse("x@far.test", smtp.NewError(450, smtp.EnhancedCode{4, 2, 0}, "Not now"))
	s := mailtest.Start(t, mailtest.Options{
		Accounts:  []mailtest.Account{{Address: ann}},
		Elsewhere: map[string]*mailtest.Elsewhere{"192.0.2.1:25": closed},
		Zones:     mailtest.Zone("far.test", "192.0.2.1"),
		Config: func(c *config.Config) {
			c.ESMTP.ETRNDomains, c.ESMTP.ETRNClients = []string{"far.test"}, []string{"127.0.0.0/8"}
		},
	})
	m := s.Envelope(ann, mail, "x@far.test")
	m.Options.HoldFor = time.Hour
	expect(t, s.Send(s.Submission(ann), m), "ok")
	got := s.Talk("smtp", "EHLO x", "ETRN example.test", "ETRN sub.far.test", "ETRN far.test")
	if !strings.HasPrefix(got[1], "459 ") || !strings.HasPrefix(got[2], "251 ") || !strings.HasPrefix(got[3], "253 OK, 1 pending messages for node far.test started") {
		t.Errorf("answers %q", got)
	}
	if start(t).SMTP("smtp").Extensions().Has(smtp.ETRN) {
		t.Error("ETRN is announced without a setting")
	}
}

// TestProxies lets a trusted proxy speak for a client, and nobody else.
func TestProxies(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *config.Config) {
		c.ESMTP.XClientTrusted, c.ESMTP.XForwardTrusted = []string{"127.0.0.0/8"}, []string{"127.0.0.0/8"}
	})
	got := s.Talk("smtp", "EHLO x",
		"XCLIENT ADDR=192.0.2.77 NAME=client.example HELO=its.name", "EHLO x", "MAIL FROM:<"+far+">", "RCPT TO:<"+ann+">", "DATA", text+".",
		"XCLIENT ADDR=192.0.2.78 LOGIN=nobody@example.test")
	if !strings.HasPrefix(got[6], "250 ") || !strings.HasPrefix(got[7], "554 ") {
		t.Errorf("answers %q", got)
	}
	if m := s.Messages(ann, "INBOX"); len(m) != 1 || !strings.Contains(m[0], "Received: from its.name ([192.0.2.77])\r\n") {
		t.Errorf("stored %q", m)
	}
	// A user whom the proxy has authenticated may send elsewhere, in her name.
	got = s.Talk("smtp", "EHLO x", "XCLIENT LOGIN="+ann, "EHLO x", "MAIL FROM:<"+bob+">", "MAIL FROM:<"+ann+">", "RCPT TO:<x@far.test>")
	if !strings.HasPrefix(got[3], "550 5.7.1") || !strings.HasPrefix(got[5], "250 ") {
		t.Errorf("answers %q", got)
	}
	got = s.Talk("smtp", "EHLO x", "XFORWARD NAME=client.example ADDR=192.0.2.79 IDENT=q7", "MAIL FROM:<"+far+">", "RCPT TO:<"+ann+">", "DATA", text+".")
	if !strings.HasPrefix(got[5], "250 ") || !strings.Contains(s.Log(), "forwarded-addr=192.0.2.79:0") || !strings.Contains(s.Log(), "forwarded-ident=q7") {
		t.Errorf("answers %q, and the log does not tell", got)
	}
	e := start(t).SMTP("smtp").Extensions()
	if e.Has(smtp.XClient) || e.Has(smtp.XForward) {
		t.Error("strangers are trusted")
	}
}
