package smtpsession_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/sasl"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpclient"
)

// mail is a user's message that lacks nothing.
const mail = "From: ann@example.test\r\nDate: Mon, 4 May 2026 03:02:01 +0000\r\nMessage-ID: <1@example.test>\r\n\r\nhello\r\n"

func startHouse(t *testing.T) (*mailtest.Server, *mailtest.Elsewhere) {
	far := mailtest.NewElsewhere()
	s := mailtest.Start(t, mailtest.Options{
		Accounts:  []mailtest.Account{{Address: ann, Others: []string{"anna@example.test"}}, {Address: bob}, {Address: full, Quota: 40}},
		Aliases:   []mailtest.Alias{{Address: "sales@example.test", Targets: []string{ann}}, {Address: "away@example.test", Targets: []string{"y@far.test", bob}}},
		Elsewhere: map[string]*mailtest.Elsewhere{"192.0.2.1:25": far},
		Zones:     mailtest.Zone("far.test", "192.0.2.1"),
	})
	return s, far
}

func TestSubmissionNeedsLogin(t *testing.T) {
	t.Parallel()
	s, _ := startHouse(t)
	expect(t, s.Send(s.SMTP("submission"), s.Envelope(ann, mail, bob)), "530 5.7.0")
}

func TestSenderOfAUser(t *testing.T) {
	t.Parallel()
	s, _ := startHouse(t)
	c := s.Submission("anna@example.test")
	for from, want := range map[string]string{
		ann: "ok", "ann+x@example.test": "ok", "anna@example.test": "ok", "sales@example.test": "ok", "": "ok",
		bob: "550 5.7.1", far: "550 5.7.1", "nobody@example.test": "550 5.7.1",
	} {
		if got := s.Send(c, s.Envelope(from, mail, bob)); !strings.Contains(got[0], want) {
			t.Errorf("MAIL FROM:<%s>: %q, want %s", from, got, want)
		}
	}
	for header, want := range map[string]string{
		"From: ann@example.test\r\nSender: sales@example.test": "ok",
		"From: bob@example.test":                               "550 5.7.1",
		"From: ann@example.test\r\nSender: bob@example.test":   "550 5.7.1",
		"From: ann@example.test, bob@example.test":             "550 5.7.1",
		"Subject: of nobody":                                   "554 5.6.0",
		"From: ann@example.test\r\nFrom: ann@example.test":     "554 5.6.0",
		"From: all: ann@example.test;":                         "554 5.6.0",
	} {
		if got := s.Send(c, s.Envelope(ann, header+"\r\n\r\nhello\r\n", bob)); !strings.Contains(got[0], want) {
			t.Errorf("%q: %q, want %s", header, got, want)
		}
	}
}

// TestCompletion wants what is missing in front of a message that is itself
// not changed.
func TestCompletion(t *testing.T) {
	t.Parallel()
	s, _ := startHouse(t)
	const bare = "Subject: bare\r\nFrom: ann@example.test\r\n\r\nhello\r\n"
	c := s.Submission(ann)
	expect(t, s.Send(c, s.Envelope(ann, bare, bob)), "ok")
	expect(t, s.Send(c, s.Envelope(ann, mail, bob)), "ok")
	const trace = `^Return-Path: <ann@example\.test>\r\nDelivered-To: <?bob@example\.test>?\r\n` +
		`Received: from client\.far\.test \(\[127\.0\.0\.1\]\)\r\n\tby \S+ \(Mailstead\) with ESMTPSA id \S+\r\n` +
		`\t\(TLS 1\.3 TLS_\w+\)\r\n\tfor <bob@example\.test>;\r\n\t[^\r]+\r\n`
	got := s.Messages(bob, "INBOX")
	want := regexp.MustCompile(trace + `Date: [^\r]+\r\nMessage-ID: <\S+@mail\.example\.test>\r\n` + regexp.QuoteMeta(bare) + "$")
	if !want.MatchString(got[0]) {
		t.Errorf("bare: stored %q, want %s", got[0], want)
	}
	if want := regexp.MustCompile(trace + regexp.QuoteMeta(mail) + "$"); !want.MatchString(got[1]) {
		t.Errorf("whole: stored %q, want %s", got[1], want)
	}
}

func TestUserSendsHereAndElsewhere(t *testing.T) {
	t.Parallel()
	s, far := startHouse(t)
	got := s.Send(s.Submission(ann), s.Envelope(ann, mail, bob, "x@far.test", "away@example.test", "nobody@example.test"))
	expect(t, got, "ok", "ok", "ok", "550 5.1.1")
	received, err := far.Wait(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	m := received[0]
	if m.From != ann || strings.Join(m.To, " ") != "x@far.test y@far.test" {
		t.Errorf("sent from %s to %v", m.From, m.To)
	}
	if !strings.HasPrefix(m.Text, "Received: from client.far.test") || !strings.HasSuffix(m.Text, mail) {
		t.Errorf("sent %q", m.Text)
	}
	count(t, s, map[string]int{bob: 1})
}

// TestNoRoomForOneOfTwo: the message goes out, and waits for who has no room.
func TestNoRoomForOneOfTwo(t *testing.T) {
	t.Parallel()
	s, far := startHouse(t)
	m := s.Envelope(ann, mail, "x@far.test", full)
	m.Size = 0
	expect(t, s.Send(s.Submission(ann), m), "ok", "ok")
	if _, err := far.Wait(t.Context(), 1); err != nil {
		t.Error(err)
	}
	if got := waiting(t, s); !slices.Contains(got, full) {
		t.Errorf("in the queue for %v", got)
	}
}

// TestHeaderTooLong hides a second author behind what is looked at.
func TestHeaderTooLong(t *testing.T) {
	t.Parallel()
	s, _ := startHouse(t)
	long := strings.Repeat("X-Pad: 0123456789abcdef0123456789abcdef\r\n", 30_000)
	expect(t, s.Send(s.Submission(ann), s.Envelope(ann, "From: ann@example.test\r\n"+long+"From: bob@example.test\r\n\r\nhello\r\n", bob)), "554 5.6.0")
}

func TestSubmissionLogin(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, client := range map[string]func(user, password string) sasl.Client{
		"PLAIN":         func(u, p string) sasl.Client { return sasl.NewPlainClient("", u, p) },
		"LOGIN":         sasl.NewLoginClient,
		"SCRAM-SHA-256": func(u, p string) sasl.Client { return sasl.NewSCRAMClient("", u, p) },
	} {
		for _, c := range []struct {
			user, password string
			want           int
		}{
			{ann, mailtest.Password, 0},
			{ann, "wrong", 535},
			{"nobody@example.test", mailtest.Password, 535},
			{"gone@example.test", mailtest.Password, 525},
		} {
			err := s.SMTP("submission").Auth(t.Context(), client(c.user, c.password))
			var reply *smtpclient.ReplyError
			if c.want == 0 && err != nil || c.want != 0 && (!errors.As(err, &reply) || reply.Reply.Code != c.want) {
				t.Errorf("%s as %s with %q: %v, want %d", name, c.user, c.password, err, c.want)
			}
		}
	}
}

func TestNoPasswordsInTheClear(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *config.Config) { c.Auth.AllowInsecure = false })
	c := s.SMTP("submission")
	if names := c.Extensions().AuthMechanisms(); len(names) > 0 {
		t.Errorf("AUTH %q without TLS", names)
	}
	if err := c.StartTLS(t.Context(), s.TLS()); err != nil {
		t.Fatal(err)
	}
	if !c.Extensions().Has(smtp.Auth) {
		t.Fatal("no AUTH with TLS")
	}
	if err := c.Auth(t.Context(), sasl.NewPlainClient("", ann, mailtest.Password)); err != nil {
		t.Error(err)
	}
	expect(t, s.Send(c, s.Envelope(ann, mail, bob)), "ok")
}
