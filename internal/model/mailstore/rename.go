package mailstore

import (
	"context"
	"strings"

	"github.com/mailstead/mailstead/imap"
)

// Rename renames a mailbox and those below it. Renaming INBOX moves its
// messages to a new mailbox and leaves what is below it (RFC 9051 §6.3.6).
// Subscriptions stay as they are.
func (a *Account) Rename(ctx context.Context, from, to string) error {
	return a.RenameBy(ctx, a.id, from, to)
}

// RenameBy is Rename by another account. Grants stay as they are; the mailboxes
// above that have to be made inherit them as in CreateBy.
func (a *Account) RenameBy(ctx context.Context, by AccountID, from, to string) error {
	to, err := CheckName(to)
	if err != nil {
		return err
	}
	if from, err = CheckName(from); err != nil {
		return ErrNoMailbox
	}
	if from == imap.Inbox {
		return a.renameInbox(ctx, by, to)
	}
	return a.change(ctx, func(t *tx) error {
		t.by = by
		return t.rename(from, to)
	})
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

// renameInbox gives the messages of INBOX to a new mailbox, and a copy of its
// annotations (RFC 5464 §4.1).
func (a *Account) renameInbox(ctx context.Context, by AccountID, to string) error {
	if to == imap.Inbox {
		return ErrMailboxExists
	}
	var inbox, made MailboxID
	err := a.change(ctx, func(t *tx) error {
		t.by = by
		e, err := t.create(to, nil)
		if err != nil {
			return err
		}
		inbox, _ = t.lookup(imap.Inbox)
		made = e.box.ID
		return t.copyAnnotations(inbox, made)
	})
	if err != nil {
		return err
	}
	everything := imap.UIDSet{{Start: 1, Stop: ^imap.UID(0)}}
	_, err = a.Move(ctx, inbox, made, everything)
	return err
}
