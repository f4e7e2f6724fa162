package imapsession

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/flow/sharing"
)

// SetACL changes the rights that an identifier is given (RFC 4314 §3.1).
func (s *session) SetACL(ctx context.Context, mailbox, identifier string, change imap.RightsChange) error {
	t, err := s.resolve(ctx, mailbox, imap.RightAdminister)
	if err != nil {
		return translate(err)
	}
	on := sharing.Subject{Account: t.account, Mailbox: t.box.ID}
	return refuseIdentifier(sharing.Set(ctx, s.Directory, on, identifier, change))
}

// refuseIdentifier is translate for commands about an identifier.
func refuseIdentifier(err error) error {
	switch {
	case errors.Is(err, sharing.ErrIdentifier):
		return imap.No(imap.CodeCannot, "No account has this address")
	case errors.Is(err, sharing.ErrOwner):
		return imap.No(imap.CodeCannot, "The owner has all rights")
	}
	return translate(err)
}

// ACL returns the access control list (RFC 4314 §3.3).
func (s *session) ACL(ctx context.Context, mailbox string) ([]imap.ACLEntry, error) {
	t, err := s.resolve(ctx, mailbox, imap.RightAdminister)
	if err != nil {
		return nil, translate(err)
	}
	return sharing.List(ctx, s.Directory, t.account.ID(), t.box)
}

// ListRights tells that everybody but the owner can be given each right by
// itself (RFC 4314 §3.4).
func (s *session) ListRights(ctx context.Context, mailbox, identifier string) (imap.RightsList, error) {
	t, err := s.resolve(ctx, mailbox, imap.RightAdminister)
	if err != nil {
		return imap.RightsList{}, translate(err)
	}
	who, err := sharing.Find(ctx, s.Directory, identifier)
	switch {
	case err != nil:
		return imap.RightsList{}, refuseIdentifier(err)
	case who.ID != t.account.ID():
		return imap.RightsList{Optional: imap.AllRights}, nil
	case who.Negative:
		return imap.RightsList{}, nil
	}
	return imap.RightsList{Required: imap.AllRights}, nil
}

// MyRights returns the rights of the session's account (RFC 4314 §3.5).
func (s *session) MyRights(ctx context.Context, mailbox string) (imap.Rights, error) {
	t, err := s.resolve(ctx, mailbox, 0)
	if err != nil {
		return 0, translate(err)
	}
	return t.rights, nil
}
