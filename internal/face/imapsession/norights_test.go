package imapsession_test

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// A naming is a command that names a mailbox, which "@" stands for.
type naming struct {
	command string
	// selected says that the command needs a selected mailbox, which is an
	// INBOX with one message.
	selected bool
	// succeeds says that the command ends well whatever the mailbox is, for
	// it does nothing with it or tells nothing of it.
	succeeds bool
	// code is what the command fails with; NONEXISTENT if empty.
	code string
}

// namings are all commands that name a mailbox, each in all places where it can
// stand. A command that is added to the server belongs here.
func namings() []naming {
	return []naming{
		{command: `SELECT @`},
		{command: `EXAMINE @`},
		{command: `CREATE @`},
		{command: `CREATE @/below`},
		{command: `CREATE @ (USE (\Trash))`},
		{command: `DELETE @`},
		{command: `RENAME @ Mine`},
		{command: `RENAME @ @/below`},
		{command: `RENAME Archive @`},
		{command: `RENAME Archive @/below`},
		{command: `RENAME INBOX @`},
		{command: `STATUS @ (MESSAGES UIDNEXT DELETED-STORAGE HIGHESTMODSEQ MAILBOXID)`},
		{command: "APPEND @ {18+}\r\nSubject: new\r\n\r\n\r\n"},
		{command: `GETACL @`},
		{command: `SETACL @ anyone lrswipkxtea`},
		{command: `SETACL @ ann@example.test +lrswipkxtea`},
		{command: `DELETEACL @ anyone`},
		{command: `LISTRIGHTS @ ann@example.test`},
		{command: `MYRIGHTS @`},
		{command: `GETQUOTAROOT @`},
		{command: `GETMETADATA @ /shared/comment`},
		{command: `GETMETADATA (DEPTH infinity) @ (/shared /private)`},
		{command: `SETMETADATA @ (/shared/comment "x")`},
		{command: `SETMETADATA @ (/private/comment "x")`},
		{command: `RESETKEY @`},
		{command: "REPLACE 1 @ {18+}\r\nSubject: new\r\n\r\n\r\n", selected: true},
		{command: "UID REPLACE 1 @ {18+}\r\nSubject: new\r\n\r\n\r\n", selected: true},
		{command: `APPEND INBOX CATENATE (URL "/{URL}/;UID=1")`, code: "BADURL"},
		{command: `COPY 1 @`, selected: true},
		{command: `UID COPY 1 @`, selected: true},
		{command: `MOVE 1 @`, selected: true},
		{command: `UID MOVE 1 @`, selected: true},

		{command: `SUBSCRIBE @`, succeeds: true},
		{command: `UNSUBSCRIBE @`, succeeds: true},
		{command: `LIST "" @`, succeeds: true},
		{command: `LIST "" @*`, succeeds: true},
		{command: `LIST (SPECIAL-USE) "" @*`, succeeds: true},
		{command: `LIST "" @ RETURN (STATUS (MESSAGES) MYRIGHTS METADATA (/shared/comment))`, succeeds: true},
		{command: `LSUB "" @`, succeeds: true},
		{command: `ESEARCH IN (mailboxes @) ALL`, succeeds: true},
		{command: `ESEARCH IN (subtree @) ALL`, succeeds: true},
		{command: `ESEARCH IN (subtree-one @) ALL`, succeeds: true},
		{command: `NOTIFY SET STATUS (mailboxes @ (MessageNew MessageExpunge))`, succeeds: true},
		{command: `NOTIFY SET STATUS (subtree @ (MailboxName MessageNew MessageExpunge))`, succeeds: true},
	}
}

// TestNoRights gives each command a mailbox of another account on which there
// are no rights at all. It answers as for one that does not exist, of that
// account or of one that does not exist itself, and changes nothing.
func TestNoRights(t *testing.T) {
	t.Parallel()
	s := startSharing(t)
	owner := s.IMAP(bob)
	before := whole(owner)
	a := s.IMAP(ann)
	a.OK(mailtest.Append("INBOX", "", "Subject: mine\r\n\r\n"))
	for _, n := range namings() {
		secret := n.answer(a, `"Other Users/bob@example.test/Secret`)
		if ok := strings.Contains(secret, "OK "); ok != n.succeeds {
			t.Errorf("%s: %s", n.command, secret)
		}
		if code := cmp.Or(n.code, "NONEXISTENT"); !n.succeeds && !strings.Contains(secret, "NO ["+code) {
			t.Errorf("%s: %s, want %s", n.command, secret, code)
		}
		for _, absent := range []string{
			`"Other Users/bob@example.test/Absent`, `"Other Users/nobody@example.test/Secret`,
			`"Shared/bob@example.test/Secret`, `"Other Users/team@example.test/INBOX`,
		} {
			if got := n.answer(a, absent); got != secret {
				t.Errorf("%s tells whether there is such a mailbox:\n%s\nand for %s\"\n%s", n.command, secret, absent, got)
			}
		}
	}
	if after := whole(owner); after != before {
		t.Errorf("bob's mail was changed. Before:\n%s\nafter:\n%s", before, after)
	}
}

// atSign is an "@" that is not in an address.
var atSign = regexp.MustCompile(`\B@\B`)

// answer runs the command with a mailbox, whose name in the answer becomes
// "@"; the name has a quotation mark before it, but none behind it.
func (n naming) answer(c *mailtest.IMAP, mailbox string) string {
	if n.selected {
		c.OK("SELECT INBOX")
	}
	command := strings.ReplaceAll(n.command, "@/below", mailbox+`/below"`)
	command = strings.ReplaceAll(command, "@*", mailbox+`*"`)
	command = atSign.ReplaceAllString(command, mailbox+`"`)
	url := strings.ReplaceAll(mailbox[1:], " ", "%20")
	command = strings.ReplaceAll(command, "{URL}", url)
	answer := strings.ReplaceAll(c.Do(command).String(), url, "{URL}")
	if n.selected {
		c.OK("UNSELECT")
	}
	return strings.ReplaceAll(answer, mailbox, `"@`)
}

// whole returns all that an account has, as its owner sees it.
func whole(c *mailtest.IMAP) string {
	var all []string
	var names []string
	for _, line := range c.OK(`LIST "" *`).Untagged {
		name := line[strings.LastIndex(line, `"/" `)+4:]
		if !strings.Contains(name, "Other Users") && !strings.Contains(line, "NonExistent") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		all = append(all, c.OK("GETACL "+name).String())
		all = append(all, c.OK("GETMETADATA (DEPTH infinity) "+name+" (/shared)").String())
		c.OK("EXAMINE " + name)
		all = append(all, c.OK("UID FETCH 1:* (FLAGS BODY.PEEK[])").String())
	}
	c.OK("UNSELECT")
	return strings.Join(all, "\n")
}
