package imapsession

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage/embedded"
)

// BenchmarkColumns searches 10 000 messages of common form, without columns, with
// columns that are there, and with those that must be made first.
func BenchmarkColumns(b *testing.B) {
	store, err := embedded.Open(b.TempDir(), embedded.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	mail := mailstore.New(store, mailstore.Options{})
	defer mail.Close()
	v, account := commonMail(b, mail, 10_000)
	key := func(field, text string) imap.SearchCriteria {
		return imap.SearchCriteria{Op: imap.SearchHeader, Field: field, Text: text}
	}
	all := imap.SearchCriteria{Op: imap.SearchOr, Keys: []imap.SearchCriteria{
		key("From", "none"), key("To", "none"), key("Cc", "none"), key("Subject", "none"),
	}}
	for _, search := range []struct {
		name string
		imap.SearchCriteria
	}{{"from", key("From", "none")}, {"message-id", key("Message-ID", "none")}, {"four-fields", all}} {
		for _, how := range []string{"records", "made", "there"} {
			b.Run(search.name+"/"+how, func(b *testing.B) {
				memory := int64(0)
				if how == "records" {
					memory = -1
				}
				backend := New(Options{Mail: mail, SearchMemory: memory})
				b.ReportAllocs()
				for b.Loop() {
					if how == "made" {
						backend = New(Options{Mail: mail})
					}
					s := &session{Backend: backend, view: &view{at: location{account: account}, id: v.Mailbox().ID, told: v}, log: slog.New(slog.DiscardHandler)}
					c := &compiler{session: s, view: s.view, now: s.Now()}
					if _, err := c.searchAll(b.Context(), &search.SearchCriteria, imapserver.SearchOptions{UIDs: true}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(v.Len()), "ns/message")
			})
		}
	}
}

// commonMail fills an INBOX with n messages.
func commonMail(b *testing.B, mail *mailstore.Store, n int) (*mailstore.Version, *mailstore.Account) {
	account, err := mail.Account(b.Context(), 1)
	if err != nil {
		b.Fatal(err)
	}
	tree, err := account.Mailboxes(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	inbox, _ := tree.Find(imap.Inbox)
	const at = 500 // in one APPEND
	for first := 0; first < n; first += at {
		var list []mailstore.Append
		for i := first; i < first+at; i++ {
			in := mail.NewIngest(0)
			fmt.Fprintf(in, "Received: from a.example.test by b.example.test; Mon, 01 Jan 2024 10:00:00 +0000\r\n"+
				"Message-ID: <%d.abcdefgh@mail.example.test>\r\nFrom: Sender Number %d <sender%d@example.test>\r\n"+
				"To: Ann Other <ann@example.test>, Bob <bob@example.test>\r\nSubject: Re: [list] conversation %d about things\r\n"+
				"Date: Mon, 01 Jan 2024 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"+
				"X-Mailer: Example 1.0\r\n\r\n%s", i, i%100, i%100, i/7, strings.Repeat("Some text.\r\n", 50))
			content, err := in.Finish()
			if err != nil {
				b.Fatal(err)
			}
			defer content.Discard()
			list = append(list, mailstore.Append{Content: content})
		}
		if _, err := account.Append(b.Context(), inbox.ID, list); err != nil {
			b.Fatal(err)
		}
	}
	v, err := account.Open(b.Context(), inbox.ID)
	if err != nil {
		b.Fatal(err)
	}
	return v, account
}
