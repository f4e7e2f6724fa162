// Package sharing is how rights on mailboxes are given and shown: the mail
// store knows accounts by their ids, people by their addresses.
//
// An identifier (RFC 4314 §2) is the address of an account, whichever of its
// addresses, or "anyone"; with "-" before it, what it has is taken away from its
// bearer. Aliases are no groups: mail goes through them, rights do not.
package sharing

import (
	"context"
	"errors"
	"strings"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Anyone is the identifier of all accounts.
const Anyone = "anyone"

var (
	// ErrIdentifier says that an identifier means nobody.
	ErrIdentifier = errors.New("no account has this address")
	// ErrOwner says that the owner's rights cannot be changed.
	ErrOwner = errors.New("the owner has all rights")
)

// A Grantee is whom an identifier means.
type Grantee struct {
	ID       mailstore.AccountID
	Negative bool
}

// Find returns whom an identifier means, or ErrIdentifier.
func Find(ctx context.Context, d *directory.Directory, identifier string) (Grantee, error) {
	var g Grantee
	identifier, g.Negative = strings.CutPrefix(identifier, "-")
	if identifier == Anyone {
		g.ID = mailstore.Anyone
		return g, nil
	}
	a, err := address.Parse(identifier)
	if err != nil {
		return g, ErrIdentifier
	}
	account, err := d.AccountAt(ctx, a)
	if errors.Is(err, directory.ErrNotFound) {
		return g, ErrIdentifier
	}
	g.ID = mailstore.AccountID(account.ID)
	return g, err
}

// A Subject is a mailbox whose rights are changed.
type Subject struct {
	Account *mailstore.Account
	Mailbox mailstore.MailboxID
}

// Set changes the rights of an identifier on a mailbox.
func Set(ctx context.Context, d *directory.Directory, on Subject, identifier string, change imap.RightsChange) error {
	g, err := Find(ctx, d, identifier)
	if err != nil {
		return err
	}
	if g.ID == on.Account.ID() {
		return ErrOwner
	}
	return on.Account.Grant(ctx, on.Mailbox, mailstore.GrantChange{
		Grantee: g.ID, Negative: g.Negative, RightsChange: change,
	})
}

// List returns the access control list of a mailbox: the owner first, unless
// that is a shared account, and those who were granted something and are still
// there.
func List(ctx context.Context, d *directory.Directory, owner mailstore.AccountID, m *mailstore.Mailbox) ([]imap.ACLEntry, error) {
	account, err := d.Account(ctx, directory.AccountID(owner))
	if err != nil {
		return nil, err
	}
	var list []imap.ACLEntry
	if !account.Shared {
		list = append(list, imap.ACLEntry{Identifier: account.Address.String(), Rights: imap.AllRights})
	}
	for _, g := range m.Grants {
		name, err := identifierOf(ctx, d, g)
		if errors.Is(err, directory.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, imap.ACLEntry{Identifier: name, Rights: g.Rights})
	}
	return list, nil
}

func identifierOf(ctx context.Context, d *directory.Directory, g mailstore.Grant) (string, error) {
	sign := ""
	if g.Negative {
		sign = "-"
	}
	if g.Grantee == mailstore.Anyone {
		return sign + Anyone, nil
	}
	account, err := d.Account(ctx, directory.AccountID(g.Grantee))
	return sign + account.Address.String(), err
}
