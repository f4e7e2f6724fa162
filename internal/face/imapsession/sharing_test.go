package imapsession_test

import (
	"context"
	"fmt"
	"net"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/wiretest"
)

const (
	bob  = "bob@example.test"
	carl = "carl@example.test"
	team = "team@example.test"

	bobs = `"Other Users/bob@example.test/`
)

// startSharing returns a server on which bob has granted ann some rights, and
// where there is a shared account.
func startSharing(t *testing.T) *mailtest.Server {
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{
			{Address: ann, Admin: true}, {Address: bob}, {Address: carl}, {Address: "fred@example.test"},
			{Address: team, Shared: true},
		},
		Config: func(c *config.Config) {
			c.Limits.MessageSize = 1 << 16
			c.Delivery.Quota, c.Delivery.QuotaMessages, c.Delivery.QuotaMailboxes = 100<<10, 50, 20
		},
	})
	owner := s.IMAP(bob)
	for _, command := range []string{
		"CREATE Work/Plans", "CREATE Secret", "CREATE Look",
		"SETACL Work ann@example.test lrswipkxte", "SETACL Work/Plans ann@example.test lrs", "SETACL Look ann@example.test l",
		mailtest.Append("Work", `(\Flagged)`, "Subject: one\r\n\r\n1\r\n"),
		mailtest.Append("Work", `(\Deleted)`, "Subject: two\r\n\r\n2\r\n"),
		mailtest.Append("Work/Plans", "", "Subject: plan\r\n\r\nthree\r\n"),
		mailtest.Append("Secret", "", "Subject: secret\r\n\r\n"),
		"LOGOUT",
	} {
		owner.OK(command)
	}
	return s
}

// TestSharing plays each file as ann.
func TestSharing(t *testing.T) {
	wiretest.Run(t, "testdata/sharing/*.txt", func(_ context.Context, conn net.Conn) { speak(t, startSharing(t), conn) })
}

// grant gives an account rights on a mailbox of another.
func grant(t *testing.T, s *mailtest.Server, owner, mailbox, identifier, rights string) {
	t.Helper()
	c := s.IMAP(owner)
	c.OK(fmt.Sprintf("SETACL %s %s %s", mailbox, identifier, rights))
	c.OK("LOGOUT")
}
