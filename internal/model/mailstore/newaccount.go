package mailstore

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A defaultMailbox is what a new account has.
type defaultMailbox struct {
	name string
	uses []imap.MailboxAttr
}

// defaultMailboxes are those that clients look for by their special use
// (RFC 6154), under the names that most of them would give.
func defaultMailboxes() []defaultMailbox {
	return []defaultMailbox{
		{name: imap.Inbox},
		{"Drafts", []imap.MailboxAttr{imap.AttrDrafts}},
		{"Sent", []imap.MailboxAttr{imap.AttrSent}},
		{"Junk", []imap.MailboxAttr{imap.AttrJunk}},
		{"Trash", []imap.MailboxAttr{imap.AttrTrash}},
		{"Archive", []imap.MailboxAttr{imap.AttrArchive}},
	}
}

// create stores a new account.
func (a *Account) create(ctx context.Context) error {
	core, err := a.store.acquire(ctx, a.id)
	if err != nil {
		return err
	}
	defer a.store.release(core)
	core.mu.Lock()
	defer core.mu.Unlock()
	if core.head == nil {
		if err := core.create(); err != nil {
			return err
		}
	}
	return core.ready(ctx)
}

// create stores a new account with its default mailboxes, all subscribed. It
// is no error if somebody else has stored it meanwhile. The caller holds mu.
func (a *account) create() error {
	st := a.store.storage
	u := &update{store: a.store, batch: st.NewBatch(), now: a.store.options.Clock()}
	t := newTx(u, a, &state{tree: new(Tree)})
	t.founding = true
	for _, d := range defaultMailboxes() {
		if _, err := t.newMailbox(d.name, d.uses); err != nil {
			return err
		}
		if err := t.subscribe(d.name); err != nil {
			return err
		}
	}
	if err := t.finish(); err != nil {
		return err
	}
	if err := storage.Commit(st, u.batch); !errors.Is(err, storage.ErrConflict) {
		return err
	}
	return nil
}
