package imapsession_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// listen returns a client that has said NOTIFY SET, and another of the same
// user; neither has selected a mailbox.
func listen(t *testing.T, events string) (c, other *mailtest.IMAP) {
	t.Helper()
	s := start(t)
	c, other = s.IMAP(ann), s.IMAP(ann)
	other.OK("CREATE Lists/Lemonade")
	c.OK("NOTIFY SET " + events)
	return c, other
}

// hears reads lines that the server sends while no command is running.
func hears(t *testing.T, c *mailtest.IMAP, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := c.ReadLine(); got != "* "+w {
			t.Errorf("the client hears %q, want %q", got, "* "+w)
		}
	}
}

// silent checks that nothing but the answer to a command comes.
func silent(t *testing.T, c *mailtest.IMAP) {
	t.Helper()
	if r := c.OK("NOOP"); len(r.Untagged) > 0 {
		t.Errorf("the client hears %q", r.Untagged)
	}
}

func hello(mailbox string) string {
	return mailtest.Append(mailbox, "", "Subject: hello\r\n\r\nhello\r\n")
}

// TestNotifyMessages is the example of RFC 5465 §3.1, and those of §5.1-§5.3.
func TestNotifyMessages(t *testing.T) {
	t.Parallel()
	c, other := listen(t, "(selected (MessageNew (uid body.peek[header.fields (from to subject)]) MessageExpunge))"+
		" (subtree Lists (MessageNew MessageExpunge FlagChange))")
	c.OK("SELECT INBOX")
	flagged := "STATUS Lists/Lemonade (UIDVALIDITY " + uidValidity(t, c, "Lists/Lemonade") + " UNSEEN 0)"
	other.OK(hello("Lists/Lemonade"))
	hears(t, c, "STATUS Lists/Lemonade (MESSAGES 1 UIDNEXT 2)")
	other.OK(hello("INBOX"))
	hears(t, c, "1 EXISTS", "1 RECENT", "1 FETCH (UID 1 BODY[HEADER.FIELDS (from to subject)] {18}\r\nSubject: hello\r\n\r\n)")
	other.OK("SELECT Lists/Lemonade")
	other.OK(`STORE 1 +FLAGS (\Seen)`)
	hears(t, c, flagged)
	other.OK(`STORE 1 +FLAGS.SILENT (\Deleted)`)
	hears(t, c, flagged)
	other.OK("EXPUNGE")
	hears(t, c, "STATUS Lists/Lemonade (MESSAGES 0 UIDNEXT 2)")
	other.OK("SELECT INBOX")
	other.OK(`STORE 1 +FLAGS (\Deleted)`) // FlagChange was not asked for
	other.OK("EXPUNGE")
	hears(t, c, "1 EXPUNGE")
}

func uidValidity(t *testing.T, c *mailtest.IMAP, mailbox string) string {
	t.Helper()
	line := c.OK("STATUS " + mailbox + " (UIDVALIDITY)").Lines("STATUS")[0]
	_, rest, _ := strings.Cut(line, "UIDVALIDITY ")
	return strings.TrimSuffix(rest, ")")
}

// TestNotifyCondStore has the mod-sequences that RFC 5465 §5.1-§5.3 want.
func TestNotifyCondStore(t *testing.T) {
	t.Parallel()
	c, other := listen(t, "(selected (MessageNew (UID MODSEQ) MessageExpunge FlagChange)) (personal (MessageNew MessageExpunge FlagChange))")
	c.OK("ENABLE QRESYNC")
	c.OK("SELECT INBOX")
	other.OK(hello("Lists/Lemonade"))
	line := c.ReadLine()
	if !strings.HasPrefix(line, "* STATUS Lists/Lemonade (MESSAGES 1 UIDNEXT 2 HIGHESTMODSEQ ") {
		t.Errorf("the client hears %q", line)
	}
	other.OK(hello("INBOX"))
	hears(t, c, "1 EXISTS", "1 RECENT")
	if line = c.ReadLine(); !strings.HasPrefix(line, "* 1 FETCH (UID 1 MODSEQ (") {
		t.Errorf("the client hears %q", line)
	}
	other.OK("SELECT INBOX")
	other.OK(`STORE 1 FLAGS (\Deleted)`)
	if line = c.ReadLine(); !strings.HasPrefix(line, `* 1 FETCH (UID 1 FLAGS (\Deleted \Recent) MODSEQ (`) {
		t.Errorf("the client hears %q", line)
	}
	other.OK("EXPUNGE")
	hears(t, c, "VANISHED 1")
}

// TestNotifyNames (RFC 5465 §5.4 and §5.5).
func TestNotifyNames(t *testing.T) {
	t.Parallel()
	c, other := listen(t, "(personal (MailboxName SubscriptionChange))")
	other.OK("CREATE NewMailbox")
	hears(t, c, `LIST (\HasNoChildren) "/" NewMailbox`)
	other.OK("SUBSCRIBE NewMailbox")
	hears(t, c, `LIST (\Subscribed \HasNoChildren) "/" NewMailbox`)
	other.OK("UNSUBSCRIBE NewMailbox")
	hears(t, c, `LIST (\HasNoChildren) "/" NewMailbox`)
	other.OK("CREATE NewMailbox/Below")
	hears(t, c, `LIST (\HasChildren) "/" NewMailbox`, `LIST (\HasNoChildren) "/" NewMailbox/Below`)
	other.OK("RENAME NewMailbox Newer")
	hears(t, c, `LIST (\HasChildren) "/" Newer ("OLDNAME" (NewMailbox))`)
	other.OK("DELETE Newer/Below")
	hears(t, c, `LIST (\HasNoChildren) "/" Newer`, `LIST (\NonExistent \Noselect \HasNoChildren) "/" Newer/Below`)
	other.OK("DELETE Newer")
	hears(t, c, `LIST (\NonExistent \Noselect \HasNoChildren) "/" Newer`)
	other.OK("RENAME INBOX Old")
	hears(t, c, `LIST (\HasNoChildren) "/" Old`)
	c.OK("CREATE Mine")
	c.OK("SUBSCRIBE Mine")
	c.OK("RENAME Mine Ours")
	c.OK("DELETE Ours")
	silent(t, c)
}

// TestNotifyMetadata (RFC 5465 §5.6 and §5.7, RFC 5464 §4.4.2).
func TestNotifyMetadata(t *testing.T) {
	t.Parallel()
	c, other := listen(t, "(personal (MailboxMetadataChange)) (mailboxes INBOX (ServerMetadataChange))")
	other.OK(`SETMETADATA INBOX (/shared/comment "x" /private/comment "y")`)
	hears(t, c, "METADATA INBOX /shared/comment /private/comment")
	other.OK(`SETMETADATA INBOX (/shared/comment NIL)`)
	hears(t, c, "METADATA INBOX /shared/comment")
	other.OK(`SETMETADATA "" (/private/vendor/x/y "z")`)
	hears(t, c, `METADATA "" /private/vendor/x/y`)
	other.OK(`SETMETADATA Sent (/private/specialuse NIL)`)
	hears(t, c, "METADATA Sent /private/specialuse")
	c.OK(`SETMETADATA INBOX (/shared/comment "mine")`)
	silent(t, c)
}

// TestEnableMetadata has annotations told where RFC 5464 §4.4 allows it: with
// the next command, and in IDLE.
func TestEnableMetadata(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, other := s.IMAP(ann), s.IMAP(ann)
	if r := c.OK("ENABLE METADATA"); r.Untagged[0] != "ENABLED METADATA" {
		t.Errorf("ENABLE is answered by %q", r.Untagged)
	}
	other.OK(`SETMETADATA "" (/private/comment "x")`)
	other.OK(`SETMETADATA INBOX (/shared/comment "x" /private/comment "x")`)
	expect(t, c, "NOOP", "OK", `METADATA "" /private/comment`, "METADATA INBOX /shared/comment /private/comment")
	tag := c.Start("IDLE")
	c.ReadLine()
	other.OK(`SETMETADATA INBOX (/shared/comment NIL)`)
	hears(t, c, "METADATA INBOX /shared/comment")
	c.Write("DONE\r\n")
	c.Finish(tag)
}

// TestNotifySelectedDelayed keeps expunges for a command that may tell of them
// (RFC 5465 §6.1.2).
func TestNotifySelectedDelayed(t *testing.T) {
	t.Parallel()
	_, c := open(t, 2, "one", "two")
	c[0].OK("NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))")
	c[1].OK(`STORE 1 FLAGS (\Deleted)`)
	hears(t, c[0], `1 FETCH (UID 1 FLAGS (\Deleted \Recent))`)
	c[1].OK("EXPUNGE")
	c[1].OK(hello("INBOX"))
	hears(t, c[0], "3 EXISTS", "3 RECENT")
	expect(t, c[0], "FETCH 1 UID", "OK", "1 FETCH (UID 1)")
	expect(t, c[0], "NOOP", "OK", "1 EXPUNGE")
}

// TestNotifyNone holds the selected mailbox as it is, but for what the client
// does itself, and tells all that was held when it may (RFC 5465 §3.1).
func TestNotifyNone(t *testing.T) {
	t.Parallel()
	_, c := open(t, 2, "one", "two", "three")
	c[0].OK("NOTIFY NONE")
	c[1].OK(`STORE 2 FLAGS (\Flagged)`)
	c[1].OK(`STORE 1 FLAGS (\Deleted)`)
	c[1].OK("EXPUNGE")
	c[1].OK(hello("INBOX"))
	silent(t, c[0])
	expect(t, c[0], "STORE 3 FLAGS.SILENT (\\Deleted)", "OK")
	expect(t, c[0], "FETCH 1:* (UID FLAGS)", "OK", `1 FETCH (UID 1 FLAGS (\Recent))`,
		`2 FETCH (UID 2 FLAGS (\Flagged \Recent))`, `3 FETCH (UID 3 FLAGS (\Deleted \Recent))`)
	expect(t, c[0], "EXPUNGE", "OK", "3 EXPUNGE")
	expect(t, c[0], "NOTIFY SET (selected (MessageNew (UID) MessageExpunge FlagChange))", "OK",
		"1 EXPUNGE", "2 EXISTS", "2 RECENT", `1 FETCH (UID 2 FLAGS (\Flagged \Recent))`, "2 FETCH (UID 4)")
}

// TestNotifyOwn leaves out what the client itself has done (RFC 5465 §5).
func TestNotifyOwn(t *testing.T) {
	t.Parallel()
	_, c := open(t, 1, "one")
	c[0].OK("NOTIFY SET (selected (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (personal (MessageNew MessageExpunge MailboxName))")
	expect(t, c[0], hello("INBOX"), "OK", "2 EXISTS", "2 RECENT")
	expect(t, c[0], "COPY 1 Trash", "OK")
	expect(t, c[0], "STORE 1 FLAGS.SILENT (\\Deleted)", "OK")
	expect(t, c[0], "EXPUNGE", "OK", "1 EXPUNGE")
	silent(t, c[0])
}

// TestNotifyIdle has IDLE tell what NOTIFY asks for (RFC 5465 §4).
func TestNotifyIdle(t *testing.T) {
	t.Parallel()
	c, other := listen(t, "(selected (MessageNew MessageExpunge)) (mailboxes Lists/Lemonade (MessageNew MessageExpunge))")
	for _, selected := range []bool{false, true} {
		if selected {
			c.OK("SELECT INBOX")
		}
		tag := c.Start("IDLE")
		if line := c.ReadLine(); !strings.HasPrefix(line, "+") {
			t.Fatalf("IDLE: %s", line)
		}
		n := 1
		if selected {
			n = 2
			other.OK(hello("INBOX"))
			hears(t, c, "1 EXISTS", "1 RECENT")
		}
		other.OK(hello("Lists/Lemonade"))
		hears(t, c, fmt.Sprintf("STATUS Lists/Lemonade (MESSAGES %d UIDNEXT %d)", n, n+1))
		c.Write("DONE\r\n")
		c.Finish(tag)
	}
	other.OK(hello("Lists/Lemonade"))
	hears(t, c, "STATUS Lists/Lemonade (MESSAGES 3 UIDNEXT 4)")
}

// TestNotifyScopes asks for the mailboxes in each way there is (RFC 5465 §6).
func TestNotifyScopes(t *testing.T) {
	t.Parallel()
	const events = " (MessageNew MessageExpunge))"
	for scope, want := range map[string][]string{
		"inboxes":                   {"INBOX", "Lists", "Lists/Lemonade", "Listsx", "Sent"},
		"personal":                  {"INBOX", "Lists", "Lists/Lemonade", "Listsx", "Sent"},
		"subscribed":                {"INBOX", "Lists/Lemonade", "Sent"},
		"subtree Lists":             {"Lists", "Lists/Lemonade"},
		"subtree (Lists Nowhere)":   {"Lists", "Lists/Lemonade"},
		"mailboxes (Lists Nowhere)": {"Lists"},
		"mailboxes inbox":           {"INBOX"},
		`mailboxes "*"`:             nil,
	} {
		t.Run(scope, func(t *testing.T) {
			t.Parallel()
			c, other := listen(t, "("+scope+events)
			other.OK("CREATE Listsx")
			other.OK("SUBSCRIBE Lists/Lemonade")
			for _, name := range []string{"INBOX", "Lists", "Lists/Lemonade", "Listsx", "Sent"} {
				other.OK(hello(name))
			}
			var got []string
			for _, line := range c.OK("NOOP").Lines("STATUS") { // what has come by then, and the rest
				got = append(got, strings.Fields(line)[1])
			}
			slices.Sort(got)
			got = slices.Compact(got)
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("heard of %q, want %q", got, want)
			}
		})
	}
}

// TestNotifyShared watches a mailbox of another user while the right to do so
// comes and goes (RFC 5465 §5.4 and §5.9).
func TestNotifyShared(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, bob := s.IMAP(ann), s.IMAP("bob@example.test")
	const name = `"Other Users/bob@example.test/Team"`
	bob.OK("CREATE Team")
	c.OK("NOTIFY SET (mailboxes " + name + " (MailboxName MessageNew MessageExpunge MailboxMetadataChange))")
	bob.OK("SETACL Team " + ann + " lr")
	if line := c.ReadLine(); line != `* LIST (\HasNoChildren) "/" `+name {
		t.Errorf("the client hears %q", line)
	}
	if line := c.ReadLine(); !strings.HasPrefix(line, "* STATUS "+name+" (MESSAGES 0 UIDNEXT 1 UIDVALIDITY ") {
		t.Errorf("the client hears %q", line)
	}
	bob.OK(mailtest.Append("Team", "", "x"))
	hears(t, c, "STATUS "+name+" (MESSAGES 1 UIDNEXT 2)")
	bob.OK(`SETMETADATA Team (/private/comment "his" /shared/comment "ours")`)
	hears(t, c, "METADATA "+name+" /shared/comment")
	bob.OK("SETACL Team " + ann + " l")
	hears(t, c, `LIST (\HasNoChildren \NoAccess) "/" `+name)
	bob.OK(mailtest.Append("Team", "", "x"))
	bob.OK("DELETEACL Team " + ann)
	hears(t, c, `LIST (\NonExistent \NoAccess) "/" `+name)
	silent(t, c)
}

// TestNotifyContext fetches of messages that come into the results of a search
// (RFC 5465 §7).
func TestNotifyContext(t *testing.T) {
	t.Parallel()
	_, c := open(t, 2, "one")
	c[0].OK("NOTIFY SET (selected (MessageNew (FLAGS) MessageExpunge))")
	c[0].OK(`UID SEARCH RETURN (COUNT UPDATE (UID BODY[HEADER.FIELDS (SUBJECT)])) SUBJECT hello`)
	c[1].OK(hello("INBOX"))
	hears(t, c[0], "2 EXISTS", "2 RECENT", `2 FETCH (UID 2 FLAGS (\Recent) BODY[HEADER.FIELDS (SUBJECT)] {18}`+"\r\nSubject: hello\r\n\r\n)")
	if line := c[0].ReadLine(); !strings.HasPrefix(line, "* ESEARCH (TAG ") || !strings.HasSuffix(line, "UID ADDTO (0 2)") {
		t.Errorf("the client hears %q", line)
	}
	c[1].OK(mailtest.Append("INBOX", "", "Subject: other\r\n\r\n"))
	hears(t, c[0], "3 EXISTS", "3 RECENT", `3 FETCH (FLAGS (\Recent))`)
}

// TestNotifyOtherUsers watches all that others share: what is shared later is
// found when the client is told something, at the latest with its next command.
func TestNotifyOtherUsers(t *testing.T) {
	t.Parallel()
	s := start(t)
	c, other, bob := s.IMAP(ann), s.IMAP(ann), s.IMAP("bob@example.test")
	const name = `"Other Users/bob@example.test/Team"`
	bob.OK("CREATE Team")
	bob.OK(`SETMETADATA Team (/shared/comment "ours")`)
	c.OK(`NOTIFY SET (subtree "Other Users" (MailboxName MessageNew MessageExpunge MailboxMetadataChange))`)
	bob.OK("SETACL Team " + ann + " lr")
	r := c.OK("NOOP")
	if len(r.Lines("STATUS")) != 1 || !slices.Contains(r.Untagged, `LIST (\HasNoChildren) "/" `+name) ||
		!slices.Contains(r.Untagged, "METADATA "+name+" /shared/comment") {
		t.Errorf("what was shared: %s", r)
	}
	bob.OK(hello("Team"))
	hears(t, c, "STATUS "+name+" (MESSAGES 1 UIDNEXT 2)")
	// SUBSCRIBED is looked at again when the subscriptions change (RFC 5465 §6.4).
	c.OK("NOTIFY SET (subscribed (MessageNew MessageExpunge))")
	bob.OK(hello("Team"))
	silent(t, c)
	other.OK("SUBSCRIBE " + name)
	c.OK("NOOP")
	bob.OK(hello("Team"))
	hears(t, c, "STATUS "+name+" (MESSAGES 3 UIDNEXT 4)")
}

// TestNotifyUIDOnly (RFC 9586 §3).
func TestNotifyUIDOnly(t *testing.T) {
	t.Parallel()
	_, c := open(t, 2, "one")
	c[0].OK("ENABLE UIDONLY")
	c[0].OK("NOTIFY SET (selected (MessageNew (FLAGS) MessageExpunge FlagChange))")
	c[1].OK(hello("INBOX"))
	hears(t, c[0], "2 EXISTS", "2 RECENT", `2 UIDFETCH (FLAGS (\Recent))`)
	c[1].OK(`STORE 1 FLAGS (\Deleted)`)
	hears(t, c[0], `1 UIDFETCH (FLAGS (\Deleted \Recent))`)
	c[1].OK("EXPUNGE")
	hears(t, c[0], "VANISHED 1")
}
