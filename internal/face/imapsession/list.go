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
	l := &lister{opts: opts}
	for _, p := range opts.Patterns {
		l.patterns = append(l.patterns, opts.Reference+p)
	}
	var err error
	if l.catalog, err = s.catalog(ctx, l.mayReach); err != nil {
		return translate(err)
	}
	for _, name := range l.names() {
		d, ok := l.entry(name)
		if !ok {
			continue
		}
		if t, exists := l.catalog.find(name); exists {
			if err := s.describe(ctx, d, t, opts); err != nil {
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
	if opts.ReturnMyRights && (!opts.Subscribed || slices.Contains(d.Attrs, imap.AttrSubscribed)) {
		d.MyRights = t.rights
	}
	if len(opts.ReturnMetadata) > 0 && t.annotatable() {
		d.Metadata, err = s.listMetadata(ctx, t, opts.ReturnMetadata)
	}
	return err
}

// A lister answers one LIST from one state of the accounts.
type lister struct {
	catalog  *catalog
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
	for i := range l.catalog.entries {
		add(l.catalog.entries[i].full)
	}
	if l.opts.Subscribed {
		for _, name := range l.catalog.own.Subscriptions() {
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

// mayReach reports whether a pattern may match names that begin with prefix.
func (l *lister) mayReach(prefix string) bool {
	return slices.ContainsFunc(l.patterns, func(p string) bool {
		if i := strings.IndexAny(p, "*%"); i >= 0 {
			p = p[:i]
		}
		return strings.HasPrefix(p, prefix) || strings.HasPrefix(prefix, p)
	})
}

// entry returns the answer for one name, and false if it is not selected.
func (l *lister) entry(name string) (*imap.ListData, bool) {
	t, exists := l.catalog.find(name)
	subscribed := l.catalog.own.Subscribed(name)
	d := &imap.ListData{Mailbox: name, Delim: mailstore.Delimiter}
	d.ChildSubscribed = l.opts.Subscribed && l.opts.RecursiveMatch && l.childSubscribed(name)
	if !l.selected(t, exists, subscribed, d.ChildSubscribed) {
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
	if l.catalog.hasChildren(name) {
		d.Attrs = append(d.Attrs, imap.AttrHasChildren)
	} else {
		d.Attrs = append(d.Attrs, imap.AttrHasNoChildren)
	}
	if exists {
		d.Attrs = append(d.Attrs, t.specialUse()...)
	}
	return d, true
}

// selected applies the selection options (RFC 9051 §6.3.9.1).
func (l *lister) selected(t *target, exists, subscribed, childSubscribed bool) bool {
	if l.opts.Subscribed && !subscribed && !childSubscribed {
		return false
	}
	if l.opts.SpecialUse && (!exists || len(t.specialUse()) == 0) {
		return false
	}
	return true
}

// childSubscribed reports whether there is a subscription below name that is
// not itself in the answer (RFC 9051 §6.3.9.6).
func (l *lister) childSubscribed(name string) bool {
	prefix := name + string(mailstore.Delimiter)
	for _, sub := range l.catalog.own.Subscriptions() {
		if strings.HasPrefix(sub, prefix) && !l.matches(sub) {
			return true
		}
	}
	return false
}
