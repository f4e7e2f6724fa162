package imapsession

import (
	"context"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Create makes a mailbox. Special uses are for mailboxes of the own account.
func (s *session) Create(ctx context.Context, mailbox string, opts imapserver.CreateOptions) (string, error) {
	at, err := s.newLocation(ctx, mailbox)
	if err != nil {
		return "", translate(err)
	}
	if !at.own() && len(opts.SpecialUse) > 0 {
		return "", translate(mailstore.ErrBadUse)
	}
	m, err := at.account.CreateBy(ctx, at.by, at.name, opts.SpecialUse...)
	if err != nil {
		return "", translate(err)
	}
	return at.mailboxID(m.ID), nil
}

// newLocation finds where a mailbox can be made. In another account that takes the
// right k on the nearest mailbox above it that there is (RFC 4314 §4, CREATE);
// above those at the top stands INBOX.
func (s *session) newLocation(ctx context.Context, name string) (location, error) {
	at, err := s.locate(ctx, name)
	if err != nil {
		return at, err
	}
	if at.own() {
		if space, _ := cutNamespace(name); space != "" {
			return at, mailstore.ErrMailboxExists
		}
		return at, nil
	}
	tree, err := at.account.Mailboxes(ctx)
	if err != nil {
		return at, at.hide(err)
	}
	rights := at.account.Rights(above(tree, at.name), at.by)
	if box, ok := tree.Find(at.name); ok && at.account.Rights(box, at.by).Has(imap.RightLookup) {
		return at, mailstore.ErrMailboxExists
	}
	return at, permit(rights, imap.RightCreate)
}

// above returns the nearest mailbox above a name, INBOX if there is none.
func above(tree *mailstore.Tree, name string) *mailstore.Mailbox {
	for {
		i := strings.LastIndexByte(name, mailstore.Delimiter)
		if i < 0 {
			break
		}
		name = name[:i]
		if box, ok := tree.Find(name); ok {
			return box
		}
	}
	inbox, _ := tree.Find(imap.Inbox)
	return inbox
}

// Delete removes a mailbox and its messages.
func (s *session) Delete(ctx context.Context, mailbox string) error {
	t, err := s.resolve(ctx, mailbox, imap.RightDelete)
	if err != nil {
		return translate(err)
	}
	return translate(t.account.Delete(ctx, t.box.Name))
}
