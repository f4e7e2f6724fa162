package imapsession

import (
	"context"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// List writes the mailboxes that opts selects.
func (s *session) List(ctx context.Context, w *imapserver.ListWriter, opts *imap.ListOptions) error {
	tree, err := s.account.Mailboxes(ctx)
	if err != nil {
		return translate(err)
	}
	l := &lister{tree: tree, opts: opts}
	for _, p := range opts.Patterns {
		l.patterns = append(l.patterns, opts.Reference+p)
	}
	for _, name := range l.names() {
		d, ok := l.entry(name)
		if !ok {
			continue
		}
		if m, exists := tree.Find(name); exists {
			t := target{location: s.ownLocation(name), box: m, rights: imap.AllRights}
			if err := s.describe(ctx, d, &t, opts); err != nil {
				return err
			}
		}
		if err := w.Mailbox(d); err != nil {
			return err
		}
	}
	return nil
}

// describe adds to the answer for a mailbox what opts wants to be told of it,
// as far as the session has the rights to know it.
func (s *session) describe(ctx context.Context, d *imap.ListData, t *target, opts *imap.ListOptions) (err error) {
	if opts.ReturnStatus != 0 && t.rights.Has(imap.RightRead) {
		if d.Status, err = s.status(ctx, t, opts.ReturnStatus); err != nil {
			return err
		}
	}
	if len(opts.ReturnMetadata) > 0 && t.annotatable() {
		d.Metadata, err = s.listMetadata(ctx, t, opts.ReturnMetadata)
	}
	return err
}

// A lister answers one LIST from one state of the account.
type lister struct {
	tree     *mailstore.Tree
	opts     *imap.ListOptions
	patterns []string
}

// names returns the names that may be in the answer, sorted: mailboxes,
// subscriptions of names that do not exist, and levels of the hierarchy above
// either that are no mailbox.
func (l *lister) names() []string {
	set := make(map[string]bool)
	add := func(name string) {
		for !set[name] {
			set[name] = true
			i := strings.LastIndexByte(name, mailstore.Delimiter)
			if i < 0 {
				return
			}
			name = name[:i]
		}
	}
	for m := range l.tree.All() {
		add(m.Name)
	}
	if l.opts.Subscribed {
		for _, name := range l.tree.Subscriptions() {
			add(name)
		}
	}
	var names []string
	for name := range set {
		if l.matches(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (l *lister) matches(name string) bool {
	return slices.ContainsFunc(l.patterns, func(p string) bool {
		return imap.MatchMailbox(name, p, mailstore.Delimiter)
	})
}

// entry returns the answer for one name, and false if it is not selected.
func (l *lister) entry(name string) (*imap.ListData, bool) {
	m, exists := l.tree.Find(name)
	subscribed := l.tree.Subscribed(name)
	d := &imap.ListData{Mailbox: name, Delim: mailstore.Delimiter}
	d.ChildSubscribed = l.opts.Subscribed && l.opts.RecursiveMatch && l.childSubscribed(name)
	if !l.selected(m, exists, subscribed, d.ChildSubscribed) {
		return nil, false
	}
	if !exists {
		// \NonExistent implies \Noselect (RFC 9051 §7.3.1), but clients from
		// before RFC 5258 know only the latter.
		d.Attrs = append(d.Attrs, imap.AttrNonExistent, imap.AttrNoSelect)
	}
	if subscribed && (l.opts.Subscribed || l.opts.ReturnSubscribed) {
		d.Attrs = append(d.Attrs, imap.AttrSubscribed)
	}
	// Children and special uses are told unasked, as RFC 3348 §3 and
	// RFC 6154 §2 allow: clients of IMAP4rev1 look for both.
	if l.tree.HasChildren(name) {
		d.Attrs = append(d.Attrs, imap.AttrHasChildren)
	} else {
		d.Attrs = append(d.Attrs, imap.AttrHasNoChildren)
	}
	if exists {
		d.Attrs = append(d.Attrs, m.SpecialUse...)
	}
	return d, true
}

// selected applies the selection options (RFC 9051 §6.3.9.1).
func (l *lister) selected(m *mailstore.Mailbox, exists, subscribed, childSubscribed bool) bool {
	if l.opts.Subscribed && !subscribed && !childSubscribed {
		return false
	}
	if l.opts.SpecialUse && (!exists || len(m.SpecialUse) == 0) {
		return false
	}
	return true
}

// childSubscribed reports whether there is a subscription below name that is
// not itself in the answer (RFC 9051 §6.3.9.6).
func (l *lister) childSubscribed(name string) bool {
	prefix := name + string(mailstore.Delimiter)
	for _, sub := range l.tree.Subscriptions() {
		if strings.HasPrefix(sub, prefix) && !l.matches(sub) {
			return true
		}
	}
	return false
}
