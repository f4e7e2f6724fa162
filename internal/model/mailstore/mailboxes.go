package mailstore

import (
	"context"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
)

// change runs an update of this account alone.
func (a *Account) change(ctx context.Context, build func(*tx) error) error {
	return a.store.update(ctx, []AccountID{a.id}, func(u *update) error { return build(u.txs[0]) })
}

// Create makes a mailbox, and those above it that do not exist yet
// (RFC 9051 §6.3.4), with special uses (RFC 6154 §3).
func (a *Account) Create(ctx context.Context, name string, uses ...imap.MailboxAttr) (*Mailbox, error) {
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

// deletedAtOnce is how many messages a mailbox may have to be deleted with
// them in one batch; before that, the others are removed.
const deletedAtOnce = 200_000

// Delete removes a mailbox with its messages; mailboxes below it and its
// subscription stay (RFC 9051 §6.3.5).
func (a *Account) Delete(ctx context.Context, name string) error {
	name, err := CheckName(name)
	if err != nil {
		return ErrNoMailbox
	}
	if name == imap.Inbox {
		return ErrInbox
	}
	if err := a.thinOut(ctx, name); err != nil {
		return err
	}
	return a.change(ctx, func(t *tx) error { return t.delete(name) })
}

// thinOut removes messages from a mailbox until deletedAtOnce are left.
func (a *Account) thinOut(ctx context.Context, name string) error {
	tree, err := a.Mailboxes(ctx)
	if err != nil {
		return err
	}
	box, ok := tree.Find(name)
	if !ok {
		return ErrNoMailbox
	}
	if box.Messages <= deletedAtOnce {
		return nil
	}
	v, err := a.Open(ctx, box.ID)
	if err != nil {
		return err
	}
	uids := imap.UIDSet{{Start: 1, Stop: v.At(v.Len() - deletedAtOnce).UID}}
	_, err = a.Remove(ctx, box.ID, uids)
	return err
}

func (t *tx) delete(name string) error {
	id, ok := t.lookup(name)
	if !ok {
		return ErrNoMailbox
	}
	v, err := t.account.load(id)
	if err != nil {
		return err
	}
	t.adoptLoaded()
	for _, e := range v.All() {
		t.orphans = append(t.orphans, e.Record())
	}
	box, _ := t.base.tree.Get(id)
	t.next.usage.Bytes -= box.Bytes
	t.next.usage.Messages -= int64(box.Messages)
	t.dropped = append(t.dropped, id)
	t.renamed = true
	t.log(Change{Kind: MailboxDeleted, Mailbox: id, Name: name})
	return nil
}

// Rename renames a mailbox and those below it. Renaming INBOX moves its
// messages to a new mailbox and leaves what is below it (RFC 9051 §6.3.6).
// Subscriptions stay as they are.
func (a *Account) Rename(ctx context.Context, from, to string) error {
	to, err := CheckName(to)
	if err != nil {
		return err
	}
	if from, err = CheckName(from); err != nil {
		return ErrNoMailbox
	}
	if from == imap.Inbox {
		return a.renameInbox(ctx, to)
	}
	return a.change(ctx, func(t *tx) error { return t.rename(from, to) })
}

func (t *tx) rename(from, to string) error {
	delim := string(Delimiter)
	if strings.HasPrefix(to, from+delim) {
		return ErrBadName // into itself
	}
	if _, exists := t.lookup(to); exists {
		return ErrMailboxExists
	}
	var moving []*Mailbox
	if box, ok := t.base.tree.Find(from); ok {
		moving = append(moving, box)
	}
	for box := range t.base.tree.Below(from) {
		moving = append(moving, box)
	}
	if len(moving) == 0 {
		return ErrNoMailbox
	}
	for _, box := range moving {
		if err := t.renameOne(box, to+strings.TrimPrefix(box.Name, from)); err != nil {
			return err
		}
	}
	return t.createParents(to)
}

// renameOne gives a mailbox a new name, which must be free: below a name that
// is free there may still be mailboxes.
func (t *tx) renameOne(box *Mailbox, name string) error {
	if _, err := CheckName(name); err != nil {
		return err
	}
	if _, exists := t.lookup(name); exists {
		return ErrMailboxExists
	}
	e, err := t.edit(box.ID)
	if err != nil {
		return err
	}
	e.box.Name = name
	t.renamed = true
	t.log(Change{Kind: MailboxRenamed, Mailbox: box.ID, Name: name})
	return nil
}

// renameInbox gives the messages of INBOX to a new mailbox.
func (a *Account) renameInbox(ctx context.Context, to string) error {
	if to == imap.Inbox {
		return ErrMailboxExists
	}
	made, err := a.Create(ctx, to)
	if err != nil {
		return err
	}
	tree, err := a.Mailboxes(ctx)
	if err != nil {
		return err
	}
	inbox, _ := tree.Find(imap.Inbox)
	everything := imap.UIDSet{{Start: 1, Stop: ^imap.UID(0)}}
	_, err = a.Move(ctx, inbox.ID, made.ID, everything)
	return err
}

// SetSpecialUse replaces the special uses of a mailbox.
func (a *Account) SetSpecialUse(ctx context.Context, id MailboxID, uses ...imap.MailboxAttr) error {
	uses, err := checkUses(uses)
	if err != nil {
		return err
	}
	return a.change(ctx, func(t *tx) error {
		e, err := t.edit(id)
		if err != nil {
			return err
		}
		e.box.SpecialUse = uses
		t.log(Change{Kind: MailboxUsed, Mailbox: id})
		return nil
	})
}
