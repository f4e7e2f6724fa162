package imapsession_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
)

// switchTests say what goes with a capability that is off, and what stays. All
// commands are good for who is offered all.
var switchTests = []struct {
	off         string
	gone, stays []string
}{
	{"SORT", []string{"SORT (DATE) UTF-8 ALL"}, []string{"THREAD REFS UTF-8 ALL", "SEARCH RETURN (UPDATE) ALL"}},
	{"ESORT", []string{"SORT RETURN (COUNT) (DATE) UTF-8 ALL"}, []string{"SORT (DATE) UTF-8 ALL", "SEARCH RETURN (COUNT) ALL"}},
	{"SORT=DISPLAY", []string{"SORT (DISPLAYFROM) UTF-8 ALL"}, []string{"SORT (FROM) UTF-8 ALL"}},
	{"CONTEXT=SORT", []string{"SORT RETURN (UPDATE) (DATE) UTF-8 ALL"}, []string{"SORT (DATE) UTF-8 ALL", "SEARCH RETURN (UPDATE) ALL"}},
	{"THREAD=ORDEREDSUBJECT", []string{"THREAD ORDEREDSUBJECT UTF-8 ALL"}, []string{"THREAD REFERENCES UTF-8 ALL"}},
	{"THREAD=REFERENCES", []string{"THREAD REFERENCES UTF-8 ALL"}, []string{"THREAD REFS UTF-8 ALL"}},
	{"I18NLEVEL=2", []string{"COMPARATOR"}, []string{"SEARCH ALL"}},
	{"METADATA", []string{"GETMETADATA INBOX /private/comment"}, []string{"NOOP"}},
	{"FILTERS", []string{"SEARCH FILTER unseen"}, []string{"GETMETADATA INBOX /private/comment"}},
	{"LIST-METADATA", []string{`LIST "" * RETURN (METADATA (/private/comment))`}, []string{"GETMETADATA INBOX /private/comment"}},
	{"LIST-MYRIGHTS", []string{`LIST "" * RETURN (MYRIGHTS)`}, []string{"MYRIGHTS INBOX"}},
	{"LIST-STATUS", []string{`LIST "" * RETURN (STATUS (MESSAGES))`}, []string{`LIST "" * RETURN (CHILDREN)`}},
	{"LIST-EXTENDED", []string{`LIST "" (INBOX Sent)`, `LIST (SUBSCRIBED) "" *`, `LIST "" * RETURN ()`}, []string{`LIST "" *`}},
	{"SPECIAL-USE", []string{`LIST "" * RETURN (SPECIAL-USE)`, `LIST (SPECIAL-USE) "" *`}, []string{`LIST "" *`}},
	{"CREATE-SPECIAL-USE", []string{`CREATE Kept (USE (\Archive))`}, []string{"CREATE Kept"}},
	{"QUOTASET", []string{`SETQUOTA "#user/x@example.test" ()`}, []string{"GETQUOTAROOT INBOX"}},
	{"CONDSTORE", []string{
		"FETCH 1 MODSEQ", "FETCH 1 FLAGS (CHANGEDSINCE 1)", "STORE 1 (UNCHANGEDSINCE 9999) FLAGS ()",
		"SEARCH MODSEQ 1", "STATUS INBOX (HIGHESTMODSEQ)", "SELECT INBOX (CONDSTORE)",
	}, []string{"FETCH 1 FLAGS"}},
	{"STATUS=SIZE", []string{"STATUS INBOX (SIZE)"}, []string{"STATUS INBOX (MESSAGES)"}},
	{"ESEARCH", []string{"SEARCH RETURN (COUNT) ALL"}, []string{"SEARCH ALL", "SORT RETURN (COUNT) (DATE) UTF-8 ALL"}},
	{"SEARCHRES", []string{"SEARCH RETURN (SAVE) ALL", "FETCH $ FLAGS", "SEARCH $"}, []string{"SEARCH RETURN (COUNT) ALL"}},
	{"PARTIAL", []string{"SEARCH RETURN (PARTIAL 1:2) ALL", "UID FETCH 1:* FLAGS (PARTIAL 1:2)"}, []string{"SEARCH RETURN (COUNT) ALL"}},
	{"WITHIN", []string{"SEARCH OLDER 5", "SEARCH YOUNGER 5"}, []string{"SEARCH ALL"}},
	{"BINARY", []string{"FETCH 1 BINARY.PEEK[1]", "FETCH 1 BINARY.SIZE[1]"}, []string{"FETCH 1 BODY.PEEK[1]"}},
	{"MULTIAPPEND", []string{"APPEND INBOX {4+}\r\na: b {4+}\r\na: b"}, []string{"APPEND INBOX {4+}\r\na: b"}},
	{"URLAUTH=BINARY", []string{`URLFETCH ("imap://x/" BODY)`}, []string{`URLFETCH "imap://x/"`}},
}

// TestSwitches has a user for each capability, who is not offered it.
func TestSwitches(t *testing.T) {
	t.Parallel()
	accounts := []mailtest.Account{{Address: ann}}
	var off []string
	for i, test := range switchTests {
		accounts = append(accounts, mailtest.Account{Address: switched(i)})
		off = append(off, switched(i)+": "+test.off)
	}
	s := mailtest.Start(t, mailtest.Options{
		Accounts: accounts,
		Config:   func(c *config.Config) { c.Capabilities.Accounts = off },
	})
	announced := capabilities(s.IMAP(ann))
	for i, test := range switchTests {
		c := s.IMAP(switched(i))
		offered := capabilities(c)
		if !announced[test.off] || offered[test.off] {
			t.Errorf("%s: announced to all: %t, to who is not offered it: %t", test.off, announced[test.off], offered[test.off])
		}
		c.OK("APPEND INBOX {4+}\r\na: b")
		c.OK("SELECT INBOX")
		for _, command := range test.gone {
			expect(t, c, command, "BAD")
		}
		for _, command := range test.stays {
			c.OK(command)
		}
	}
}

func switched(i int) string { return fmt.Sprintf("user%d@example.test", i) }

// TestSwitchedAttributes has LIST tell nothing of what is off.
func TestSwitchedAttributes(t *testing.T) {
	t.Parallel()
	for off, want := range map[string]string{
		"NOTIFY":               `LIST (\HasNoChildren \Sent) "/" Sent`,
		"SPECIAL-USE":          `LIST (\HasNoChildren) "/" Sent`,
		"CHILDREN":             `LIST (\Sent) "/" Sent`,
		"CHILDREN SPECIAL-USE": `LIST () "/" Sent`,
	} {
		s := mailtest.Start(t, mailtest.Options{
			Accounts: []mailtest.Account{{Address: ann}},
			Config:   func(c *config.Config) { c.Capabilities.Without = strings.Fields(off) },
		})
		expect(t, s.IMAP(ann), `LIST "" Sent`, "OK", want)
	}
}

// capabilities returns what CAPABILITY announces.
func capabilities(c *mailtest.IMAP) map[string]bool {
	names := make(map[string]bool)
	for _, line := range c.OK("CAPABILITY").Lines("CAPABILITY") {
		for _, name := range strings.Fields(line) {
			names[name] = true
		}
	}
	return names
}
