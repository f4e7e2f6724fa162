package imapsession_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
)

const teams = `"Shared/team@example.test/`

// allow gives rights on a mailbox of the shared account, as an operator does.
func allow(t *testing.T, s *mailtest.Server, mailbox, identifier, rights string) {
	t.Helper()
	err := s.Admin().ChangeACL(t.Context(), team, admin.ACLChange{
		Mailbox: mailbox, ACLEntry: admin.ACLEntry{Identifier: identifier, Rights: rights},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSharedAccount has two users work with mail that came to an address to
// which nobody logs in.
func TestSharedAccount(t *testing.T) {
	t.Parallel()
	s := startSharing(t)
	if r := s.DialIMAP().Do(`LOGIN team@example.test ""`); r.OK() {
		t.Errorf("LOGIN to a shared account: %s", r)
	}
	if r := s.DialIMAP().Do(`LOGIN team@example.test "correct horse"`); r.OK() {
		t.Errorf("LOGIN to a shared account: %s", r)
	}
	a, b := s.IMAP(ann), s.IMAP(bob)
	expect(t, a, `LIST "" Shared/*`, "OK")
	allow(t, s, "INBOX", ann, "lrswipkxtea")
	s.Deliver("far@elsewhere.test", team, "Subject: question\r\n\r\n")
	a.OK(`SELECT ` + teams + `INBOX"`)
	expect(t, b, `SELECT `+teams+`INBOX"`, "NO [NONEXISTENT]")
	a.OK(`SETACL ` + teams + `INBOX" bob@example.test lrs`)
	expect(t, a, `GETACL `+teams+`INBOX"`, "OK",
		`ACL Shared/team@example.test/INBOX ann@example.test lrswipkxtecda bob@example.test lrs`)
	expect(t, b, `LIST "" Shared/*`, "OK",
		`LIST (\NonExistent \Noselect \HasChildren) "/" Shared/team@example.test`,
		`LIST (\HasNoChildren) "/" Shared/team@example.test/INBOX`)
	// What is made at the top has the rights of INBOX.
	a.OK(`CREATE ` + teams + `Done"`)
	expect(t, b, `MYRIGHTS `+teams+`Done"`, "OK", `MYRIGHTS Shared/team@example.test/Done lrs`)
	b.OK(`SELECT ` + teams + `INBOX"`)
	tag := b.Start("IDLE")
	if line := b.ReadLine(); !strings.HasPrefix(line, "+") {
		t.Fatal(line)
	}
	a.OK(`STORE 1 +FLAGS (\Answered)`)
	if line := b.ReadLine(); line != `* 1 FETCH (UID 1 FLAGS (\Answered))` {
		t.Errorf("a change by another user is told as %s", line)
	}
	s.Deliver("far@elsewhere.test", team, "Subject: more\r\n\r\n")
	if line := b.ReadLine(); line != "* 2 EXISTS" {
		t.Errorf("new mail is told as %s", line)
	}
	b.Write("DONE\r\n")
	b.Finish(tag)
	a.OK(`MOVE 1 ` + teams + `Done"`)
	if r := b.OK("NOOP"); !slices.Contains(r.Untagged, "1 EXPUNGE") {
		t.Errorf("a move by another user: %s", r)
	}
}

// TestRightsEndAtOnce takes rights away from a user who has the mailbox open.
func TestRightsEndAtOnce(t *testing.T) {
	t.Parallel()
	s := startSharing(t)
	a := s.IMAP(ann)
	a.OK(`SELECT ` + bobs + `Work"`)
	grant(t, s, bob, "Work", ann, "lrs")
	expect(t, a, `STORE 1 +FLAGS (\Flagged)`, "NO [NOPERM]",
		`FLAGS (\Answered \Flagged \Deleted \Seen \Draft)`, `OK [PERMANENTFLAGS (\Seen)] Flags permitted`)
	expect(t, a, `EXPUNGE`, "NO [NOPERM]")
	a.OK(`STORE 1 +FLAGS (\Seen)`)
	grant(t, s, bob, "Work", ann, "+w")
	expect(t, a, "NOOP", "OK", `FLAGS (\Answered \Flagged \Deleted \Seen \Draft)`,
		`OK [PERMANENTFLAGS (\Answered \Flagged \Seen \Draft \*)] Flags permitted`)
	grant(t, s, bob, "Work", ann, `""`)
	tag := a.Start("FETCH 1 BODY[]")
	if line := a.ReadLine(); line != "* BYE [NOPERM] Selected mailbox may no longer be read" {
		t.Errorf("FETCH without the right to read (%s): %s", tag, line)
	}
}

// TestRightsGoWithTheirBearer removes an account: one that gets its address
// later has none of its rights.
func TestRightsGoWithTheirBearer(t *testing.T) {
	t.Parallel()
	s := startSharing(t)
	grant(t, s, bob, "Secret", carl, "lr")
	grant(t, s, bob, "Secret", "-"+carl, "w")
	ctx := t.Context()
	if err := s.Admin().RemoveAccount(ctx, carl); err != nil {
		t.Fatal(err)
	}
	again := []admin.NewAccount{{Address: carl, Password: mailtest.Password}}
	if _, err := s.Admin().AddAccounts(ctx, admin.AddAccounts{Accounts: again}); err != nil {
		t.Fatal(err)
	}
	expect(t, s.IMAP(carl), `LIST "" "Other Users/*"`, "OK")
	expect(t, s.IMAP(carl), `SELECT `+bobs+`Secret"`, "NO [NONEXISTENT]")
	expect(t, s.IMAP(bob), `GETACL Secret`, "OK", `ACL Secret bob@example.test lrswipkxtecda`)
	if err := s.Admin().RemoveAccount(ctx, bob); err != nil {
		t.Fatal(err)
	}
	expect(t, s.IMAP(ann), `LIST "" "Other Users*"`, "OK")
	expect(t, s.IMAP(ann), `SELECT `+bobs+`Work"`, "NO [NONEXISTENT]")
}

// TestSharingOutlivesTheServer restarts it.
func TestSharingOutlivesTheServer(t *testing.T) {
	t.Parallel()
	s := startSharing(t)
	s.IMAP(ann).OK(`SETQUOTA "#user/carl@example.test" (MESSAGE 0)`)
	s.Restart()
	expect(t, s.IMAP(ann), `MYRIGHTS `+bobs+`Work/Plans"`, "OK", `MYRIGHTS "Other Users/bob@example.test/Work/Plans" lrs`)
	expect(t, s.IMAP(carl), `GETQUOTAROOT INBOX`, "OK",
		"QUOTAROOT INBOX #user/carl@example.test", "QUOTA #user/carl@example.test (MESSAGE 0 0 MAILBOX 6 5000)")
	if r := s.IMAP(carl).Do(strings.Replace(mailtest.Append("INBOX", "", "Subject: x\r\n\r\n"), "}", "+}", 1)); !strings.HasPrefix(r.Final, "NO [OVERQUOTA]") {
		t.Errorf("APPEND with a quota of nothing: %s", r)
	}
}

// TestQuotaIsTheOwners counts what is put into another's mailbox with its owner.
func TestQuotaIsTheOwners(t *testing.T) {
	t.Parallel()
	s := startSharing(t)
	a := s.IMAP(ann)
	a.OK(`SETQUOTA "#user/bob@example.test" (MESSAGE 5)`)
	message := strings.Replace(mailtest.Append(bobs+`Work"`, "", "Subject: x\r\n\r\n"), "}", "+}", 1)
	a.OK(message)
	expect(t, a, message, "NO [OVERQUOTA]")
	a.OK(mailtest.Append("INBOX", "", "Subject: x\r\n\r\n"))
	a.OK("SELECT INBOX")
	expect(t, a, `COPY 1 `+bobs+`Work"`, "NO [OVERQUOTA]")
	expect(t, a, `MOVE 1 `+bobs+`Work"`, "NO [OVERQUOTA]")
	expect(t, a, `GETQUOTA "#user/bob@example.test"`, "OK", "QUOTA #user/bob@example.test (MESSAGE 5 5 MAILBOX 10 5000)")
	expect(t, s.IMAP(carl), `GETQUOTA "#user/bob@example.test"`, "NO [NONEXISTENT]")
	expect(t, s.IMAP(carl), `SETQUOTA "#user/carl@example.test" (MESSAGE 5000)`, "NO [NOPERM]")
}
