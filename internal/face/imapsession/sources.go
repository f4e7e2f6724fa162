package imapsession

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// A source is a mailbox to be searched.
type source struct {
	target
	view *view // of the selected one
}

// sources returns the mailboxes that filters mean, each once: those that the
// user may read and, unless they were named, look up (RFC 7377 §2.2).
func (s *session) sources(ctx context.Context, filters []imap.MailboxFilter) ([]source, error) {
	c := &sourceCollector{session: s, seen: make(map[sourceID]bool)}
	for _, f := range filters {
		if err := c.add(ctx, f); err != nil {
			return nil, err
		}
	}
	return c.list, nil
}

type sourceID struct {
	account mailstore.AccountID
	mailbox mailstore.MailboxID
}

type sourceCollector struct {
	*session
	seen map[sourceID]bool
	list []source
}

func (c *sourceCollector) add(ctx context.Context, f imap.MailboxFilter) error {
	switch f.Scope {
	case imap.ScopeSelected:
		return c.addSelected(ctx)
	case imap.ScopePersonal, imap.ScopeInboxes:
		// Mail may be delivered to any mailbox, so that the inboxes are all
		// personal ones (RFC 5465 §6.3).
		return c.addPersonal(ctx)
	case imap.ScopeSubscribed:
		tree, err := c.account.Mailboxes(ctx)
		if err != nil {
			return err
		}
		return c.addNamed(ctx, tree.Subscriptions(), imap.RightRead|imap.RightLookup)
	case imap.ScopeMailboxes:
		return c.addNamed(ctx, f.Names, imap.RightRead)
	}
	return c.addSubtrees(ctx, f)
}

// put adds a mailbox, if it is not there. The selected one is searched as the
// client knows it, by whatever name it comes.
func (c *sourceCollector) put(t target) {
	id := sourceID{t.account.ID(), t.box.ID}
	if c.seen[id] {
		return
	}
	c.seen[id] = true
	one := source{target: t}
	if v := c.session.view; v != nil && id == (sourceID{v.at.account.ID(), v.id}) {
		one.view = v
	}
	c.list = append(c.list, one)
}

func (c *sourceCollector) addSelected(ctx context.Context) error {
	v := c.session.view
	if _, err := v.permit(ctx, imap.RightRead); err != nil {
		return err
	}
	c.put(target{location: v.at, box: v.told.Mailbox()})
	return nil
}

func (c *sourceCollector) addPersonal(ctx context.Context) error {
	tree, err := c.account.Mailboxes(ctx)
	if err != nil {
		return err
	}
	for box := range tree.All() {
		c.put(target{location: c.ownLocation(box.Name), box: box, rights: imap.AllRights})
	}
	return nil
}

// addNamed adds mailboxes by name, and passes over what cannot be had.
func (c *sourceCollector) addNamed(ctx context.Context, names []string, need imap.Rights) error {
	for _, name := range names {
		t, err := c.resolve(ctx, name, need)
		if isGone(err) {
			continue
		}
		if err != nil {
			return err
		}
		c.put(t)
	}
	return nil
}

// addSubtrees adds the named mailboxes and those below them, or only their
// children. A name may be a level of the hierarchy that is no mailbox, that of a
// namespace too, and the empty one is the level above all. Mailboxes are a tree
// by their names: there are no loops to defend against.
func (c *sourceCollector) addSubtrees(ctx context.Context, f imap.MailboxFilter) error {
	prefixes := make([]string, len(f.Names))
	for i, name := range f.Names {
		if name != "" {
			prefixes[i] = canonicalName(name) + string(mailstore.Delimiter)
		}
	}
	catalog, err := c.catalog(ctx, func(space string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool {
			return strings.HasPrefix(space, p) || strings.HasPrefix(p, space)
		})
	})
	if err != nil {
		return err
	}
	for i, name := range f.Names {
		if err := c.addNamed(ctx, []string{name}, imap.RightRead); err != nil {
			return err
		}
		c.addBelow(catalog, prefixes[i], f.Scope == imap.ScopeSubtreeOne)
	}
	return nil
}

// addBelow adds the mailboxes of a catalog whose names begin with prefix, or only
// those without another level behind it.
func (c *sourceCollector) addBelow(catalog *catalog, prefix string, one bool) {
	i, _ := catalog.search(prefix)
	for _, entry := range catalog.entries[i:] {
		below, ok := strings.CutPrefix(entry.full, prefix)
		if !ok {
			return
		}
		if entry.rights.Has(imap.RightRead) && !(one && strings.ContainsRune(below, mailstore.Delimiter)) {
			c.put(entry.target)
		}
	}
}

// isGone reports whether err says that a mailbox is not there for this user, or
// not any more.
func isGone(err error) bool {
	return errors.Is(err, mailstore.ErrNoMailbox) || errors.Is(err, errNoPerm) || errors.Is(err, mailstore.ErrNoAccount)
}
