package mailstore

import (
	"context"
	"slices"

	"github.com/mailstead/mailstead/imap"
)

// change runs an update of this account alone.
func (a *Account) change(ctx context.Context, build func(*tx) error) error {
	return a.store.update(ctx, []AccountID{a.id}, func(u *update) error { return build(u.txs[0]) })
}

// Create makes a mailbox, and those above it that do not exist yet
// (RFC 9051 §6.3.4), with special uses (RFC 6154 §3). They inherit the grants
// of the mailbox above them.
func (a *Account) Create(ctx context.Context, name string, uses ...imap.MailboxAttr) (*Mailbox, error) {
	return a.CreateBy(ctx, a.id, name, uses...)
}

// CreateBy is Create by another account. What it makes at the top inherits the
// grants of INBOX.
func (a *Account) CreateBy(ctx context.Context, by AccountID, name string, uses ...imap.MailboxAttr) (*Mailbox, error) {
	name, err := CheckName(name)
	if err != nil {
		return nil, err
	}
	uses, err = checkUses(uses)
	if err != nil {
		return nil, err
	}
	var made *Mailbox
	err = a.change(ctx, func(t *tx) error {
		t.by = by
		e, err := t.create(name, uses)
		if err == nil {
			made = e.box
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// create makes a mailbox of a checked name, and those above it.
func (t *tx) create(name string, uses []imap.MailboxAttr) (*edit, error) {
	if _, exists := t.lookup(name); exists {
		return nil, ErrMailboxExists
	}
	if err := t.createParents(name); err != nil {
		return nil, err
	}
	return t.newMailbox(name, uses)
}

func (t *tx) createParents(name string) error {
	for _, parent := range parents(name) {
		if _, exists := t.lookup(parent); exists {
			continue
		}
		if _, err := t.newMailbox(parent, nil); err != nil {
			return err
		}
	}
	return nil
}

// lookup finds a mailbox by its canonical name, as it is now in this tx.
func (t *tx) lookup(name string) (MailboxID, bool) {
	for _, e := range t.edits {
		if e.box.Name == name {
			return e.box.ID, true
		}
	}
	box, ok := t.base.tree.Find(name)
	if !ok || slices.Contains(t.dropped, box.ID) {
		return 0, false
	}
	for _, e := range t.edits {
		if e.box.ID == box.ID {
			return 0, false // it has another name now
		}
	}
	return box.ID, true
}

func checkUses(uses []imap.MailboxAttr) ([]imap.MailboxAttr, error) {
	var out []imap.MailboxAttr
	for _, use := range uses {
		use, ok := use.SpecialUse()
		if !ok {
			return nil, ErrBadUse
		}
		if !slices.Contains(out, use) {
			out = append(out, use)
		}
	}
	return out, nil
}

// SetSpecialUse replaces the special uses of a mailbox.
func (a *Account) SetSpecialUse(ctx context.Context, id MailboxID, uses ...imap.MailboxAttr) error {
	uses, err := checkUses(uses)
	if err != nil {
		return err
	}
	return a.change(ctx, func(t *tx) error { return t.setSpecialUse(id, uses) })
}

// setSpecialUse gives a mailbox uses that have been checked.
func (t *tx) setSpecialUse(id MailboxID, uses []imap.MailboxAttr) error {
	e, err := t.edit(id)
	if err != nil {
		return err
	}
	if !slices.Equal(e.box.SpecialUse, uses) {
		e.box.SpecialUse = uses
		t.log(Change{Kind: MailboxUsed, Mailbox: id})
	}
	return nil
}
