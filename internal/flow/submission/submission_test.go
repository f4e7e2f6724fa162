package submission_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/flow/submission"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/message"
)

var now = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

func newClerk(t *testing.T) (*submission.Clerk, *mailtest.Models) {
	m := mailtest.NewModels(t, []mailtest.Account{
		{Address: "ann@example.test", Others: []string{"anna@example.test"}},
		{Address: "bob@example.test"},
	},
		mailtest.Alias{Address: "sales@example.test", Targets: []string{"desk@example.test"}},
		mailtest.Alias{Address: "desk@example.test", Targets: []string{"ann@example.test", "x@far.test"}},
		mailtest.Alias{Address: "bobs@example.test", Targets: []string{"bob@example.test"}})
	return &submission.Clerk{Directory: m.Directory, Hostname: "mail.example.test", Now: func() time.Time { return now }}, m
}

func TestCheckSender(t *testing.T) {
	t.Parallel()
	clerk, m := newClerk(t)
	for from, want := range map[string]error{
		"ann@example.test":       nil,
		"Ann@Example.TEST":       nil,
		"anna@example.test":      nil,
		"ann+shop@example.test":  nil,
		"sales@example.test":     nil,
		"desk@example.test":      nil,
		"bob@example.test":       submission.ErrSender,
		"bobs@example.test":      submission.ErrSender,
		"bob+ann@example.test":   submission.ErrSender,
		"nobody@example.test":    submission.ErrSender,
		"ann@far.test":           submission.ErrSender,
		"ann@sub.example.test":   submission.ErrSender,
		"ann@example.test.test":  submission.ErrSender,
		`"ann "@example.test`:    submission.ErrSender,
		`"ann@x"@example.test`:   submission.ErrSender,
		"annabelle@example.test": submission.ErrSender,
	} {
		if err := clerk.CheckSender(t.Context(), m.ID("ann@example.test"), mailtest.Address(t, from)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", from, err, want)
		}
	}
}

func TestCheckHeader(t *testing.T) {
	t.Parallel()
	clerk, m := newClerk(t)
	id := m.ID("ann@example.test")
	for _, c := range []struct {
		header string
		want   error
	}{
		{"From: ann@example.test", nil},
		{"from: \"Bob <bob@example.test>\" <ann@example.test>", nil},
		{"From: Ann (bob@example.test)\r\n <ann@example.test>", nil},
		{"From: ann@example.test, sales@example.test\r\nSender: anna@example.test", nil},
		{"From: ann@example.test\r\nReply-To: bob@example.test", nil},
		{"From: bob@example.test", submission.ErrSender},
		{"From: ann@example.test <bob@example.test>", submission.ErrSender},
		{"From: ann@example.test, bob@example.test", submission.ErrSender},
		{"From: ann@example.test\r\nSender: bob@example.test", submission.ErrSender},
		{"From: bob@example.test\r\nSender: ann@example.test", submission.ErrSender},
		{"From : bob@example.test", submission.ErrSender},
		{"From: us: ann@example.test;", submission.ErrNoFrom},
		{"", submission.ErrNoFrom},
		{"From:", submission.ErrNoFrom},
		{"From: undisclosed:;", submission.ErrNoFrom},
		{"From: Ann", submission.ErrNoFrom},
		{"From: <>", submission.ErrNoFrom},
		{"From: ann@example.test\r\nFrom: ann@example.test", submission.ErrNoFrom},
		{"From: ann@example.test\r\nfrom: bob@example.test", submission.ErrNoFrom},
		{"From: ann@example.test\r\nSender: nobody at all", submission.ErrNoFrom},
	} {
		header := message.Header(c.header + "\r\nSubject: hi\r\n\r\n")
		err := clerk.CheckHeader(t.Context(), id, header)
		if !errors.Is(err, c.want) {
			t.Errorf("%q: %v, want %v", c.header, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "%!") {
			t.Errorf("%q: bad text of the error: %v", c.header, err)
		}
	}
}

func TestComplete(t *testing.T) {
	t.Parallel()
	clerk, _ := newClerk(t)
	const date = "Date: Mon, 4 May 2026 03:02:01 +0000\r\n"
	const id = `Message-ID: <[a-z0-9]{20,}@mail\.example\.test>` + "\r\n"
	for header, want := range map[string]string{
		"From: a@b\r\n\r\n":                   regexp.QuoteMeta(date) + id,
		"From: a@b\r\nDate: whenever\r\n\r\n": id,
		"message-id: <1@b>\r\n\r\n":           regexp.QuoteMeta(date),
		"DATE: Mon, 4 May 2026 03:02:01 +0000\r\nMessage-Id: <1@b>\r\n\r\n": "",
		"Resent-Date: x\r\nResent-Message-ID: <2@b>\r\n\r\n":                regexp.QuoteMeta(date) + id,
	} {
		got := string(clerk.Complete(message.Header(header)))
		if !regexp.MustCompile("^" + want + "$").MatchString(got) {
			t.Errorf("%q is given %q, want %s", header, got, want)
		}
	}
	if a, b := clerk.Complete(nil), clerk.Complete(nil); string(a) == string(b) {
		t.Error("two messages have one Message-ID")
	}
}
