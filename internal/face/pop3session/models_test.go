package pop3session_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/flow/retrieval"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/maildrop"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// newRetrieval returns the flow on models, with the server's defaults.
func newRetrieval(m *mailtest.Models) *retrieval.Service {
	return retrieval.New(retrieval.Options{
		Directory: m.Directory, Mail: m.Mail, Notes: maildrop.New(m.Store),
		Defaults: directory.POP3{
			Mailbox: "INBOX", Delete: directory.Delete,
			LeaveDays: directory.LeaveForever, LoginDelay: directory.NoLoginDelay,
		},
		Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
}

func deliver(t testing.TB, m *mailtest.Models, address, text string) {
	t.Helper()
	to := []mailstore.Delivery{{Account: mailstore.AccountID(m.ID(address))}}
	if _, err := m.Mail.Deliver(t.Context(), m.Content(text), to, nil); err != nil {
		t.Fatal(err)
	}
}
