package imapsession

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Copy copies messages to another mailbox of the account.
func (s *session) Copy(ctx context.Context, set imap.NumSet, dest string) (*imap.CopyData, error) {
	return s.transfer(ctx, set, dest, s.account.Copy)
}

// Move moves messages to another mailbox of the account (RFC 6851).
func (s *session) Move(ctx context.Context, set imap.NumSet, dest string) (*imap.CopyData, error) {
	if s.view.readOnly {
		return nil, errReadOnly
	}
	return s.transfer(ctx, set, dest, s.account.Move)
}

type transferFunc func(ctx context.Context, from, to mailstore.MailboxID, uids imap.UIDSet) (*imap.CopyData, error)

func (s *session) transfer(ctx context.Context, set imap.NumSet, dest string, do transferFunc) (*imap.CopyData, error) {
	uids, err := s.view.resolve(set)
	if err != nil {
		return nil, err
	}
	to, err := s.find(ctx, dest)
	if err != nil {
		return nil, translateDest(err)
	}
	data, err := do(ctx, s.view.id, to.ID, uids)
	return data, translateDest(err)
}

// Expunge removes messages with \Deleted.
func (s *session) Expunge(ctx context.Context, set *imap.NumSet) (bool, error) {
	if s.view.readOnly {
		return false, errReadOnly
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
	gone, err := s.account.Expunge(ctx, s.view.id, &uids)
	return len(gone) > 0, translate(err)
}
