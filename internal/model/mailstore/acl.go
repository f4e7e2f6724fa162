package mailstore

import (
	"context"
	"errors"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Anyone is the grantee of what is granted to all accounts (RFC 4314 §2). No
// account has this id.
const Anyone AccountID = 0

// A Grant is an entry of a mailbox's access control list (RFC 4314 §2). Who is
// granted something is known by the account's id, so that an account that gets
// the address of one that was removed does not get its rights.
type Grant struct {
	Grantee AccountID
	// Negative takes the rights away, whoever gave them.
	Negative bool
	Rights   imap.Rights
}

// A GrantChange says how the grant of a grantee is changed. A grant that is
// left without rights goes.
type GrantChange struct {
	Grantee  AccountID
	Negative bool
	imap.RightsChange
}

// Granted returns the rights of an account that is not the owner: the union of
// what it and Anyone were granted, without what was taken away from either.
func (m *Mailbox) Granted(to AccountID) imap.Rights {
	var given, taken imap.Rights
	for _, g := range m.Grants {
		switch {
		case g.Grantee != to && g.Grantee != Anyone:
		case g.Negative:
			taken |= g.Rights
		default:
			given |= g.Rights
		}
	}
	return given &^ taken
}

// Rights returns the rights that an account has on a mailbox of this one. The
// owner has all rights always.
func (a *Account) Rights(m *Mailbox, by AccountID) imap.Rights {
	if by == a.id {
		return imap.AllRights
	}
	return m.Granted(by)
}

// Grant changes the access control list of a mailbox. It returns
// ErrTooManyGrants if the list would get too long.
func (a *Account) Grant(ctx context.Context, id MailboxID, change GrantChange) error {
	return a.change(ctx, func(t *tx) error {
		box, err := t.box(id)
		if err != nil {
			return err
		}
		grants := change.apply(box.Grants)
		if slices.Equal(grants, box.Grants) {
			return nil
		}
		if len(grants) > t.store.options.MaxGrants {
			return ErrTooManyGrants
		}
		e, err := t.edit(id)
		if err != nil {
			return err
		}
		t.setGrants(e, grants)
		t.log(Change{Kind: MailboxShared, Mailbox: id})
		return nil
	})
}

// apply returns the list with the change made.
func (c *GrantChange) apply(grants []Grant) []Grant {
	i := slices.IndexFunc(grants, func(g Grant) bool {
		return g.Grantee == c.Grantee && g.Negative == c.Negative
	})
	changed := slices.Clone(grants)
	if i < 0 {
		if rights := c.RightsChange.Apply(0); rights != 0 {
			changed = append(changed, Grant{c.Grantee, c.Negative, rights})
		}
		return changed
	}
	if changed[i].Rights = c.RightsChange.Apply(changed[i].Rights); changed[i].Rights == 0 {
		changed = slices.Delete(changed, i, i+1)
	}
	return changed
}

// setGrants gives a mailbox a list, and keeps the index of grantees.
func (t *tx) setGrants(e *edit, grants []Grant) {
	t.unindex(e.box)
	e.box.Grants = grants
	for _, g := range grants {
		t.batch.Set(grantKey(g.Grantee, t.account.id, e.box.ID), []byte{})
	}
}

// unindex takes a mailbox out of the index of grantees.
func (t *tx) unindex(box *Mailbox) {
	for _, g := range box.Grants {
		t.batch.Delete(grantKey(g.Grantee, t.account.id, box.ID))
	}
}

// box returns a mailbox as it is now in this tx.
func (t *tx) box(id MailboxID) (*Mailbox, error) {
	for _, e := range t.edits {
		if e.box.ID == id {
			return e.box, nil
		}
	}
	box, ok := t.base.tree.Get(id)
	if !ok || slices.Contains(t.dropped, id) {
		return nil, ErrNoMailbox
	}
	return box, nil
}

// inherited returns the list that a new mailbox begins with: that of the
// mailbox above it (RFC 4314 §4, CREATE). At the top the owner begins with
// nothing; what somebody else makes there inherits from INBOX, which stands
// for the account.
func (t *tx) inherited(name string) []Grant {
	above := parents(name)
	switch {
	case len(above) > 0:
		name = above[len(above)-1]
	case t.by != t.account.id:
		name = imap.Inbox
	default:
		return nil
	}
	id, ok := t.lookup(name)
	if !ok {
		return nil
	}
	box, err := t.box(id)
	if err != nil {
		return nil
	}
	return box.Grants
}

// SharedWith returns the accounts that have granted something on one of their
// mailboxes to an account or to Anyone, rising, without the account itself.
func (s *Store) SharedWith(ctx context.Context, id AccountID) ([]AccountID, error) {
	var owners []AccountID
	for _, grantee := range [...]AccountID{id, Anyone} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		err := s.storage.Scan(prefixed(grantsOf(grantee)), func(k, _ []byte) error {
			owner, _ := grantedBy(k)
			if owner != id && (len(owners) == 0 || owners[len(owners)-1] != owner) {
				owners = append(owners, owner)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(owners)
	return slices.Compact(owners), nil
}

// Revoke takes away all that an account was granted, when it is removed.
func (s *Store) Revoke(ctx context.Context, grantee AccountID) error {
	type place struct {
		owner AccountID
		box   MailboxID
	}
	var places []place
	err := s.storage.Scan(prefixed(grantsOf(grantee)), func(k, _ []byte) error {
		owner, box := grantedBy(k)
		places = append(places, place{owner, box})
		return nil
	})
	for i := 0; err == nil && i < len(places); i++ {
		err = s.revoke(ctx, grantee, places[i].owner, places[i].box)
	}
	return err
}

func (s *Store) revoke(ctx context.Context, grantee, owner AccountID, box MailboxID) error {
	a := &Account{store: s, id: owner}
	for _, negative := range [...]bool{false, true} {
		err := a.Grant(ctx, box, GrantChange{Grantee: grantee, Negative: negative})
		if err != nil && !errors.Is(err, ErrNoMailbox) && !errors.Is(err, ErrNoAccount) {
			return err
		}
	}
	return nil
}

// forgetGrants takes what an account has granted out of the index.
func (s *Store) forgetGrants(b *storage.Batch, owner AccountID) error {
	return s.storage.Scan(kinds(owner, keyMailbox, keySubscription), func(k, value []byte) error {
		box, err := parseMailbox(MailboxID(lastU32(k)), value)
		if err != nil {
			return err
		}
		for _, g := range box.Grants {
			b.Delete(grantKey(g.Grantee, owner, box.ID))
		}
		return nil
	})
}
