package delivery_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/flow/delivery"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/smtp"
)

const (
	ann  = "ann@example.test"
	bob  = "bob@example.test"
	text = "Subject: hi\r\n\r\nhello\r\n"
)

var now = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

// A post is a Deliverer and what it reports.
type post struct {
	*mailtest.Models
	*delivery.Deliverer
	woken         int
	local, queued int
}

func newPost(t *testing.T, accounts []mailtest.Account, aliases ...mailtest.Alias) *post {
	p := &post{Models: mailtest.NewModels(t, accounts, aliases...)}
	p.Deliverer = delivery.New(delivery.Options{
		Store: p.Models.Store, Directory: p.Models.Directory, Mail: p.Models.Mail, Queue: p.Models.Queue,
		Wake:      func() { p.woken++ },
		Lifetime:  time.Hour,
		Now:       func() time.Time { return now },
		Delivered: func(local, queued int) { p.local, p.queued = p.local+local, p.queued+queued },
	})
	return p
}

// message returns a message to addresses, which are resolved as the envelope's
// are. An address of nobody here is foreign.
func (p *post) message(t *testing.T, to ...string) *delivery.Message {
	t.Helper()
	m := &delivery.Message{
		Content: p.Content(text),
		From:    smtp.ReversePath{Address: mailtest.Address(t, "far@elsewhere.test")},
		Trace:   []byte("Received: by mail.example.test\r\n"),
	}
	for _, one := range to {
		addr := mailtest.Address(t, one)
		found, err := p.Models.Directory.Resolve(t.Context(), addr)
		if err != nil {
			t.Fatal(err)
		}
		if len(found.Local)+len(found.Foreign) == 0 {
			found.Foreign = append(found.Foreign, addr)
		}
		m.Recipients.Add(found, smtp.RcptOptions{Notify: smtp.NotifyFailure})
	}
	return m
}

var two = []mailtest.Account{{Address: ann, Others: []string{"anna@example.test"}}, {Address: bob}}

func TestPrefixOfEachRecipient(t *testing.T) {
	t.Parallel()
	p := newPost(t, two)
	if failures, err := p.Deliver(t.Context(), p.message(t, "ann+list@example.test", bob)); err != nil || failures != nil {
		t.Fatal(failures, err)
	}
	for user, to := range map[string]string{ann: "ann+list@example.test", bob: bob} {
		want := "Return-Path: <far@elsewhere.test>\r\nDelivered-To: " + to + "\r\nReceived: by mail.example.test\r\n" + text
		if got := p.Inbox(user); !slices.Equal(got, []string{want}) {
			t.Errorf("%s has %q, want %q", user, got, want)
		}
	}
	if p.woken != 0 || p.local != 2 || p.queued != 0 {
		t.Errorf("woken %d times, %d local, %d queued", p.woken, p.local, p.queued)
	}
}

func TestNullPath(t *testing.T) {
	t.Parallel()
	p := newPost(t, two)
	m := p.message(t, ann)
	m.From = smtp.ReversePath{}
	if _, err := p.Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := p.Inbox(ann)[0]; !strings.HasPrefix(got, "Return-Path: <>\r\n") {
		t.Errorf("a message of nobody begins with %.40q", got)
	}
}

// TestOnceEach has one account reached by four addresses, and one foreign
// address by two.
func TestOnceEach(t *testing.T) {
	t.Parallel()
	p := newPost(t, two,
		mailtest.Alias{Address: "all@example.test", Targets: []string{ann, bob, "far@elsewhere.test"}},
		mailtest.Alias{Address: "more@example.test", Targets: []string{"all@example.test"}})
	m := p.message(t, "anna@example.test", ann, "all@example.test", "more@example.test", "far@elsewhere.test")
	if _, err := p.Deliver(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if a, b := len(p.Inbox(ann)), len(p.Inbox(bob)); a != 1 || b != 1 {
		t.Errorf("the accounts have %d and %d messages", a, b)
	}
	if _, recipients := p.Queued(); len(recipients) != 1 {
		t.Errorf("queued for %v", recipients)
	}
}

func TestOneBatchForAll(t *testing.T) {
	t.Parallel()
	p := newPost(t, two)
	// The accounts exist: their default mailboxes are a batch of their own.
	p.Inbox(ann)
	p.Inbox(bob)
	before := p.Models.Store.Stats().Commits
	if _, err := p.Deliver(t.Context(), p.message(t, ann, bob, "a@far.test", "b@farther.test")); err != nil {
		t.Fatal(err)
	}
	if n := p.Models.Store.Stats().Commits - before; n != 1 {
		t.Errorf("%d batches", n)
	}
	if p.woken != 1 || p.local != 2 || p.queued != 2 {
		t.Errorf("woken %d times, %d local, %d queued", p.woken, p.local, p.queued)
	}
}

func TestForeign(t *testing.T) {
	t.Parallel()
	for _, to := range [][]string{{"a@far.test"}, {ann, "a@far.test"}} {
		p := newPost(t, two)
		m := p.message(t, to...)
		m.Account = mailtest.Address(t, bob)
		m.Options.EnvelopeID = "id-1"
		if _, err := p.Deliver(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		messages, recipients := p.Queued()
		if len(messages) != 1 {
			t.Fatalf("%d recipients queued", len(messages))
		}
		got, want := messages[0], queue.Message{
			ID: messages[0].ID, Blob: messages[0].Blob,
			Sender: m.From, Options: m.Options, Account: m.Account, Prefix: m.Trace,
			Size: int64(len(m.Trace) + len(text)), Received: now, Expires: now.Add(time.Hour),
		}
		if got.Sender != want.Sender || got.Options != want.Options || got.Account != want.Account ||
			string(got.Prefix) != string(want.Prefix) || got.Size != want.Size ||
			!got.Received.Equal(want.Received) || !got.Expires.Equal(want.Expires) {
			t.Errorf("queued %+v, want %+v", got, want)
		}
		if r := recipients[0]; r.Destination.String() != "far.test" || r.Options.Notify != smtp.NotifyFailure {
			t.Errorf("recipient %+v", r)
		}
		if p.woken != 1 || p.queued != 1 {
			t.Errorf("to %v: woken %d times, %d counted", to, p.woken, p.queued)
		}
		blob, err := p.Models.Store.OpenBlob(got.Blob)
		if err != nil {
			t.Fatal(err)
		}
		defer blob.Close()
		content := make([]byte, blob.Size())
		if _, err := blob.ReadAt(content, 0); err != nil && len(content) != len(text) {
			t.Fatal(err)
		}
		if string(content) != text {
			t.Errorf("blob has %q", content)
		}
	}
}

func TestOverQuotaIsOneAccountsFailure(t *testing.T) {
	t.Parallel()
	p := newPost(t, []mailtest.Account{{Address: ann, Quota: 100}, {Address: bob}})
	failures, err := p.Deliver(t.Context(), p.message(t, ann, bob, "a@far.test"))
	if err != nil {
		t.Fatal(err)
	}
	if len(failures) != 1 || failures[0].Account != p.ID(ann) || !errors.Is(failures[0].Err, mailstore.ErrOverQuota) {
		t.Errorf("failures: %v", failures)
	}
	if a, b := len(p.Inbox(ann)), len(p.Inbox(bob)); a != 0 || b != 1 {
		t.Errorf("the accounts have %d and %d messages", a, b)
	}
	if messages, _ := p.Queued(); len(messages) != 1 {
		t.Errorf("%d recipients queued", len(messages))
	}
}

// TestWhoHasIt: an account without room may be one of several behind the only
// address of the envelope, and the others have the message.
func TestWhoHasIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		to     []string
		nobody bool
	}{
		{[]string{ann}, true},
		{[]string{"both@example.test"}, false},
		{[]string{"abroad@example.test"}, false},
		{[]string{ann, "a@far.test"}, false},
	} {
		p := newPost(t, []mailtest.Account{{Address: ann, Quota: 100}, {Address: bob}},
			mailtest.Alias{Address: "both@example.test", Targets: []string{ann, bob}},
			mailtest.Alias{Address: "abroad@example.test", Targets: []string{ann, "a@far.test"}})
		m := p.message(t, tt.to...)
		failures, err := p.Deliver(t.Context(), m)
		if err != nil || len(failures) != 1 || m.Recipients.HasNobody(failures) != tt.nobody {
			t.Errorf("%v: %v, %v, want nobody to have it: %v", tt.to, failures, err, tt.nobody)
		}
	}
}

// TestRoom wants to know beforehand what Deliver would say, to the byte.
func TestRoom(t *testing.T) {
	t.Parallel()
	size := int64(len("Return-Path: <far@elsewhere.test>\r\nDelivered-To: "+ann+"\r\nReceived: by mail.example.test\r\n") + len(text))
	for quota, want := range map[int64]error{size - 1: mailstore.ErrOverQuota, size: nil, 0: nil} {
		p := newPost(t, []mailtest.Account{{Address: ann, Quota: quota}, {Address: bob}})
		m := p.message(t, bob, ann)
		if err := p.CheckRoom(t.Context(), m); !errors.Is(err, want) {
			t.Errorf("quota %d: CheckRoom says %v, want %v", quota, err, want)
		}
		failures, err := p.Deliver(t.Context(), m)
		if err != nil || (len(failures) > 0) != (want != nil) {
			t.Errorf("quota %d: Deliver says %v, %v", quota, failures, err)
		}
	}
}

func TestFailedCommitStoresNothing(t *testing.T) {
	t.Parallel()
	p := newPost(t, two)
	p.Inbox(ann)
	p.Models.Store.FailCommits(1, storage.ErrFull)
	m := p.message(t, ann, "a@far.test")
	if _, err := p.Deliver(t.Context(), m); !errors.Is(err, storage.ErrFull) {
		t.Fatalf("Deliver on a full disk: %v", err)
	}
	if messages, _ := p.Queued(); len(p.Inbox(ann)) != 0 || len(messages) != 0 || p.woken != 0 || p.local != 0 {
		t.Error("a failed batch has left something")
	}
	if _, err := p.Deliver(t.Context(), p.message(t, ann, "a@far.test")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestTooManyForeign(t *testing.T) {
	t.Parallel()
	p := newPost(t, two)
	m := p.message(t, ann, "a@far.test")
	m.Trace = []byte(strings.Repeat("X-Long: field\r\n", queue.MaxPrefix/15+1))
	if _, err := p.Deliver(t.Context(), m); !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("a trace too long for the queue: %v", err)
	}
	if len(p.Inbox(ann)) != 0 {
		t.Error("the message is there in part")
	}
}
