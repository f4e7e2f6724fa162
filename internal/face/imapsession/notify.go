package imapsession

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// maxWatched is how many accounts a session watches for NOTIFY.
const maxWatched = 100

// A listener is what a client has asked to be told of by NOTIFY, and what it
// knows already.
type listener struct {
	groups  []imap.NotifyGroup
	watched []*watched // the own account first
	// every says that groups are about all accounts that share something;
	// stale, that the groups may be about other accounts by now.
	every, stale bool
}

// A watched is an account whose changes are told.
type watched struct {
	account *mailstore.Account
	prefix  string
	// tree is what the client has been told of.
	tree *mailstore.Tree
}

// Listen begins to tell of events.
func (s *session) Listen(ctx context.Context, w *imapserver.EventWriter, opts *imap.NotifyOptions) error {
	l := &listener{groups: opts.Groups}
	owners, err := s.owners(ctx, l)
	if err != nil {
		return translate(err)
	}
	for _, o := range append([]*watched{{account: s.account}}, owners...) {
		if o.tree, err = o.account.Mailboxes(ctx); err != nil {
			return translate(err)
		}
		l.watched = append(l.watched, o)
	}
	s.listener = l
	s.rewatch()
	s.origin.Forget()
	return s.tellFirst(ctx, w, opts.Status)
}

// owners returns the other accounts that the listener's groups are about.
func (s *session) owners(ctx context.Context, l *listener) ([]*watched, error) {
	ids, err := s.ownerIDs(ctx, l)
	if err != nil {
		return nil, err
	}
	var all []*watched
	for i, id := range ids {
		if id == s.account.ID() || slices.Contains(ids[:i], id) {
			continue
		}
		if len(all) == maxWatched {
			return nil, imapserver.ErrOverflow
		}
		w, err := s.watch(ctx, id)
		if err != nil {
			return nil, err
		}
		if w != nil {
			all = append(all, w)
		}
	}
	return all, nil
}

func (s *session) ownerIDs(ctx context.Context, l *listener) (ids []mailstore.AccountID, err error) {
	names, every, err := s.foreignNames(ctx, l.groups)
	if err != nil {
		return nil, err
	}
	if l.every = every; every {
		if ids, err = s.Mail.SharedWith(ctx, s.account.ID()); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		space, rest := cutNamespace(name)
		user, _, _ := strings.Cut(rest, string(mailstore.Delimiter))
		id, err := s.ownerAt(ctx, space, user)
		if err != nil {
			return nil, err
		}
		if id != 0 {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// foreignNames returns the names in groups that lead to other accounts, and
// whether groups are about all accounts that share something.
func (s *session) foreignNames(ctx context.Context, groups []imap.NotifyGroup) (names []string, every bool, err error) {
	for _, g := range groups {
		mentioned := g.Mailboxes
		switch g.Scope {
		case imap.NotifyEverywhere:
			every = true
		case imap.NotifySubscribed:
			tree, err := s.account.Mailboxes(ctx)
			if err != nil {
				return nil, false, err
			}
			mentioned = tree.Subscriptions()
		}
		for _, name := range mentioned {
			space, rest := cutNamespace(name)
			switch {
			case space != "" && rest != "":
				names = append(names, name)
			case space != "" && g.Scope == imap.NotifySubtree:
				every = true
			}
		}
	}
	return names, every, nil
}

// watch returns another account; nil if it is gone.
func (s *session) watch(ctx context.Context, id mailstore.AccountID) (*watched, error) {
	owner, err := s.Directory.Account(ctx, directory.AccountID(id))
	if errors.Is(err, directory.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	account, err := s.Mail.Lookup(ctx, id)
	if errors.Is(err, mailstore.ErrNoAccount) {
		return nil, nil
	}
	return &watched{account: account, prefix: prefixOf(owner)}, err
}

// at returns where a mailbox of the account is, for the session's client.
func (w *watched) at(by mailstore.AccountID, m *mailstore.Mailbox) target {
	return target{
		location: location{account: w.account, by: by, prefix: w.prefix, name: m.Name},
		box:      m,
		rights:   w.account.Rights(m, by),
	}
}

// observable reports whether events of the mailbox may be told
// (RFC 5465 §5).
func (t *target) observable() bool { return t.rights.Has(imap.RightLookup | imap.RightRead) }

// tellFirst answers NOTIFY SET: the state of the mailboxes whose messages are
// watched, if the client wants it, and which of those that are named may not be
// watched (RFC 5465 §3.1).
func (s *session) tellFirst(ctx context.Context, w *imapserver.EventWriter, status bool) error {
	for _, o := range s.listener.watched {
		names := s.lister(o, o.tree)
		for m := range o.tree.All() {
			t := o.at(s.account.ID(), m)
			events := s.wanted(t.fullName())
			switch {
			case events == 0 || !t.rights.Has(imap.RightLookup):
			case !t.observable():
				d, _ := names.entry(t.fullName())
				d.Attrs = append(d.Attrs, imap.AttrNoAccess)
				w.List(d)
			case status && events&imap.MessageEvents != 0 && !s.isSelected(o.account.ID(), m.ID):
				d, err := s.status(ctx, &t, 0)
				if err != nil {
					return err
				}
				w.Status(t.fullName(), events, true, d)
			}
		}
	}
	return nil
}

func (s *session) isSelected(a mailstore.AccountID, id mailstore.MailboxID) bool {
	return s.view != nil && s.view.id == id && s.view.at.account.ID() == a
}

// wanted returns the events that the client has asked for in a mailbox.
func (s *session) wanted(name string) imap.NotifyEvents {
	var events imap.NotifyEvents
	for i := range s.listener.groups {
		if g := &s.listener.groups[i]; s.means(g, name) {
			events |= g.Events
		}
	}
	return events
}

// means reports whether a group is about the mailbox of that name. All
// mailboxes of the own account are INBOXES: filters may deliver to any
// (RFC 5465 §6.3).
func (s *session) means(g *imap.NotifyGroup, name string) bool {
	own := s.listener.watched[0].tree
	switch g.Scope {
	case imap.NotifyEverywhere:
		return true
	case imap.NotifyPersonal, imap.NotifyInboxes:
		if space, _ := cutNamespace(name); space == "" {
			return true
		}
		_, exists := own.Find(name)
		return exists
	case imap.NotifySubscribed:
		return own.Subscribed(name)
	}
	for _, top := range g.Mailboxes {
		top = strings.TrimSuffix(top, string(mailstore.Delimiter))
		if name == top {
			return true
		}
		if g.Scope == imap.NotifySubtree && strings.HasPrefix(name, top+string(mailstore.Delimiter)) {
			return true
		}
	}
	return false
}

// lister returns what answers LIST for names of an account that is watched.
func (s *session) lister(o *watched, tree *mailstore.Tree) *lister {
	c := &catalog{own: s.listener.watched[0].tree}
	c.add(location{account: o.account, by: s.account.ID(), prefix: o.prefix}, tree)
	return &lister{catalog: c, opts: &imap.ListOptions{ReturnSubscribed: true}}
}

// Mark returns a context whose changes are those of this client.
func (s *session) Mark(ctx context.Context) context.Context {
	return mailstore.WithOrigin(ctx, &s.origin)
}
