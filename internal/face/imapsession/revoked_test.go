package imapsession_test

import (
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

const room = `"Other Users/bob@example.test/Room"`

// afterwards are commands of a session that has lost all rights on the mailbox
// that it has selected, on which it is notified and in which it has searched.
var afterwards = []string{
	"FETCH 1 BODY[]", "UID FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE)", "UID FETCH 1 (PREVIEW)", "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1)",
	"FETCH $ BODY[TEXT]", "UID FETCH 1 BINARY[1]", "UID STORE 1 +FLAGS (seized)", "STORE 1 FLAGS.SILENT (seized)",
	"UID SEARCH TEXT hidden", "SEARCH RETURN (ALL) TEXT hidden", "UID SORT RETURN (ALL) (SUBJECT) UTF-8 ALL", "THREAD REFERENCES UTF-8 ALL",
	"ESEARCH IN (selected) TEXT hidden", "ESEARCH IN (mailboxes " + room + ") ALL", `ESEARCH IN (subtree "Other Users") ALL`,
	"UID COPY 1 INBOX", "UID MOVE 1 INBOX", "EXPUNGE", "UID EXPUNGE 1:*",
	`APPEND INBOX CATENATE (URL "/;UID=1")`, `APPEND INBOX CATENATE (URL "/Other%20Users/bob@example.test/Room/;UID=1")`,
	"REPLACE 1 INBOX {18+}\r\nSubject: new\r\n\r\n\r\n", mailtest.Append(room, "", "Subject: seized\r\n\r\n"),
	"STATUS " + room + " (MESSAGES UIDNEXT)", "SELECT " + room, "EXAMINE " + room, `LIST "" * RETURN (STATUS (MESSAGES) METADATA (/shared/comment))`,
	"GETMETADATA " + room + " /shared/comment", "SETMETADATA " + room + ` (/shared/comment "seized")`, "GETACL " + room, "SETACL " + room + " ann@example.test lrswipkxtea",
	"MYRIGHTS " + room, "GETQUOTAROOT " + room, "RENAME " + room + " Seized", "DELETE " + room, "CREATE " + room[:len(room)-1] + `/seized"`,
}

// TestRevoked takes the rights on a mailbox away from a session that uses it in
// every way that there is, or has just left it. Nothing of it is told or changed
// from then on. A session that has it selected may be ended.
func TestRevoked(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner := s.IMAP("bob@example.test")
	makeRoom(owner)
	enterRoom(s).Close() // takes \Recent
	before := whole(owner)
	for _, command := range afterwards {
		for _, selected := range []bool{true, false} {
			owner.OK("SETACL Room ann@example.test lrswipkxtea")
			c := enterRoom(s)
			if !selected {
				c.OK("UNSELECT")
			}
			owner.OK("DELETEACL Room ann@example.test")
			if got := attempt(c, command); strings.Contains(strings.ReplaceAll(got, command, ""), "hidden") || strings.Contains(got, "* SEARCH 1") || strings.Contains(got, "FETCH (") {
				t.Errorf("%s (selected: %v) tells:\n%s", command, selected, got)
			}
			c.Close()
			owner.OK("SETACL Room ann@example.test lrswipkxtea")
			if after := whole(owner); after != before {
				t.Fatalf("%s (selected: %v) changes\n%s\nto\n%s", command, selected, before, after)
			}
		}
	}
	for _, text := range s.Messages(ann, "INBOX") {
		if strings.Contains(text, "hidden") {
			t.Errorf("INBOX has %q", text)
		}
	}
}

// attempt sends a command and returns what is told up to its end, or that of the
// connection.
func attempt(c *mailtest.IMAP, command string) string {
	c.Write("last " + strings.ReplaceAll(strings.ReplaceAll(command, "+}", "}"), "}\r\n", "+}\r\n") + "\r\n")
	return rest(c)
}

func rest(c *mailtest.IMAP) string {
	var all strings.Builder
	for {
		line, err := c.TryReadLine()
		all.WriteString(line + "\n")
		if err != nil || strings.HasPrefix(line, "last ") {
			return all.String()
		}
	}
}

// makeRoom has bob make a mailbox of which ann has all rights.
func makeRoom(owner *mailtest.IMAP) {
	owner.OK("CREATE Room")
	owner.OK(mailtest.Append("Room", "", "Subject: hidden subject\r\n\r\nhidden text\r\n"))
	owner.OK(`SETMETADATA Room (/shared/comment "hidden comment")`)
	owner.OK("SETACL Room ann@example.test lrswipkxtea")
}

// enterRoom returns a session of ann that has it selected.
func enterRoom(s *mailtest.Server) *mailtest.IMAP {
	c := s.IMAP(ann)
	c.OK("ENABLE QRESYNC")
	c.OK("SELECT " + room)
	c.OK("UID SEARCH RETURN (SAVE) ALL")
	return c
}

// TestRevokedWhileWaiting lets the owner write to a mailbox after those who wait
// for its news, in IDLE, by NOTIFY and as a search that is kept up, have lost
// their rights.
func TestRevokedWhileWaiting(t *testing.T) {
	t.Parallel()
	for _, prepare := range []string{
		"NOOP", "NOTIFY SET (selected (MessageNew (ENVELOPE) MessageExpunge FlagChange))",
		"NOTIFY SET (mailboxes " + room + " (MessageNew MessageExpunge MailboxMetadataChange))", "UID SEARCH RETURN (ALL UPDATE) TEXT hidden",
	} {
		t.Run(prepare, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			owner := s.IMAP("bob@example.test")
			makeRoom(owner)
			c := enterRoom(s)
			c.OK(prepare)
			if strings.Contains(prepare, "mailboxes") {
				c.OK("UNSELECT")
			}
			owner.OK("DELETEACL Room ann@example.test")
			c.Write("last IDLE\r\n")
			owner.OK(mailtest.Append("Room", "", "Subject: hidden news\r\n\r\nhidden text\r\n"))
			owner.OK("SELECT Room")
			owner.OK(`UID STORE 1 +FLAGS (hidden)`)
			owner.OK(`SETMETADATA Room (/shared/comment "hidden again")`)
			if strings.Contains(prepare, "mailboxes") {
				c.Write("DONE\r\n") // the other sessions are ended
			}
			told := rest(c)
			for _, word := range []string{"hidden", "FETCH", "2 EXISTS", "MESSAGES", "ADDTO"} {
				if strings.Contains(told, word) {
					t.Errorf("it is told:\n%s", told)
				}
			}
		})
	}
}

// TestRevokedURL lets a user sign a URL of what another shares with him, for a
// third. It must not outlive his own right to read.
func TestRevokedURL(t *testing.T) {
	t.Parallel()
	s := start(t)
	owner := s.IMAP("bob@example.test")
	makeRoom(owner)
	c := enterRoom(s)
	rump := "imap://ann%40example.test@" + mailtest.Hostname + "/Other%20Users/bob%40example.test/Room/;uid=1;urlauth=anonymous"
	signed := c.Do(`GENURLAUTH "` + rump + `" INTERNAL`)
	owner.OK("DELETEACL Room ann@example.test")
	if !signed.OK() {
		return
	}
	_, url, _ := strings.Cut(signed.Lines("GENURLAUTH")[0], `"`)
	for _, who := range []*mailtest.IMAP{s.IMAP(ann), owner} {
		if got := who.Do(`URLFETCH "` + url).String(); strings.Contains(got, "hidden") {
			t.Errorf("the URL still opens: %s", got)
		}
	}
}
