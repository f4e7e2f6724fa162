package imapsession

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Copy copies messages to another mailbox.
func (s *session) Copy(ctx context.Context, set imap.NumSet, dest string) (*imap.CopyData, error) {
	if _, err := s.view.permit(ctx, imap.RightRead); err != nil {
		return nil, err
	}
	return s.transfer(ctx, set, dest, s.view.at.account.CopyTo)
}

// moveRights are needed where MOVE takes messages from: those of STORE and
// EXPUNGE (RFC 6851 §4).
const moveRights = imap.RightDeleteMsgs | imap.RightExpunge

// Move moves messages to another mailbox (RFC 6851).
func (s *session) Move(ctx context.Context, set imap.NumSet, dest string) (*imap.CopyData, error) {
	if s.view.readOnly {
		return nil, errReadOnly
	}
	if _, err := s.view.permit(ctx, moveRights); err != nil {
		return nil, err
	}
	data, err := s.transfer(ctx, set, dest, s.view.at.account.MoveTo)
	if data != nil {
		s.view.expunged(data.Source)
	}
	return data, err
}

type transferFunc func(ctx context.Context, from mailstore.MailboxID, uids imap.UIDSet, to mailstore.Destination) (*imap.CopyData, error)

func (s *session) transfer(ctx context.Context, set imap.NumSet, dest string, do transferFunc) (*imap.CopyData, error) {
	uids, err := s.view.resolve(set)
	if err != nil {
		return nil, err
	}
	to, err := s.destination(ctx, dest)
	if err != nil {
		return nil, err
	}
	data, err := do(ctx, s.view.id, uids, to.destination())
	return data, translateDest(err)
}

// destination finds the mailbox that a command puts messages into. If there is
// none, the client is told whether it may create it (RFC 9051 §6.3.12).
func (s *session) destination(ctx context.Context, name string) (target, error) {
	to, err := s.resolve(ctx, name, imap.RightInsert)
	if errors.Is(err, mailstore.ErrNoMailbox) {
		if _, err := s.newLocation(ctx, name); err != nil {
			return to, translate(mailstore.ErrNoMailbox)
		}
	}
	return to, translateDest(err)
}

// destination is the target as the store takes it.
func (t *target) destination() mailstore.Destination {
	return mailstore.Destination{Account: t.account, Mailbox: t.box.ID, Rights: t.rights}
}

// Expunge removes messages with \Deleted.
func (s *session) Expunge(ctx context.Context, set *imap.NumSet) (bool, error) {
	if s.view.readOnly {
		return false, errReadOnly
	}
	if _, err := s.view.permit(ctx, imap.RightExpunge); err != nil {
		return false, err
	}
	// Only what the client has been told of: a message that it does not
	// know yet must not go.
	uids := s.view.told.UIDSet()
	if set != nil {
		some, err := s.view.resolve(*set)
		if err != nil {
			return false, err
		}
		uids = some
	}
	gone, err := s.view.at.account.Expunge(ctx, s.view.id, &uids)
	s.view.expunged(gone)
	return len(gone) > 0, translate(err)
}
