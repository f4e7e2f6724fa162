package imapsession_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/wiretest"
)

// TestLimitDialogues has servers whose commands process few messages: fewer
// than the configuration admits, so that dialogues are short.
func TestLimitDialogues(t *testing.T) {
	for name, limit := range map[string]func(*config.Limits){
		"messages": func(l *config.Limits) { l.IMAPMessages = 3 },
		"saved":    func(l *config.Limits) { l.IMAPSaved = 2 },
	} {
		wiretest.Run(t, "testdata/limits/"+name+".txt", func(_ context.Context, conn net.Conn) {
			speak(t, mailtest.Start(t, mailtest.Options{
				Accounts: []mailtest.Account{{Address: ann}},
				Config:   func(c *config.Config) { limit(&c.Limits) },
			}), conn)
		})
	}
}

// TestUIDBatches cuts a mailbox with holes into batches (RFC 10022).
func TestUIDBatches(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.IMAP(ann)
	c.OK("SELECT INBOX")
	expect(t, c, "UIDBATCHES 500", "OK", `UIDBATCHES (TAG "a3")`)
	c.OK("APPEND INBOX" + strings.Repeat(" {4+}\r\na: b", 700))
	c.OK("APPEND INBOX" + strings.Repeat(" {4+}\r\na: b", 510))
	c.OK(`UID STORE 1:3,600:604,1209:* +FLAGS.SILENT (\Deleted)`)
	c.OK("EXPUNGE")
	// 1200 messages are left: 4 to 599, 605 to 1208.
	for i, one := range []struct{ arguments, want string }{
		{"500", "1208:709,708:204,203:1"},
		{"600", "1208:609,608:1"},
		{"1200", "1208:1"},
		{"4294967295", "1208:1"},
		{"500 1:1", "1208:709"},
		{"500 2:3", "708:204,203:1"},
		{"500 3:9", "203:1"},
		{"500 4:9", ""},
		{"600 4294967295:4294967295", ""},
	} {
		want := strings.TrimSuffix(fmt.Sprintf(`UIDBATCHES (TAG "a%d") %s`, i+8, one.want), " ")
		expect(t, c, "UIDBATCHES "+one.arguments, "OK", want)
	}
	for arguments, want := range map[string]string{
		"499": "NO [TOOFEW]", "500 2:1": "BAD [CLIENTBUG]", "500 1:10001": "NO [TOOMANY]",
		"": "BAD", "0": "BAD", "500 1": "BAD", "500 0:1": "BAD", "500 1:*": "BAD",
	} {
		expect(t, c, strings.TrimSpace("UIDBATCHES "+arguments), want)
	}
	c.OK("UID SEARCH RETURN (SAVE) 5:6")
	c.OK("UIDBATCHES 500")
	c.OK("ENABLE UIDONLY")
	expect(t, c, "UID FETCH $ (UID)", "OK", "8 UIDFETCH (UID 8)", "9 UIDFETCH (UID 9)")
}
