package imapsession

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// renameAcross moves a mailbox and those below it to another account: they are
// made anew there, with other UIDs, the messages are moved, and what is empty
// then is deleted. If it fails in between, each message is on one of the sides.
// The mailboxes have the rights of those above them there, as new ones have.
func renameAcross(ctx context.Context, source, dest location) error {
	leaving, err := leavingBoxes(ctx, source)
	if err != nil {
		return err
	}
	tree, err := dest.account.Mailboxes(ctx)
	if err != nil {
		return err
	}
	// New mailboxes will have the rights of the one above them.
	rights := dest.account.Rights(above(tree, dest.name), dest.by)
	if err := permit(rights, imap.RightInsert); err != nil {
		return err
	}
	made := make([]*mailstore.Mailbox, len(leaving))
	for i, box := range leaving {
		name := dest.name + strings.TrimPrefix(box.Name, canonicalLocal(source.name))
		if made[i], err = dest.account.CreateBy(ctx, dest.by, name); err != nil {
			return err
		}
		if err := moveAnnotations(ctx, source, box.ID, dest, made[i].ID); err != nil {
			return err
		}
	}
	for i, box := range slices.Backward(leaving) {
		if err := moveAll(ctx, source, box, mailstore.Destination{
			Account: dest.account, Mailbox: made[i].ID, Rights: rights,
		}); err != nil {
			return err
		}
	}
	return nil
}

func canonicalLocal(name string) string {
	return imap.CanonicalMailboxName(name, mailstore.Delimiter)
}

// leavingBoxes returns what a RENAME out of an account takes along: INBOX alone,
// or the mailbox and those below it, parents first. In another account each
// needs the rights to read and to delete it; what the user does not see stays.
func leavingBoxes(ctx context.Context, source location) ([]*mailstore.Mailbox, error) {
	tree, err := source.account.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	var boxes []*mailstore.Mailbox
	top, ok := tree.Find(source.name)
	if ok {
		boxes = append(boxes, top)
	}
	if !ok || !top.IsInbox() {
		boxes = slices.AppendSeq(boxes, tree.Below(source.name))
	}
	var leaving []*mailstore.Mailbox
	for _, box := range boxes {
		rights := source.account.Rights(box, source.by)
		switch {
		case rights.Has(imap.RightRead | imap.RightDelete):
			leaving = append(leaving, box)
		case rights.Has(imap.RightLookup) || box == top:
			return nil, errNoPerm
		}
	}
	if len(leaving) == 0 {
		return nil, mailstore.ErrNoMailbox
	}
	return leaving, nil
}

// moveAnnotations takes along those annotations of a mailbox that its user sees
// (RFC 5464 §4.1).
func moveAnnotations(ctx context.Context, source location, from mailstore.MailboxID, dest location, to mailstore.MailboxID) error {
	list, err := source.account.Annotations(ctx, from, source.by)
	if err != nil || len(list) == 0 {
		return err
	}
	_, err = dest.account.Annotate(ctx, to, dest.by, list)
	return err
}

// moveAll moves messages until there is none, and deletes the mailbox. INBOX
// stays.
func moveAll(ctx context.Context, source location, box *mailstore.Mailbox, to mailstore.Destination) error {
	everything := imap.UIDSet{{Start: 1, Stop: ^imap.UID(0)}}
	for {
		if _, err := source.account.MoveTo(ctx, box.ID, everything, to); err != nil {
			return err
		}
		if box.IsInbox() {
			return nil
		}
		// A message may have come in meanwhile.
		if err := source.account.DeleteEmpty(ctx, box.ID); !errors.Is(err, mailstore.ErrNotEmpty) {
			return err
		}
	}
}
