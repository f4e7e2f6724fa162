package mailstore_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

// start is when the clock of the tests begins to run.
func start() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

// fixture is a store in memory and one account on it.
type fixture struct {
	t       testing.TB
	engine  *memstore.Store
	disk    storage.Store // instead of engine, in benchmarks
	store   *mailstore.Store
	account *mailstore.Account
	now     time.Time
	quota   mailstore.Quota
	options mailstore.Options
}

func newFixture(t testing.TB) *fixture {
	f := &fixture{t: t, engine: memstore.New(), now: start()}
	f.options.Clock = func() time.Time { return f.now }
	f.options.Quota = func(mailstore.AccountID) mailstore.Quota { return f.quota }
	f.open()
	t.Cleanup(func() { f.close() })
	return f
}

func (f *fixture) open() {
	f.t.Helper()
	f.store = mailstore.New(f.engine, f.options)
	var err error
	f.account, err = f.store.Account(context.Background(), 7)
	f.check(err)
}

func (f *fixture) close() {
	f.t.Helper()
	f.check(f.store.Close())
}

// reopen ends the store and opens the same data again.
func (f *fixture) reopen() {
	f.t.Helper()
	f.close()
	f.open()
}

func (f *fixture) check(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) box(name string) *mailstore.Mailbox {
	f.t.Helper()
	tree, err := f.account.Mailboxes(context.Background())
	f.check(err)
	box, ok := tree.Find(name)
	if !ok {
		f.t.Fatalf("no mailbox %q", name)
	}
	return box
}

func (f *fixture) version(name string) *mailstore.Version {
	f.t.Helper()
	v, err := f.account.Open(context.Background(), f.box(name).ID)
	f.check(err)
	return v
}

// content takes in a message.
func (f *fixture) content(text string) *mailstore.Content {
	f.t.Helper()
	in := f.store.NewIngest(0)
	_, err := io.WriteString(in, text)
	f.check(err)
	c, err := in.Finish()
	f.check(err)
	return c
}

// mail is a message with that subject.
func mail(subject string) string {
	return "From: Ann <ann@example.test>\r\nDate: Tue, 3 Mar 2026 23:30:00 -0800\r\n" +
		"Subject: " + subject + "\r\n\r\nBody of " + subject + "\r\n"
}

// append puts a message into a mailbox.
func (f *fixture) append(name, subject string, flags ...imap.Flag) imap.UID {
	f.t.Helper()
	c := f.content(mail(subject))
	defer c.Discard()
	data, err := f.account.Append(context.Background(), f.box(name).ID,
		[]mailstore.Append{{Content: c, Flags: flags}})
	f.check(err)
	return data.UIDs.Max()
}

func (f *fixture) appendMany(name string, n int, flags ...imap.Flag) {
	f.t.Helper()
	messages := make([]mailstore.Append, n)
	for i := range messages {
		messages[i] = mailstore.Append{Content: f.content(mail(fmt.Sprint(i))), Flags: flags}
		defer messages[i].Content.Discard()
	}
	_, err := f.account.Append(context.Background(), f.box(name).ID, messages)
	f.check(err)
}

// read returns the whole text of a message.
func (f *fixture) read(e mailstore.Entry) string {
	f.t.Helper()
	m, err := f.account.Message(context.Background(), e)
	f.check(err)
	return f.readMessage(m)
}

func (f *fixture) readMessage(m *mailstore.Message) string {
	f.t.Helper()
	r, err := m.Open()
	f.check(err)
	defer r.Close()
	text, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	f.check(err)
	return string(text)
}

func (f *fixture) flags(name string, uid imap.UID) string {
	f.t.Helper()
	v := f.version(name)
	e, ok := v.Get(uid)
	if !ok {
		f.t.Fatalf("no message %d in %s", uid, name)
	}
	return fmt.Sprint(v.Mailbox().AppendFlags(nil, e.Flags))
}

func (f *fixture) uids(name string) string { return f.version(name).UIDSet().String() }

func (f *fixture) wantUIDs(name, want string) {
	f.t.Helper()
	if got := f.uids(name); got != want {
		f.t.Errorf("%s has the UIDs %q, want %q", name, got, want)
	}
}

// blobs counts the bytes of blobs that the engine holds.
func (f *fixture) blobs() int64 { return f.engine.Stats().BlobBytes }

func TestNewAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tree, err := f.account.Mailboxes(context.Background())
	f.check(err)
	var names []string
	for m := range tree.All() {
		names = append(names, m.Name)
		if !tree.Subscribed(m.Name) {
			t.Errorf("%s is not subscribed", m.Name)
		}
		if m.UIDNext != 1 || int64(m.UIDValidity) < start().Unix() {
			t.Errorf("%s has UIDNEXT %d and UIDVALIDITY %d", m.Name, m.UIDNext, m.UIDValidity)
		}
	}
	if got, want := strings.Join(names, " "), "Archive Drafts INBOX Junk Sent Trash"; got != want {
		t.Errorf("mailboxes are %q, want %q", got, want)
	}
	if sent, ok := tree.FindUse(imap.AttrSent); !ok || sent.Name != "Sent" {
		t.Errorf(`\Sent is %v`, sent)
	}
}

func TestAppendAndRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	date := time.Date(2020, 2, 29, 12, 0, 0, 0, time.FixedZone("", -5*3600-1800))
	c := f.content(mail("hello"))
	defer c.Discard()
	data, err := f.account.Append(context.Background(), f.box("INBOX").ID, []mailstore.Append{{
		Content:      c,
		Flags:        []imap.Flag{`\seen`, "$Forwarded", "Custom"},
		InternalDate: date,
		Prefix:       []byte("Return-Path: <>\r\n"),
	}})
	f.check(err)
	if data.UIDs.String() != "1" || data.UIDValidity != f.box("INBOX").UIDValidity {
		t.Errorf("APPENDUID is %v", data)
	}
	f.reopen()
	v := f.version("INBOX")
	e := v.At(1)
	whole := "Return-Path: <>\r\n" + mail("hello")
	if got := f.read(e); got != whole {
		t.Errorf("message is %q", got)
	}
	if e.Size() != int64(len(whole)) {
		t.Errorf("size is %d, want %d", e.Size(), len(whole))
	}
	if got := f.flags("INBOX", 1); got != `[\Seen $Forwarded Custom]` {
		t.Errorf("flags are %s", got)
	}
	if got := e.InternalDate(); !got.Equal(date) || got.Format(imap.DateTimeLayout) != date.Format(imap.DateTimeLayout) {
		t.Errorf("internal date is %v", got)
	}
	if got := e.SentDate(); got.Format(time.RFC3339) != "2026-03-03T23:30:00-08:00" {
		t.Errorf("sent date is %v", got)
	}
	if got := e.SaveDate(); !got.Equal(start()) {
		t.Errorf("save date is %v", got)
	}
}

func TestStructure(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	huge := "Subject: big\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
		strings.Repeat("--b\r\nContent-Type: text/plain; name=\"some-longer-name-of-a-file.txt\"\r\n\r\nx\r\n", 1500) + "--b--\r\n"
	for name, text := range map[string]string{"small": mail("small"), "huge": huge} {
		c := f.content(text)
		done, err := f.store.Deliver(context.Background(), c, []mailstore.Delivery{
			{Account: 7, Prefix: []byte("Received: here\r\n")},
		}, nil)
		c.Discard()
		f.check(err)
		f.check(done[0].Err)
		v := f.version("INBOX")
		e, _ := v.Get(done[0].UID)
		m, err := f.account.Message(context.Background(), e)
		f.check(err)
		s, err := m.Structure()
		f.check(err)
		want := len("Received: here\r\n") + strings.Index(text, "\r\n\r\n") + 4
		if s.Root.BodyStart != int64(want) || s.Size != m.Size() {
			t.Errorf("%s: body at %d, want %d; size %d of %d", name, s.Root.BodyStart, want, s.Size, m.Size())
		}
		envelope, err := m.Envelope()
		f.check(err)
		if envelope.Subject != s.Envelope.Subject || envelope.Subject == "" {
			t.Errorf("%s: subject is %q", name, envelope.Subject)
		}
	}
}

func TestDeliverIsOneBatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other, err := f.store.Account(context.Background(), 3)
	f.check(err)
	f.check(func() error { _, err := f.account.Create(context.Background(), "Lists"); return err }())
	before := f.engine.Stats()
	c := f.content(mail("to all"))
	defer c.Discard()
	done, err := f.store.Deliver(context.Background(), c, []mailstore.Delivery{
		{Account: 7, Mailbox: "Lists", Flags: []imap.Flag{`\Flagged`}},
		{Account: 3, Mailbox: "Nowhere", Prefix: []byte("X: y\r\n")},
		{Account: 7},
	}, func(b *storage.Batch) { b.Set([]byte{0x40}, []byte("queued")) })
	f.check(err)
	after := f.engine.Stats()
	if after.Commits != before.Commits+1 || after.BlobBytes != before.BlobBytes+int64(len(mail("to all"))) {
		t.Errorf("from %+v to %+v", before, after)
	}
	if v, err := f.engine.Get(nil, []byte{0x40}); string(v) != "queued" {
		t.Errorf("the other model's key is %q, %v", v, err)
	}
	if done[0].Mailbox != f.box("Lists").ID || done[2].Mailbox != f.box("INBOX").ID || done[0].ModSeq != done[2].ModSeq {
		t.Errorf("delivered %+v", done)
	}
	v, err := other.Open(context.Background(), done[1].Mailbox)
	f.check(err)
	m, err := other.Message(context.Background(), v.At(1))
	f.check(err)
	if got := f.readMessage(m); got != "X: y\r\n"+mail("to all") {
		t.Errorf("the other account has %q", got)
	}
}

func TestDeliverOverQuota(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.quota.Messages = 1
	for i := range 2 {
		c := f.content(mail("x"))
		done, err := f.store.Deliver(context.Background(), c,
			[]mailstore.Delivery{{Account: 7}, {Account: mailstore.AccountID(100 + i)}}, nil)
		f.check(err)
		if want := i > 0; (done[0].Err == mailstore.ErrOverQuota) != want || done[1].Err != nil {
			t.Errorf("delivery %d: %+v", i, done)
		}
		c.Discard()
	}
	blobs, also := f.blobs(), 0
	c := f.content(mail("nobody"))
	defer c.Discard()
	done, err := f.store.Deliver(context.Background(), c, []mailstore.Delivery{{Account: 7}},
		func(b *storage.Batch) { also++; b.Set([]byte{0x41}, nil) })
	f.check(err)
	if done[0].Err != mailstore.ErrOverQuota || f.blobs() != blobs || also == 0 {
		t.Errorf("%+v, %d bytes, also %d", done, f.blobs(), also)
	}
	if _, err := f.engine.Get(nil, []byte{0x41}); err != nil {
		t.Errorf("the other model's key: %v", err)
	}
}

func TestDeliverToHundreds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.content(mail("crowd"))
	defer c.Discard()
	var to []mailstore.Delivery
	for i := range 900 {
		to = append(to, mailstore.Delivery{Account: mailstore.AccountID(1000 - i)})
	}
	done, err := f.store.Deliver(context.Background(), c, to, nil)
	f.check(err)
	for i, d := range done {
		if d.Err != nil || d.UID != 1 || d.Account != to[i].Account {
			t.Fatalf("recipient %d: %+v", i, d)
		}
	}
	if f.blobs() != int64(len(mail("crowd"))) {
		t.Errorf("%d bytes of blobs for one message", f.blobs())
	}
}
