package server_test

import (
	"slices"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapclient"
	"github.com/mailstead/mailstead/internal/mailtest"
)

// TestStrictClient lets the strict client do what mail programs do all day.
func TestStrictClient(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}}})
	ctx := t.Context()
	s.Deliver("far@elsewhere.test", ann, "Subject: one\r\n\r\n1\r\n")
	s.Deliver("far@elsewhere.test", ann, "Subject: two\r\n\r\n2\r\n")
	c := s.IMAPClient(ann, imapclient.Options{})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.Create(ctx, "Bücher & mehr"))
	selected, err := c.Select(ctx, "INBOX", imapclient.SelectOptions{})
	must(err)
	if selected.Messages != 2 {
		t.Errorf("%d messages", selected.Messages)
	}
	all := imap.NumSetOf(imap.SetOf[imap.SeqNum](1, 2))
	messages, err := c.FetchAll(ctx, all, &imap.FetchOptions{Items: imap.FetchFlags | imap.FetchUID | imap.FetchEnvelope | imap.FetchBodyStructure})
	must(err)
	if len(messages) != 2 || messages[0].Envelope.Subject != "one" {
		t.Errorf("fetched %+v", messages)
	}
	copied, err := c.Copy(ctx, all, "Bücher & mehr")
	must(err)
	if copied == nil || copied.Dest.Count() != 2 {
		t.Errorf("copied %+v", copied)
	}
	_, err = c.Move(ctx, imap.NumSetOf(imap.SetOf[imap.SeqNum](1)), "Trash")
	must(err)
	if c.Count() != 1 {
		t.Errorf("%d messages after the move", c.Count())
	}
	list, err := c.List(ctx, "", "B*")
	must(err)
	if len(list) != 1 || list[0].Mailbox != "Bücher & mehr" {
		t.Errorf("listed %+v", list)
	}
	must(c.Rename(ctx, "Bücher & mehr", "Bücher/1"))
	must(c.Delete(ctx, "Bücher/1"))
	list, err = c.List(ctx, "", "*")
	must(err)
	if slices.ContainsFunc(list, func(d imap.ListData) bool { return d.Mailbox == "Bücher/1" }) {
		t.Errorf("after the removal: %+v", list)
	}
	must(c.Logout(ctx))
}
