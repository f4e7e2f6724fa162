package imapsession_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestNotifyTooMuch asks for more mailboxes than a session watches (RFC 5465
// §3.1).
func TestNotifyTooMuch(t *testing.T) {
	t.Parallel()
	c := start(t).IMAP(ann)
	names := make([]string, 1001)
	for i := range names {
		names[i] = fmt.Sprint("m", i)
	}
	r := c.Do("NOTIFY SET (mailboxes (" + strings.Join(names, " ") + ") (MailboxName))")
	if !strings.HasPrefix(r.Final, "NO [NOTIFICATIONOVERFLOW]") {
		t.Errorf("NOTIFY of too many mailboxes: %s", r.Final)
	}
	r = c.Do("NOTIFY SET" + strings.Repeat(" (personal (MailboxName))", 101))
	if !strings.HasPrefix(r.Final, "NO [NOTIFICATIONOVERFLOW]") {
		t.Errorf("NOTIFY of too many groups: %s", r.Final)
	}
	c.OK("NOTIFY SET" + strings.Repeat(" (personal (MailboxName))", 100))
}
