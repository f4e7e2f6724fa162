package imapsession_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
)

// open returns sessions of ann that have INBOX selected, with messages of the
// given subjects in it.
func open(t *testing.T, sessions int, subjects ...string) (*mailtest.Server, []*mailtest.IMAP) {
	s := start(t)
	setup := s.IMAP(ann)
	for _, subject := range subjects {
		setup.OK(mailtest.Append("INBOX", "", "Subject: "+subject+"\r\n\r\nbody of "+subject+"\r\n"))
	}
	setup.OK("LOGOUT")
	all := make([]*mailtest.IMAP, sessions)
	for i := range all {
		all[i] = s.IMAP(ann)
		all[i].OK("SELECT INBOX")
	}
	return s, all
}

// expect runs a command and compares all that is answered before its end, and
// how its end begins.
func expect(t *testing.T, c *mailtest.IMAP, command, final string, untagged ...string) {
	t.Helper()
	r := c.Do(command)
	if !strings.HasPrefix(r.Final, final) || !slices.Equal(r.Untagged, untagged) {
		t.Errorf("%s: answered\n%s\nwant %q and %s", command, r, untagged, final)
	}
}

func TestRecentIsOneSessions(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Deliver("far@elsewhere.test", ann, "Subject: x\r\n\r\n")
	look, first, second := s.IMAP(ann), s.IMAP(ann), s.IMAP(ann)
	for _, step := range []struct {
		c       *mailtest.IMAP
		command string
		recent  string
	}{{look, "EXAMINE INBOX", "1 RECENT"}, {first, "SELECT INBOX", "1 RECENT"}, {second, "SELECT INBOX", "0 RECENT"}} {
		if r := step.c.OK(step.command); !slices.Contains(r.Untagged, step.recent) {
			t.Errorf("%s: %s, want %s", step.command, r, step.recent)
		}
	}
	expect(t, first, "FETCH 1 FLAGS", "OK", `1 FETCH (FLAGS (\Recent))`)
	expect(t, second, "FETCH 1 FLAGS", "OK", `1 FETCH (FLAGS ())`)
}

func TestFlagsOfOthers(t *testing.T) {
	t.Parallel()
	_, c := open(t, 2, "one", "two")
	c[0].OK(`STORE 1 +FLAGS.SILENT (\Flagged $New)`)
	expect(t, c[0], "NOOP", "OK")
	// A keyword that is new in the mailbox is told before it is used
	// (RFC 9051 §7.3.5).
	expect(t, c[1], "NOOP", "OK", `FLAGS (\Answered \Flagged \Deleted \Seen \Draft $New)`,
		`OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $New \*)] Flags permitted`,
		`1 FETCH (UID 1 FLAGS (\Flagged $New))`)
	expect(t, c[1], "NOOP", "OK")
}

// TestSilentIsNoBlindfold wants a client that asks for silence to hear of what
// others have done to the same message (RFC 9051 §6.4.6).
func TestSilentIsNoBlindfold(t *testing.T) {
	t.Parallel()
	_, c := open(t, 2, "one", "two", "three")
	c[0].OK(`STORE 1:2 +FLAGS (\Flagged)`)
	r := c[1].OK(`STORE 1 +FLAGS.SILENT (\Seen)`)
	if got := strings.Join(r.Untagged, "\n"); got != `1 FETCH (UID 1 FLAGS (\Seen \Flagged))`+"\n"+`2 FETCH (UID 2 FLAGS (\Flagged))` {
		t.Errorf("STORE.SILENT on what another has changed: %s", r)
	}
	c[0].OK(`STORE 3 +FLAGS (\Answered)`)
	r = c[1].OK(`STORE 3 +FLAGS.SILENT (\Answered)`) // changes nothing any more
	r2 := c[1].OK("NOOP")
	if got := append(r.Untagged, r2.Untagged...); len(got) > 0 {
		t.Errorf("what the client knows is told again: %q", got)
	}
	expect(t, c[1], "FETCH 3 FLAGS", "OK", `3 FETCH (FLAGS (\Answered))`)
}

func TestSeenByFetch(t *testing.T) {
	t.Parallel()
	_, c := open(t, 2, "one")
	r := c[0].OK("FETCH 1 BODY[TEXT]")
	if got := strings.Join(r.Untagged, ""); !strings.Contains(got, `FLAGS (\Seen \Recent)`) {
		t.Errorf("FETCH BODY[TEXT] does not tell \\Seen: %s", r)
	}
	expect(t, c[0], "NOOP", "OK")
	expect(t, c[1], "NOOP", "OK", `1 FETCH (UID 1 FLAGS (\Seen))`)
	if r := c[1].OK("FETCH 1 BODY[TEXT]"); strings.Contains(r.String(), "FLAGS") {
		t.Errorf("\\Seen told again: %s", r)
	}
}

// TestExpungeIsToldWhereItMay (RFC 9051 §7.5.1): not during FETCH, STORE and
// SEARCH, while new mail is.
func TestExpungeIsToldWhereItMay(t *testing.T) {
	t.Parallel()
	s, c := open(t, 2, "one", "two", "three")
	c[0].OK(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	c[0].OK("EXPUNGE")
	s.Deliver("far@elsewhere.test", ann, "Subject: four\r\n\r\n")
	r := c[1].OK("FETCH 1:3 UID")
	if len(r.Lines("EXPUNGE")) > 0 || len(r.Lines("FETCH")) < 3 || !slices.Contains(r.Untagged, "4 EXISTS") {
		t.Errorf("FETCH: %s", r)
	}
	expect(t, c[1], "SEARCH SUBJECT three", "OK", "SEARCH 3")
	if r := c[1].OK(`STORE 2 +FLAGS (\Flagged)`); len(r.Lines("EXPUNGE")) > 0 {
		t.Errorf("STORE: %s", r)
	}
	expect(t, c[1], "STORE 1 +FLAGS (\\Flagged)", "OK")
	if r := c[1].OK("UID SEARCH SUBJECT four"); len(r.Lines("EXPUNGE")) != 1 || !slices.Contains(r.Untagged, "SEARCH 4") {
		t.Errorf("UID SEARCH may tell: %s", r)
	}
	expect(t, c[1], "NOOP", "OK")
	expect(t, c[1], "FETCH 1:* UID", "OK", "1 FETCH (UID 2)", "2 FETCH (UID 3)", "3 FETCH (UID 4)")
}

// TestCopyPassesOverTheExpunged (RFC 2180 §4.4.1).
func TestCopyPassesOverTheExpunged(t *testing.T) {
	t.Parallel()
	_, c := open(t, 2, "one", "two")
	c[0].OK(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	c[0].OK("EXPUNGE")
	expect(t, c[1], "COPY 1 Trash", "OK", "1 EXPUNGE")
	expect(t, c[1], "STATUS Trash (MESSAGES)", "OK", "STATUS Trash (MESSAGES 0)")
}

func TestExpungedIsStillReadable(t *testing.T) {
	t.Parallel()
	_, c := open(t, 2, "one", "two")
	c[0].OK(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	c[0].OK("EXPUNGE")
	r := c[1].OK("FETCH 1:2 (ENVELOPE BODY.PEEK[TEXT])")
	if got := r.Lines("FETCH"); len(got) < 2 || !strings.Contains(got[0], "body of one") || !strings.Contains(got[1], "body of two") {
		t.Errorf("FETCH of an expunged message: %s", r)
	}
}

// TestContentGone takes the content of an expunged message away under a session
// that has not been told (RFC 2180 §4.1.2).
func TestContentGone(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}},
		Config: func(c *config.Config) {
			c.Storage.KeepExpunged.Duration, c.Storage.ReclaimInterval.Duration = -1e9, 1e6
		},
	})
	for _, subject := range []string{"one", "two"} {
		s.Deliver("far@elsewhere.test", ann, "Subject: "+subject+"\r\n\r\n")
	}
	c := []*mailtest.IMAP{s.IMAP(ann), s.IMAP(ann)}
	for _, one := range c {
		one.OK("SELECT INBOX")
	}
	c[0].OK(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	c[0].OK("EXPUNGE")
	for {
		r := c[1].Do("FETCH 1:2 BODY.PEEK[]")
		if r.OK() {
			continue // upkeep has not come by yet
		}
		if !strings.HasPrefix(r.Final, "NO [EXPUNGEISSUED]") || len(r.Lines("FETCH")) != 1 {
			t.Errorf("FETCH of what is gone: %s", r)
		}
		break
	}
	if r := c[1].OK("SEARCH HEADER Received by"); r.Lines("SEARCH")[0] != "SEARCH 2" {
		t.Errorf("SEARCH over what is gone: %s", r)
	}
	expect(t, c[1], "NOOP", "OK", "1 EXPUNGE")
}

// TestExpungeSparesTheUntold has a message arrive with \Deleted that the
// session does not know of.
func TestExpungeSparesTheUntold(t *testing.T) {
	t.Parallel()
	_, c := open(t, 2, "one")
	c[1].OK(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	c[0].OK(mailtest.Append("INBOX", `(\Deleted)`, "Subject: two\r\n\r\n"))
	r := c[1].OK("EXPUNGE")
	if got := strings.Join(r.Untagged, ","); !strings.HasPrefix(got, "1 EXPUNGE,1 EXISTS") {
		t.Errorf("EXPUNGE: %s", r)
	}
}

func TestSelectedMailboxGoes(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, other := s.IMAP(ann), s.IMAP(ann)
	c.OK("CREATE Gone")
	c.OK("CREATE Moved")
	c.OK("SELECT Moved")
	other.OK("RENAME Moved Elsewhere")
	other.OK(mailtest.Append("Elsewhere", "", "Subject: x\r\n\r\n"))
	if r := c.OK("NOOP"); !slices.Contains(r.Untagged, "1 EXISTS") {
		t.Errorf("a renamed mailbox stays selected: %s", r)
	}
	c.OK("SELECT Gone")
	other.OK("DELETE Gone")
	c.Write("a NOOP\r\n")
	line, err := c.TryReadLine()
	if err != nil || !strings.HasPrefix(line, "* BYE") {
		t.Errorf("in a deleted mailbox: %q, %v", line, err)
	}
}

func TestIdle(t *testing.T) {
	t.Parallel()
	s, c := open(t, 2, "one")
	tag := c[0].Start("IDLE")
	if line := c[0].ReadLine(); !strings.HasPrefix(line, "+") {
		t.Fatalf("IDLE: %s", line)
	}
	next := func(want ...string) {
		t.Helper()
		for _, w := range want {
			if line := c[0].ReadLine(); line != w {
				t.Errorf("IDLE tells %q, want %q", line, w)
			}
		}
	}
	s.Deliver("far@elsewhere.test", ann, "Subject: two\r\n\r\n")
	next("* 2 EXISTS", "* 2 RECENT")
	c[1].OK(`STORE 1 +FLAGS (\Flagged)`)
	next(`* 1 FETCH (UID 1 FLAGS (\Flagged \Recent))`)
	c[1].OK(`STORE 1 +FLAGS (\Deleted)`)
	next(`* 1 FETCH (UID 1 FLAGS (\Flagged \Deleted \Recent))`)
	c[1].OK("EXPUNGE")
	next("* 1 EXPUNGE")
	c[0].Write("DONE\r\n")
	if r := c[0].Finish(tag); !r.OK() || len(r.Untagged) > 0 {
		t.Errorf("IDLE ends with %s", r)
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.IMAP("bob@example.test")
	message := "Subject: x\r\n\r\n" + strings.Repeat("0123456789\r\n", 10)
	c.OK(mailtest.Append("INBOX", "", message))
	beyond := strings.Replace(mailtest.Append("INBOX", "", message), "}", "+}", 1)
	if r := c.Do(beyond); !strings.HasPrefix(r.Final, "NO [OVERQUOTA]") {
		t.Errorf("APPEND beyond the quota: %s", r)
	}
	c.OK("SELECT INBOX")
	if r := c.Do("COPY 1 Trash"); !strings.HasPrefix(r.Final, "NO [OVERQUOTA]") {
		t.Errorf("COPY beyond the quota: %s", r)
	}
	c.OK("MOVE 1 Trash")
}

// TestTooManyMessages appends more at once than may be held in memory, of small
// and of large messages: none is stored.
func TestTooManyMessages(t *testing.T) {
	t.Parallel()
	_, clients := open(t, 1)
	c := clients[0]
	c.OK("SELECT INBOX")
	for size, most := range map[int]int{100: 2000, 60_000: 133} {
		message := fmt.Sprintf(" {%d+}\r\n%s", size, strings.Repeat("x", size))
		if r := c.Do("APPEND INBOX" + strings.Repeat(message, most)); !strings.HasPrefix(r.Final, "NO [LIMIT]") {
			t.Errorf("%d messages of %d bytes: %s", most, size, r.Final)
		}
		c.OK("APPEND INBOX" + strings.Repeat(message, most/2))
	}
	if r := c.OK("STATUS INBOX (MESSAGES)"); !strings.Contains(r.String(), "MESSAGES 1066") {
		t.Error(r)
	}
}
