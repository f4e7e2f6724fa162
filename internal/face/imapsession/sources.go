package imapsession

import (
	"context"
	"errors"
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
	for _, name := range f.Names {
		if err := c.addSubtree(ctx, name, f.Scope == imap.ScopeSubtreeOne); err != nil {
			return err
		}
	}
	return nil
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

// addSubtree adds a mailbox and those below it, or only its children. The name
// itself may be a level of the hierarchy that is no mailbox. Mailboxes are a
// tree by their names: there are no loops to defend against.
func (c *sourceCollector) addSubtree(ctx context.Context, name string, one bool) error {
	if err := c.addNamed(ctx, []string{name}, imap.RightRead); err != nil {
		return err
	}
	at, err := c.locate(ctx, name)
	if isGone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	tree, err := at.account.Mailboxes(ctx)
	if err != nil {
		return err
	}
	const need = imap.RightRead | imap.RightLookup
	for box := range tree.Below(at.name) {
		if one && strings.ContainsRune(box.Name[len(at.name)+1:], mailstore.Delimiter) {
			continue
		}
		rights := at.account.Rights(box, c.account.ID())
		if rights.Has(need) {
			below := at
			below.name = box.Name
			c.put(target{location: below, box: box, rights: rights})
		}
	}
	return nil
}

// isGone reports whether err says that a mailbox is not there for this user, or
// not any more.
func isGone(err error) bool {
	return errors.Is(err, mailstore.ErrNoMailbox) || errors.Is(err, errNoPerm) || errors.Is(err, mailstore.ErrNoAccount)
}
