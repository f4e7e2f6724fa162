package retrieval

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/maildrop"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Leave makes durable what a session leaves behind: messages that it deleted,
// and those that it downloaded and did not delete. Messages that are gone
// already are passed over.
func (d *Drop) Leave(ctx context.Context, deleted, retrieved []int) error {
	gone, left := d.entries(deleted), d.entries(retrieved)
	if d.Policy.LeaveDays == directory.LeaveNothing {
		gone, left = append(gone, left...), nil // RFC 2449 §6.7: EXPIRE 0
	}
	if err := d.remove(ctx, gone); err != nil {
		return err
	}
	if d.Policy.LeaveDays <= 0 {
		return nil
	}
	return d.noteRetrieved(ctx, left)
}

func (d *Drop) entries(numbers []int) []mailstore.Entry {
	list := make([]mailstore.Entry, 0, len(numbers))
	for _, n := range numbers {
		list = append(list, d.Entry(n))
	}
	return list
}

// noteRetrieved notes since when messages may be removed.
func (d *Drop) noteRetrieved(ctx context.Context, list []mailstore.Entry) error {
	list = slices.DeleteFunc(list, func(e mailstore.Entry) bool { return !d.noteOf(e).Retrieved.IsZero() })
	now := d.service.Now().Truncate(time.Second).UTC()
	return d.change(ctx, list, func(n *maildrop.Note) {
		if n.Retrieved.IsZero() {
			n.Retrieved = now
		}
	})
}

func (d *Drop) change(ctx context.Context, list []mailstore.Entry, change func(*maildrop.Note)) error {
	ids := make([]maildrop.MessageID, 0, len(list))
	for _, e := range list {
		ids = append(ids, maildrop.MessageID(e.Instance()))
	}
	id := maildrop.AccountID(d.Account.ID())
	return d.service.Notes.Change(ctx, id, ids, func(_ maildrop.MessageID, n *maildrop.Note) { change(n) })
}

// remove does with messages what the policy says of deleted ones.
func (d *Drop) remove(ctx context.Context, list []mailstore.Entry) error {
	if len(list) == 0 {
		return nil
	}
	if d.Policy.Delete == directory.Hide {
		return d.change(ctx, list, func(n *maildrop.Note) { n.Hidden, n.Retrieved = true, time.Time{} })
	}
	var uids imap.UIDSet
	for _, e := range list {
		uids.Add(e.UID)
	}
	if d.Policy.Delete == directory.ToTrash {
		moved, err := d.toTrash(ctx, uids)
		if err != nil {
			return err
		}
		if moved {
			return d.forgetRetrieved(ctx, list)
		}
	}
	if _, err := d.Account.Remove(ctx, d.version.Mailbox().ID, uids); err != nil {
		return err
	}
	return d.forgetRetrieved(ctx, list)
}

// toTrash moves messages to the trash; false says that they are in it already.
func (d *Drop) toTrash(ctx context.Context, uids imap.UIDSet) (bool, error) {
	trash, err := trashOf(ctx, d.Account)
	from := d.version.Mailbox().ID
	if err != nil || trash.ID == from {
		return false, err
	}
	_, err = d.Account.Move(ctx, from, trash.ID, uids)
	return err == nil, err
}

// trashOf returns the mailbox with the use \Trash, which is made if the user
// has removed it.
func trashOf(ctx context.Context, account *mailstore.Account) (*mailstore.Mailbox, error) {
	tree, err := account.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	if trash, ok := tree.FindUse(imap.AttrTrash); ok {
		return trash, nil
	}
	if trash, ok := tree.Find("Trash"); ok {
		return trash, nil
	}
	trash, err := account.Create(ctx, "Trash", imap.AttrTrash)
	if errors.Is(err, mailstore.ErrMailboxExists) {
		return trashOf(ctx, account) // an IMAP session was faster
	}
	return trash, err
}

// forgetRetrieved makes the days count anew should the messages come back, as
// from the trash.
func (d *Drop) forgetRetrieved(ctx context.Context, list []mailstore.Entry) error {
	list = slices.DeleteFunc(list, func(e mailstore.Entry) bool { return d.noteOf(e).Retrieved.IsZero() })
	return d.change(ctx, list, func(n *maildrop.Note) { n.Retrieved = time.Time{} })
}
