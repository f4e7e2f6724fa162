package imapsession

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// A catalog is the mailboxes that a session can see at one moment: its own, and
// those of other accounts on which it has the right l.
type catalog struct {
	own     *mailstore.Tree
	entries []listed // by rising name
}

// listed is a mailbox with the name that the session's client knows.
type listed struct {
	full string
	target
}

// catalog returns what the session can see. Namespaces of others are looked
// into only where mayReach says that their names are wanted.
func (s *session) catalog(ctx context.Context, mayReach func(prefix string) bool) (*catalog, error) {
	own, err := s.account.Mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	c := &catalog{own: own}
	c.add(s.ownLocation(""), own)
	if mayReach(otherUsers) || mayReach(shared) {
		if err := s.addShared(ctx, c, mayReach); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// addShared adds the mailboxes of others. One of the own account that has the
// name already, from before there were namespaces, stays.
func (s *session) addShared(ctx context.Context, c *catalog, mayReach func(prefix string) bool) error {
	owners, err := s.Mail.SharedWith(ctx, s.account.ID())
	if err != nil {
		return err
	}
	for _, id := range owners {
		owner, err := s.Directory.Account(ctx, directory.AccountID(id))
		if errors.Is(err, directory.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		at := location{by: s.account.ID(), prefix: prefixOf(owner)}
		if !mayReach(at.prefix) {
			continue
		}
		if at.account, err = s.Mail.Lookup(ctx, id); errors.Is(err, mailstore.ErrNoAccount) {
			continue
		}
		if err != nil {
			return err
		}
		tree, err := at.account.Mailboxes(ctx)
		if err != nil {
			return err
		}
		c.add(at, tree)
	}
	slices.SortStableFunc(c.entries, func(a, b listed) int { return strings.Compare(a.full, b.full) })
	c.entries = slices.CompactFunc(c.entries, func(a, b listed) bool { return a.full == b.full })
	return nil
}

// add adds the visible mailboxes of one account.
func (c *catalog) add(at location, tree *mailstore.Tree) {
	for m := range tree.All() {
		t := target{location: at, box: m, rights: at.account.Rights(m, at.by)}
		t.name = m.Name
		if t.rights.Has(imap.RightLookup) {
			c.entries = append(c.entries, listed{t.fullName(), t})
		}
	}
}

// find returns the mailbox of a name.
func (c *catalog) find(name string) (*target, bool) {
	i, found := c.search(name)
	if !found {
		return nil, false
	}
	return &c.entries[i].target, true
}

func (c *catalog) search(name string) (int, bool) {
	return slices.BinarySearchFunc(c.entries, name, func(l listed, name string) int {
		return strings.Compare(l.full, name)
	})
}

// hasChildren reports whether there is a mailbox below name.
func (c *catalog) hasChildren(name string) bool {
	prefix := name + string(mailstore.Delimiter)
	i, _ := c.search(prefix)
	return i < len(c.entries) && strings.HasPrefix(c.entries[i].full, prefix)
}
