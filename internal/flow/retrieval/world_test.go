package retrieval_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/flow/retrieval"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/maildrop"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

const ann = "ann@example.test"

// A world is a Service on models in memory, with a clock that stands still.
type world struct {
	*mailtest.Models
	*retrieval.Service
	t       *testing.T
	now     time.Time
	account *mailstore.Account
	log     bytes.Buffer
}

func newWorld(t *testing.T, messages int) *world {
	w := &world{
		Models: mailtest.NewModels(t, []mailtest.Account{{Address: ann}, {Address: "bob@example.test"}}),
		t:      t, now: time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC),
	}
	w.Service = retrieval.New(retrieval.Options{
		Directory: w.Models.Directory, Mail: w.Models.Mail, Notes: maildrop.New(w.Store),
		Defaults: directory.POP3{
			Mailbox: "INBOX", Delete: directory.Delete,
			LeaveDays: directory.LeaveForever, LoginDelay: directory.NoLoginDelay,
		},
		Now:    func() time.Time { return w.now },
		Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	var err error
	if w.account, err = w.Models.Mail.Account(t.Context(), mailstore.AccountID(w.ID(ann))); err != nil {
		t.Fatal(err)
	}
	for i := range messages {
		w.deliver(i + 1)
	}
	return w
}

// deliver brings message i, whose Message-ID is <i@x>.
func (w *world) deliver(i int) {
	w.t.Helper()
	text := fmt.Sprintf("Message-ID: <%d@x>\r\n\r\nhello\r\n", i)
	to := []mailstore.Delivery{{Account: w.account.ID()}}
	if _, err := w.Models.Mail.Deliver(w.t.Context(), w.Content(text), to, nil); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) policy(p directory.POP3) {
	w.t.Helper()
	_, err := w.Models.Directory.SetPOP3(w.t.Context(), w.ID(ann), func(old *directory.POP3) { *old = p })
	if err != nil {
		w.t.Fatal(err)
	}
}

// open returns the maildrop as it is, for a session that is over already.
func (w *world) open() *retrieval.Drop {
	w.t.Helper()
	d, err := w.Open(w.t.Context(), w.ID(ann))
	if err != nil {
		w.t.Fatal(err)
	}
	d.Close()
	return d
}

// leave is a session that deletes and downloads.
func (w *world) leave(deleted, retrieved []int) {
	w.t.Helper()
	if err := w.open().Leave(w.t.Context(), deleted, retrieved); err != nil {
		w.t.Fatal(err)
	}
}

// uids returns the unique-ids of the maildrop.
func (w *world) uids() []string {
	w.t.Helper()
	d := w.open()
	list := []string{}
	for n := 1; n <= d.Len(); n++ {
		list = append(list, string(d.AppendUID(nil, n)))
	}
	return list
}

func (w *world) count(mailbox string) int { return len(w.Messages(ann, mailbox)) }

func (w *world) expire(want int64) {
	w.t.Helper()
	if n, err := w.Expire(w.t.Context()); n != want || err != nil {
		w.t.Errorf("%d messages expired, %v, want %d", n, err, want)
	}
}
