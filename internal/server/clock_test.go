package server_test

import (
	"context"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/smtp"
)

// A clock can be set, as that of a machine.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Round(0).Add(time.Duration(c.ahead.Load())) }

func (c *clock) set(ahead time.Duration) { c.ahead.Store(int64(ahead)) }

const year = 365 * 24 * time.Hour

// startWithClock starts a server whose clock can be set, with one other system,
// which refuses everybody for the time being.
func startWithClock(t *testing.T, c *clock) (*mailtest.Server, *mailtest.Elsewhere) {
	far := mailtest.NewElsewhere()
	far.Refuse("x@far.test", smtp.NewError(451, smtp.EnhancedCode{4, 3, 0}, "Later"))
	return mailtest.Start(t, mailtest.Options{
		Accounts:  []mailtest.Account{{Address: ann}},
		Elsewhere: map[string]*mailtest.Elsewhere{"192.0.2.1:25": far},
		Zones:     mailtest.Zone("far.test", "192.0.2.1"),
		Now:       c.now,
		Config: func(c *config.Config) {
			c.Outbound.Retry = []config.Duration{{Duration: time.Hour}}
		},
	}), far
}

// waitDeferred returns when the first attempt of a message has failed, and when
// it is due again.
func waitDeferred(t *testing.T, s *mailtest.Server) time.Time {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		list, err := s.Admin().Queued(t.Context(), admin.QueueFilter{})
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 1 && list[0].Recipients[0].Attempts > 0 {
			return list[0].Recipients[0].Due
		}
	}
	t.Fatal("no attempt has failed")
	return time.Time{}
}

// TestClockSetBack defers a message while the clock is a year ahead. When it is
// set back, the message must not wait for a year.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	var c clock
	s, far := startWithClock(t, &c)
	c.set(year)
	send(t, s, "x@far.test")
	if due := time.Until(waitDeferred(t, s)); due < year {
		t.Fatalf("due in %v: the test does not test", due)
	}
	far.Refuse("x@far.test", nil)
	c.set(0)
	s.Restart()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := far.Wait(ctx, 1); err != nil {
		t.Error(err)
	}
}

// TestClockAndCertificate starts with a clock that is ahead. The certificate
// that was made then is not valid yet when the clock is right.
func TestClockAndCertificate(t *testing.T) {
	t.Parallel()
	var c clock
	c.set(year)
	s, _ := startWithClock(t, &c)
	c.set(0)
	s.Restart()
	send(t, s, "x@far.test") // over TLS, which the client verifies
}

// TestClockAndDeliverBy lets the clock jump over the time by which a message
// was to be delivered: its sender is told (RFC 2852 §4.1.2).
func TestClockAndDeliverBy(t *testing.T) {
	t.Parallel()
	var c clock
	s, _ := startWithClock(t, &c)
	envelope := s.Envelope(ann, mail, "x@far.test")
	envelope.Options.By = smtp.By{Within: 2 * time.Hour, Mode: smtp.ByNotify}
	if got := s.Send(s.Submission(ann), envelope); got[0] != "ok" {
		t.Fatal(got)
	}
	waitDeferred(t, s)
	c.set(3 * time.Hour)
	if _, err := s.Admin().RetryQueued(t.Context(), admin.QueueFilter{}); err != nil {
		t.Fatal(err)
	}
	notice := inbox(t, s, 1)[0]
	if !strings.Contains(notice, "Action: delayed") {
		t.Errorf("no notice of a delay:\n%s", notice)
	}
}

// TestClockAndIdentifiers sets the clock back and ahead between mailboxes and
// messages of the same name and place: no UIDVALIDITY, UID or MODSEQ may come
// again (RFC 9051 §2.3.1.1, RFC 7162 §3.1).
func TestClockAndIdentifiers(t *testing.T) {
	t.Parallel()
	var c clock
	s, _ := startWithClock(t, &c)
	validity, uid, modseq := 0, 0, 0
	for _, ahead := range []time.Duration{0, year, -year, 10 * year, -30 * year, 0} {
		c.set(ahead)
		if ahead == -year {
			s.Restart()
		}
		client := s.IMAP(ann)
		client.OK("CREATE box")
		opened := client.OK("SELECT box (CONDSTORE)")
		if got := number(t, opened, "UIDVALIDITY "); got <= validity {
			t.Errorf("%v ahead: UIDVALIDITY %d after %d", ahead, got, validity)
		} else {
			validity = got
		}
		client.OK("DELETE box")
		s.Deliver("bob@far.test", ann, mail)
		opened = client.OK("SELECT INBOX (CONDSTORE)")
		nextUID, nextModseq := number(t, opened, "UIDNEXT "), number(t, opened, "HIGHESTMODSEQ ")
		if nextUID <= uid || nextModseq <= modseq {
			t.Errorf("%v ahead: UIDNEXT %d after %d, HIGHESTMODSEQ %d after %d", ahead, nextUID, uid, nextModseq, modseq)
		}
		uid, modseq = nextUID, nextModseq
	}
}

// number returns the number behind a word of a response.
func number(t *testing.T, r mailtest.Response, word string) int {
	t.Helper()
	for _, line := range r.Untagged {
		if _, rest, ok := strings.Cut(line, word); ok {
			n, err := strconv.Atoi(rest[:strings.IndexFunc(rest, func(c rune) bool { return c < '0' || c > '9' })])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %sin %q", word, r.Untagged)
	return 0
}

// TestClockAndTokens lets a URLAUTH token expire by the clock (RFC 4467 §2).
func TestClockAndTokens(t *testing.T) {
	t.Parallel()
	var c clock
	s, _ := startWithClock(t, &c)
	s.Deliver("bob@far.test", ann, mail)
	client := s.IMAP(ann)
	expire := c.now().Add(time.Hour).UTC().Format(time.RFC3339)
	url := "imap://ann%40example.test@" + mailtest.Hostname + "/INBOX/;UID=1;EXPIRE=" + expire + ";URLAUTH=user+ann%40example.test"
	line := client.OK(`GENURLAUTH "` + url + `" INTERNAL`).Untagged[0]
	token := strings.Trim(strings.TrimPrefix(line, "GENURLAUTH "), `"`)
	for _, step := range []struct {
		ahead time.Duration
		valid bool
	}{{0, true}, {2 * time.Hour, false}, {-year, true}, {year, false}} {
		c.set(step.ahead)
		got := client.OK(`URLFETCH "` + token + `"`).Untagged[0]
		if valid := !strings.HasSuffix(got, " NIL"); valid != step.valid {
			t.Errorf("%v ahead: %q", step.ahead, got)
		}
	}
}
