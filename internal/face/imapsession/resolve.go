package imapsession

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// A target is a mailbox that a command names, with what the session may do
// with it.
type target struct {
	location
	box    *mailstore.Mailbox
	rights imap.Rights
}

// fullName returns the mailbox's name as this session's client sees it.
func (t *target) fullName() string { return t.prefix + t.box.Name }

// resolve finds the mailbox that a command names, of this account or another,
// for a command that needs certain rights on it; none means that it is enough
// to know of it. All commands that name an existing mailbox come through here.
//
// Whoever lacks a right hears NOPERM if LIST shows him the mailbox, and
// otherwise what he would hear if it did not exist (RFC 4314 §6).
func (s *session) resolve(ctx context.Context, name string, need imap.Rights) (target, error) {
	at, err := s.locate(ctx, name)
	if err != nil {
		return target{}, err
	}
	tree, err := at.account.Mailboxes(ctx)
	if err != nil {
		return target{}, at.hide(err)
	}
	box, ok := tree.Find(at.name)
	if !ok {
		return target{}, mailstore.ErrNoMailbox
	}
	t := target{location: at, box: box, rights: at.account.Rights(box, s.account.ID())}
	return t, permit(t.rights, need)
}

// permit returns an error unless rights are enough.
func permit(rights, need imap.Rights) error {
	switch {
	case rights.Has(need) && rights.HasAny(imap.AnyRight):
		return nil
	case rights.Has(imap.RightLookup):
		return errNoPerm
	}
	return mailstore.ErrNoMailbox
}

var errNoPerm = imap.No(imap.CodeNoPerm, "Not permitted")

// errUnreadable ends the connection of a client whose right to read the
// selected mailbox was taken away (RFC 4314 §5.1.1).
var errUnreadable = &imap.Error{Type: imap.StatusBye, Code: imap.CodeNoPerm, Text: "Selected mailbox may no longer be read"}

// permit returns the rights on the selected mailbox as they are now, and an
// error unless they are enough: what is taken away is gone at the next command.
func (v *view) permit(ctx context.Context, need imap.Rights) (imap.Rights, error) {
	rights, err := v.rights(ctx)
	switch {
	case err != nil:
		return 0, err
	case !rights.Has(imap.RightRead):
		return 0, errUnreadable
	case !rights.Has(need):
		return rights, errNoPerm
	}
	return rights, nil
}

// rights returns the rights on the selected mailbox as they are now.
func (v *view) rights(ctx context.Context) (imap.Rights, error) {
	if v.at.own() {
		return imap.AllRights, nil
	}
	tree, err := v.at.account.Mailboxes(ctx)
	if err != nil {
		return 0, translate(err)
	}
	box, ok := tree.Get(v.id)
	if !ok {
		return 0, imapserver.ErrDeleted
	}
	return v.at.account.Rights(box, v.at.by), nil
}

// hide makes an account that is gone look like one that never was.
func (l *location) hide(err error) error {
	if !l.own() && errors.Is(err, mailstore.ErrNoAccount) {
		return mailstore.ErrNoMailbox
	}
	return err
}
