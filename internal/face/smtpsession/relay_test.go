package smtpsession_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
)

const (
	ann  = "ann@example.test"
	bob  = "bob@example.test"
	full = "full@example.test"
	far  = "far@elsewhere.test"
	text = "From: far@elsewhere.test\r\nSubject: hi\r\n\r\nhello\r\n"
)

func start(t *testing.T, change ...func(*config.Config)) *mailtest.Server {
	return mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{
			{Address: ann}, {Address: bob}, {Address: full, Quota: 40}, {Address: "gone@example.test", Disabled: true},
		},
		Aliases: []mailtest.Alias{
			{Address: "both@example.test", Targets: []string{ann, bob}},
			{Address: "three@example.test", Targets: []string{ann, bob, full}},
			{Address: "loose@example.test", Targets: []string{"nobody@example.test"}},
		},
		Config: func(c *config.Config) {
			for _, f := range change {
				f(c)
			}
		},
	})
}

// expect compares outcomes: each must contain the wanted words.
func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("outcomes %q, want %q", got, want)
	}
	for i := range got {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("recipient %d: %q, want %q", i, got[i], want[i])
		}
	}
}

func count(t *testing.T, s *mailtest.Server, want map[string]int) {
	t.Helper()
	for user, n := range want {
		if got := s.Messages(user, "INBOX"); len(got) != n {
			t.Errorf("%s has %d messages, want %d", user, len(got), n)
		}
	}
}

func TestRecipientsOfAStranger(t *testing.T) {
	t.Parallel()
	s := start(t)
	got := s.Send(s.SMTP("smtp"), s.Envelope(far, text,
		ann, "ann+detail@example.test", "both@example.test", "nobody@example.test", "loose@example.test", "gone@example.test", "x@far.test"))
	expect(t, got, "ok", "ok", "ok", "550 5.1.1", "550 5.1.1", "550 5.2.1", "550 5.7.1")
	count(t, s, map[string]int{ann: 1, bob: 1})
}

func TestTraceOfAStranger(t *testing.T) {
	t.Parallel()
	s := start(t)
	expect(t, s.Send(s.SMTP("smtp"), s.Envelope(far, text, "Ann+List@example.test")), "ok")
	want := regexp.MustCompile(`^Return-Path: <far@elsewhere\.test>\r\nDelivered-To: \S+\r\n` +
		`Received: from client\.far\.test \(\[127\.0\.0\.1\]\)\r\n\tby mail\.example\.test \(Mailstead\) with ESMTP id [A-Z2-7]{13}\r\n` +
		`\tfor <Ann\+List@example\.test>;\r\n\t[^\r]+\r\n` + regexp.QuoteMeta(text) + `$`)
	if got := s.Messages(ann, "INBOX")[0]; !want.MatchString(got) {
		t.Errorf("stored %q, want %s", got, want)
	}
	// Of several recipients none may learn of the others.
	expect(t, s.Send(s.SMTP("smtp"), s.Envelope(far, text, ann, bob)), "ok", "ok")
	if got := s.Messages(bob, "INBOX")[0]; strings.Contains(got, ann) || strings.Contains(got, "\tfor ") {
		t.Errorf("the copy of bob tells of others: %q", got)
	}
}

func TestBounceToUser(t *testing.T) {
	t.Parallel()
	s := start(t)
	expect(t, s.Send(s.SMTP("smtp"), s.Envelope("", text, ann)), "ok")
	if got := s.Messages(ann, "INBOX")[0]; !strings.HasPrefix(got, "Return-Path: <>\r\n") {
		t.Errorf("stored %q", got)
	}
}

// TestOneReplyForAll has SMTP accept a message when it is safe for everyone: one
// who has no room waits in the queue, so that nobody gets it twice.
func TestOneReplyForAll(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.SMTP("smtp")
	m := s.Envelope(far, text, ann, full, bob)
	m.Size = 0 // not told beforehand
	expect(t, s.Send(c, m), "ok", "ok", "ok")
	count(t, s, map[string]int{ann: 1, bob: 1, full: 0})
	expect(t, s.Send(c, s.Envelope(far, text, "three@example.test")), "ok")
	count(t, s, map[string]int{ann: 2, bob: 2, full: 0})
	if got := waiting(t, s); len(got) != 2 || got[0] != full || got[1] != full {
		t.Errorf("in the queue for %v", got)
	}
	// Where the size is told, only the one is put off; and where there is
	// nobody else, the client is told.
	expect(t, s.Send(c, s.Envelope(far, text, ann, full)), "ok", "452 4.2.2")
	alone := s.Envelope(far, text, full)
	alone.Size = 0
	expect(t, s.Send(c, alone), "452 4.2.2")
	count(t, s, map[string]int{ann: 3, full: 0})
}

// waiting returns whom the queue has messages for.
func waiting(t *testing.T, s *mailtest.Server) []string {
	t.Helper()
	queued, err := s.Admin().Queued(t.Context(), admin.QueueFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range queued {
		for _, r := range m.Recipients {
			all = append(all, r.Address)
		}
	}
	return all
}

// TestReplyForEach has LMTP answer for each recipient (RFC 2033 §4.2).
func TestReplyForEach(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.SMTP("lmtp")
	m := s.Envelope(far, text, ann, full, "nobody@example.test", "x@far.test", bob, "three@example.test")
	m.Size = 0
	expect(t, s.Send(c, m), "ok", "452 4.2.2", "550 5.1.1", "550 5.7.1", "ok", "452 4.2.2")
	count(t, s, map[string]int{ann: 1, bob: 1, full: 0})
	if got := s.Messages(ann, "INBOX")[0]; !strings.Contains(got, " with LMTP id ") {
		t.Errorf("stored %q", got)
	}
}

// TestAliasIsHeldUpWhole: a reply speaks for all accounts of an alias, and its
// client comes back with the message for all of them.
func TestAliasIsHeldUpWhole(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.SMTP("lmtp")
	expect(t, s.Send(c, s.Envelope(far, text, "three@example.test")), "452 4.2.2")
	count(t, s, map[string]int{ann: 0, bob: 0, full: 0})
	expect(t, s.Send(c, s.Envelope(far, text, "three@example.test", bob, "both@example.test")), "452 4.2.2", "ok", "ok")
	count(t, s, map[string]int{ann: 1, bob: 1, full: 0})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *config.Config) {
		c.Limits.MessageSize, c.Limits.ReceivedFields, c.Limits.Recipients = 1<<16, 3, 2
	})
	long := strings.Repeat("0123456789abcdef0123456789abcde\r\n", 1<<11)
	for _, service := range []string{"smtp", "lmtp"} {
		c := s.SMTP(service)
		m := s.Envelope(far, text+long, ann)
		m.Size = 0
		expect(t, s.Send(c, m), "552 5.3.4")
		loop := strings.Repeat("Received: by x; Mon, 4 May 2026 03:02:01 +0000\r\n", 4)
		c = s.SMTP(service)
		expect(t, s.Send(c, s.Envelope(far, loop+text, ann)), "554 5.4.6")
		expect(t, s.Send(c, s.Envelope(far, text, ann, bob, "gone@example.test")), "ok", "ok", "452 4.5.3")
	}
}

// TestStrangersCannotLogIn wants no AUTH where mail comes from other systems.
func TestStrangersCannotLogIn(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, service := range []string{"smtp", "lmtp"} {
		if names := s.SMTP(service).Extensions().AuthMechanisms(); len(names) > 0 {
			t.Errorf("%s offers %q", service, names)
		}
	}
}

func TestManyTransactions(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.SMTP("smtp")
	for range 3 {
		expect(t, s.Send(c, s.Envelope(far, text, ann)), "ok")
		if err := c.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ids := regexp.MustCompile(` id (\w+)`)
	var seen []string
	for _, m := range s.Messages(ann, "INBOX") {
		seen = append(seen, ids.FindString(m))
	}
	slices.Sort(seen)
	if len(slices.Compact(seen)) != 3 {
		t.Errorf("ids %q", seen)
	}
}
