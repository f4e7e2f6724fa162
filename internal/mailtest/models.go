package mailtest

import (
	"context"
	"errors"
	"testing"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

// Password is that of all accounts that have none of their own.
const Password = "correct horse"

// An Account is an account that is there from the start.
type Account struct {
	Address  string
	Password string   // default Password
	Others   []string // further addresses
	Quota    int64    // bytes; 0 is the server's default
	Disabled bool
	Shared   bool // nobody logs in
	Admin    bool
}

// An Alias is an alias that is there from the start.
type Alias struct {
	Address string
	Targets []string
}

// Models are the models on a store in memory.
type Models struct {
	Store     *memstore.Store
	Directory *directory.Directory
	Mail      *mailstore.Store
	Queue     *queue.Queue

	t testing.TB
}

// NewModels returns models with accounts and aliases, and their domains.
func NewModels(t testing.TB, accounts []Account, aliases ...Alias) *Models {
	t.Helper()
	m := &Models{Store: memstore.New(), t: t}
	m.Directory = seed(t, m.Store, accounts, aliases)
	m.Mail = mailstore.New(m.Store, mailstore.Options{Quota: m.quota})
	m.Queue = queue.New(m.Store, queue.Options{})
	t.Cleanup(func() {
		m.Mail.Close()
		m.Store.Close()
	})
	return m
}

func (m *Models) quota(id mailstore.AccountID) mailstore.Quota {
	account, err := m.Directory.Account(context.Background(), directory.AccountID(id))
	if err != nil {
		return mailstore.Quota{}
	}
	return mailstore.Quota{Bytes: max(account.Quota.Bytes, 0)}
}

// ID returns the id of the account with an address.
func (m *Models) ID(addr string) directory.AccountID {
	m.t.Helper()
	account, err := m.Directory.AccountAt(m.t.Context(), Address(m.t, addr))
	if err != nil {
		m.t.Fatal(err)
	}
	return account.ID
}

// Content returns a message that is not stored yet, until the test ends.
func (m *Models) Content(text string) *mailstore.Content {
	m.t.Helper()
	in := m.Mail.NewIngest(0)
	if _, err := in.Write([]byte(text)); err != nil {
		m.t.Fatal(err)
	}
	content, err := in.Finish()
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(content.Discard)
	return content
}

// Messages returns the messages in a mailbox of an account, as they are read;
// none if there is no such mailbox.
func (m *Models) Messages(addr, mailbox string) []string {
	m.t.Helper()
	ctx := m.t.Context()
	account, err := m.Mail.Account(ctx, mailstore.AccountID(m.ID(addr)))
	if err != nil {
		m.t.Fatal(err)
	}
	tree, err := account.Mailboxes(ctx)
	if err != nil {
		m.t.Fatal(err)
	}
	box, ok := tree.Find(mailbox)
	if !ok {
		return nil
	}
	version, err := account.Open(ctx, box.ID)
	if err != nil {
		m.t.Fatal(err)
	}
	var all []string
	for _, e := range version.All() {
		all = append(all, m.text(account, e))
	}
	return all
}

// Inbox returns the messages in the INBOX of an account.
func (m *Models) Inbox(addr string) []string {
	m.t.Helper()
	return m.Messages(addr, imap.Inbox)
}

func (m *Models) text(account *mailstore.Account, e mailstore.Entry) string {
	m.t.Helper()
	stored, err := account.Message(m.t.Context(), e)
	if err != nil {
		m.t.Fatal(err)
	}
	r, err := stored.Open()
	if err != nil {
		m.t.Fatal(err)
	}
	defer r.Close()
	text := make([]byte, r.Size())
	if n, err := r.ReadAt(text, 0); n < len(text) {
		m.t.Fatal(err)
	}
	return string(text)
}

// Queued returns the recipients in the queue with their messages.
func (m *Models) Queued() (messages []queue.Message, recipients []queue.Recipient) {
	m.t.Helper()
	err := m.Queue.List(queue.Filter{}, func(msg queue.Message, to queue.Recipient) error {
		messages, recipients = append(messages, msg), append(recipients, to)
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return messages, recipients
}

// Address parses an address that is known to be good.
func Address(t testing.TB, s string) address.Address {
	t.Helper()
	a, err := address.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// cheap are directory options that do little work.
func cheap() directory.Options {
	o := directory.DefaultOptions()
	o.Argon2 = directory.Argon2{MemoryKiB: 64, Passes: 1, Lanes: 1}
	o.SCRAMIterations = 4096
	return o
}

// seed fills the directory of a new store.
func seed(t testing.TB, store storage.Store, accounts []Account, aliases []Alias) *directory.Directory {
	t.Helper()
	d, err := directory.Open(store, cheap())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accounts {
		seedAccount(t, d, a)
	}
	for _, a := range aliases {
		alias := directory.Alias{Address: Address(t, a.Address)}
		for _, target := range a.Targets {
			alias.Targets = append(alias.Targets, Address(t, target))
		}
		seedDomain(t, d, alias.Address.Domain)
		if err := d.AddAlias(t.Context(), alias); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func seedAccount(t testing.TB, d *directory.Directory, a Account) {
	t.Helper()
	addr := Address(t, a.Address)
	seedDomain(t, d, addr.Domain)
	if a.Password == "" && !a.Shared {
		a.Password = Password
	}
	account, err := d.AddAccount(t.Context(), directory.NewAccount{
		Address: addr, Password: a.Password, Quota: directory.Quota{Bytes: a.Quota}, Shared: a.Shared,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range a.Others {
		if err := d.AddAddress(t.Context(), account.ID, Address(t, other)); err != nil {
			t.Fatal(err)
		}
	}
	if a.Admin {
		if err := d.Promote(t.Context(), account.ID); err != nil {
			t.Fatal(err)
		}
	}
	if a.Disabled {
		if err := d.Disable(t.Context(), account.ID); err != nil {
			t.Fatal(err)
		}
	}
}

func seedDomain(t testing.TB, d *directory.Directory, name address.Domain) {
	t.Helper()
	if err := d.AddDomain(t.Context(), name); err != nil && !errors.Is(err, directory.ErrExists) {
		t.Fatal(err)
	}
}
