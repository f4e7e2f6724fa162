package mailstore

import (
	"context"

	"github.com/mailstead/mailstead/imap"
)

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

// DeleteEmpty removes a mailbox if it has no messages; else it returns
// ErrNotEmpty.
func (a *Account) DeleteEmpty(ctx context.Context, id MailboxID) error {
	return a.change(ctx, func(t *tx) error {
		box, err := t.box(id)
		switch {
		case err != nil:
			return err
		case box.IsInbox():
			return ErrInbox
		case box.Messages > 0:
			return ErrNotEmpty
		}
		return t.delete(box.Name)
	})
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
	if err := t.forgetAnnotations(id); err != nil {
		return err
	}
	box, _ := t.base.tree.Get(id)
	t.unindex(box)
	t.next.usage.Bytes -= box.Bytes
	t.next.usage.Messages -= int64(box.Messages)
	t.dropped = append(t.dropped, id)
	t.renamed = true
	t.log(Change{Kind: MailboxDeleted, Mailbox: id, Name: name})
	return nil
}
