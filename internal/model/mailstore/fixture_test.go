package mailstore_test

import (
	"context"
	"fmt"
	"io"
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

func (f *fixture) open() { f.openOn(f.engine) }

// openOn opens the store on something that stands on the engine.
func (f *fixture) openOn(st storage.Store) {
	f.t.Helper()
	f.store = mailstore.New(st, f.options)
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
