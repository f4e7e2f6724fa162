package imapsession

import (
	"context"
	"errors"
	"strings"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// anyone is the identifier of all accounts (RFC 4314 §2).
const anyone = "anyone"

var (
	errNoIdentifier = imap.No(imap.CodeCannot, "No account has this address")
	errOwnersRights = imap.No(imap.CodeCannot, "The owner has all rights")
)

// SetACL changes the rights that an identifier is given (RFC 4314 §3.1).
func (s *session) SetACL(ctx context.Context, mailbox, identifier string, change imap.RightsChange) error {
	t, err := s.resolve(ctx, mailbox, imap.RightAdminister)
	if err != nil {
		return translate(err)
	}
	who, err := s.grantee(ctx, identifier)
	if err != nil {
		return err
	}
	if who.id == t.account.ID() {
		return errOwnersRights
	}
	return translate(t.account.Grant(ctx, t.box.ID, mailstore.GrantChange{
		Grantee: who.id, Negative: who.negative, RightsChange: change,
	}))
}

// A grantee is whom an identifier means.
type grantee struct {
	id       mailstore.AccountID
	negative bool
}

// grantee finds whom an identifier means: everybody, or the account that has
// the address, whichever of its addresses it is. Aliases are no groups: mail
// goes through them, rights do not.
func (s *session) grantee(ctx context.Context, identifier string) (grantee, error) {
	var g grantee
	identifier, g.negative = strings.CutPrefix(identifier, "-")
	if identifier == anyone {
		return g, nil
	}
	a, err := address.Parse(identifier)
	if err != nil {
		return g, errNoIdentifier
	}
	account, err := s.Directory.AccountAt(ctx, a)
	if errors.Is(err, directory.ErrNotFound) {
		return g, errNoIdentifier
	}
	g.id = mailstore.AccountID(account.ID)
	return g, err
}

// ACL returns the access control list, the owner first (RFC 4314 §3.3).
func (s *session) ACL(ctx context.Context, mailbox string) ([]imap.ACLEntry, error) {
	t, err := s.resolve(ctx, mailbox, imap.RightAdminister)
	if err != nil {
		return nil, translate(err)
	}
	return AccessList(ctx, s.Directory, t.account.ID(), t.box)
}

// AccessList returns the access control list of a mailbox as clients see it:
// the owner, unless that is a shared account, and those who were granted
// something and are still there.
func AccessList(ctx context.Context, d *directory.Directory, owner mailstore.AccountID, m *mailstore.Mailbox) ([]imap.ACLEntry, error) {
	var list []imap.ACLEntry
	account, err := d.Account(ctx, directory.AccountID(owner))
	if err != nil {
		return nil, err
	}
	if !account.Shared {
		list = append(list, imap.ACLEntry{Identifier: account.Address.String(), Rights: imap.AllRights})
	}
	for _, g := range m.Grants {
		name, err := identifierOf(ctx, d, g.Grantee)
		if errors.Is(err, directory.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if g.Negative {
			name = "-" + name
		}
		list = append(list, imap.ACLEntry{Identifier: name, Rights: g.Rights})
	}
	return list, nil
}

func identifierOf(ctx context.Context, d *directory.Directory, id mailstore.AccountID) (string, error) {
	if id == mailstore.Anyone {
		return anyone, nil
	}
	account, err := d.Account(ctx, directory.AccountID(id))
	return account.Address.String(), err
}

// ListRights tells that everybody but the owner can be given each right by
// itself (RFC 4314 §3.4).
func (s *session) ListRights(ctx context.Context, mailbox, identifier string) (imap.RightsList, error) {
	t, err := s.resolve(ctx, mailbox, imap.RightAdminister)
	if err != nil {
		return imap.RightsList{}, translate(err)
	}
	who, err := s.grantee(ctx, identifier)
	if err != nil {
		return imap.RightsList{}, err
	}
	switch {
	case who.id != t.account.ID():
	case who.negative:
		return imap.RightsList{}, nil
	default:
		return imap.RightsList{Required: imap.AllRights}, nil
	}
	return imap.RightsList{Optional: imap.AllRights}, nil
}

// MyRights returns the rights of the session's account (RFC 4314 §3.5).
func (s *session) MyRights(ctx context.Context, mailbox string) (imap.Rights, error) {
	t, err := s.resolve(ctx, mailbox, 0)
	if err != nil {
		return 0, translate(err)
	}
	return t.rights, nil
}
