package imapsession

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// PollEvents tells what has happened in the accounts that are watched. What the
// session's own client has done is left out (RFC 5465 §5).
func (s *session) PollEvents(ctx context.Context, w *imapserver.EventWriter) error {
	defer s.origin.Forget()
	for _, o := range s.listener.watched {
		if err := s.pollAccount(ctx, w, o); err != nil {
			return err
		}
	}
	if s.listener.every || s.listener.stale {
		return s.pollOwners(ctx, w)
	}
	return nil
}

// pollOwners looks which other accounts are to be watched by now: somebody may
// have shared something, or the subscriptions have changed (RFC 5465 §5.9 and
// §6.4).
func (s *session) pollOwners(ctx context.Context, w *imapserver.EventWriter) error {
	l := s.listener
	l.stale = false
	owners, err := s.owners(ctx, l)
	if err != nil {
		return translate(err)
	}
	kept := l.watched[:1:1]
	var come []*watched
	for _, o := range owners {
		i := slices.IndexFunc(l.watched, func(old *watched) bool { return old.account.ID() == o.account.ID() })
		if i < 0 {
			o.tree = new(mailstore.Tree)
			come = append(come, o)
		} else {
			o = l.watched[i]
		}
		kept = append(kept, o)
	}
	changed := len(come) > 0 || len(kept) != len(l.watched)
	if l.watched = kept; !changed {
		return nil
	}
	s.rewatch()
	for _, o := range come {
		if err := s.tellCome(ctx, w, o); err != nil {
			return err
		}
	}
	return nil
}

// tellCome tells of an account that is watched from now on, as if its mailboxes
// had just been made.
func (s *session) tellCome(ctx context.Context, w *imapserver.EventWriter, o *watched) error {
	now, err := o.account.Mailboxes(ctx)
	if err != nil {
		return translate(err)
	}
	e := s.newEvents(w, o, now)
	for m := range now.All() {
		e.boxes[m.ID] = &boxEvents{id: m.ID, happens: imap.EventMailboxName}
	}
	o.tree = now
	return e.tell(ctx)
}

func (s *session) newEvents(w *imapserver.EventWriter, o *watched, now *mailstore.Tree) *events {
	return &events{session: s, watched: o, w: w, old: o.tree, now: now, boxes: make(map[mailstore.MailboxID]*boxEvents)}
}

func (s *session) pollAccount(ctx context.Context, w *imapserver.EventWriter, o *watched) error {
	now, err := o.account.Mailboxes(ctx)
	if errors.Is(err, mailstore.ErrNoAccount) && o.prefix != "" {
		return nil
	}
	if err != nil {
		return translate(err)
	}
	if now.ModSeq() == o.tree.ModSeq() {
		return nil
	}
	e := s.newEvents(w, o, now)
	if err := e.read(ctx); err != nil {
		return err
	}
	o.tree = now
	return e.tell(ctx)
}

// events are what has happened in an account.
type events struct {
	*session
	*watched
	w        *imapserver.EventWriter
	old, now *mailstore.Tree
	boxes    map[mailstore.MailboxID]*boxEvents
	names    []string // whose subscription has changed
	lists    *lister  // nil until a name is told of
	told     []string // names that LIST responses have told of
	moves    []move
}

// boxEvents are what has happened to a mailbox, or to the server: id zero.
type boxEvents struct {
	id      mailstore.MailboxID
	happens imap.NotifyEvents
	entries []string
}

// read takes the changes from the log. Those up to the tree are read: what has
// come since is for the next time.
func (e *events) read(ctx context.Context) error {
	errEnough := errors.New("enough")
	_, err := e.watched.account.Log(ctx, e.old.ModSeq(), func(c mailstore.Change) error {
		if c.ModSeq > e.now.ModSeq() {
			return errEnough
		}
		if c.Kind == mailstore.NameSubscribed || c.Kind == mailstore.NameUnsubscribed {
			e.listener.stale = true
		}
		if !e.origin.Made(e.watched.account.ID(), c.ModSeq) {
			e.note(&c)
		}
		return nil
	})
	switch {
	case errors.Is(err, errEnough):
		return nil
	case errors.Is(err, mailstore.ErrTooOld):
		return imapserver.ErrOverflow
	}
	return translate(err)
}

func (e *events) note(c *mailstore.Change) {
	switch c.Kind {
	case mailstore.NameSubscribed, mailstore.NameUnsubscribed:
		if e.prefix == "" && !slices.Contains(e.names, c.Name) {
			e.names = append(e.names, c.Name)
		}
		return
	}
	b := e.boxes[c.Mailbox]
	if b == nil {
		b = &boxEvents{id: c.Mailbox}
		e.boxes[c.Mailbox] = b
	}
	switch c.Kind {
	case mailstore.MessagesAdded:
		b.happens |= imap.EventMessageNew
	case mailstore.MessagesRemoved:
		b.happens |= imap.EventMessageExpunge
	case mailstore.MessagesFlagged:
		b.happens |= imap.EventFlagChange
	case mailstore.MailboxCreated, mailstore.MailboxDeleted, mailstore.MailboxRenamed, mailstore.MailboxShared:
		b.happens |= imap.EventMailboxName
	case mailstore.MailboxUsed:
		if e.prefix == "" {
			b.annotate(imap.EntrySpecialUse)
		}
	case mailstore.Annotated:
		if c.Reader == 0 || c.Reader == e.session.account.ID() {
			b.annotate(c.Name)
		}
	}
}

func (b *boxEvents) annotate(entry string) {
	b.happens |= imap.EventMailboxMetadataChange
	if b.id == 0 {
		b.happens = imap.EventServerMetadataChange
	}
	if !slices.Contains(b.entries, entry) {
		b.entries = append(b.entries, entry)
	}
}

// tell writes names first, then annotations and messages, mailbox by mailbox.
func (e *events) tell(ctx context.Context) error {
	var sorted []*boxEvents
	for _, b := range e.boxes {
		sorted = append(sorted, b)
	}
	slices.SortFunc(sorted, func(a, b *boxEvents) int { return int(int64(a.id) - int64(b.id)) })
	e.tellNames(sorted)
	e.tellSubscriptions()
	for _, b := range sorted {
		if b.id == 0 {
			e.tellServer(b)
			continue
		}
		if err := e.tellBox(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// visible returns the mailbox in a tree if the client may know of it.
func (e *events) visible(tree *mailstore.Tree, id mailstore.MailboxID) (target, bool) {
	m, ok := tree.Get(id)
	if !ok {
		return target{}, false
	}
	t := e.watched.at(e.session.account.ID(), m)
	return t, t.rights.Has(imap.RightLookup)
}

// tellBox tells of annotations and messages of a mailbox.
func (e *events) tellBox(ctx context.Context, b *boxEvents) error {
	t, ok := e.visible(e.now, b.id)
	if !ok {
		return nil
	}
	wanted := e.wanted(t.fullName())
	appeared := b.happens&imap.EventMailboxName != 0 && e.appeared(&t, wanted)
	if wanted&imap.EventMailboxMetadataChange != 0 && t.annotatable() {
		if err := e.tellAnnotations(ctx, &t, b, appeared); err != nil {
			return err
		}
	}
	happens := b.happens & wanted & imap.MessageEvents
	if appeared {
		happens = wanted & imap.MessageEvents // with its UIDVALIDITY (RFC 5465 §5.1)
	}
	if happens == 0 || !t.observable() || e.isSelected(e.watched.account.ID(), b.id) {
		return nil
	}
	d, err := e.status(ctx, &t, 0)
	if err != nil {
		return err
	}
	e.w.Status(t.fullName(), happens, appeared, d)
	return nil
}

// appeared reports whether the client takes the mailbox for one that it did not
// know: it was made, or shared, or has a name that the client was not told as
// that of a mailbox it knows.
func (e *events) appeared(t *target, wanted imap.NotifyEvents) bool {
	before, known := e.visible(e.old, t.box.ID)
	switch {
	case !known || !before.observable():
		return true
	case before.box.Name == t.box.Name:
		return false
	}
	there, moved := carried(e.moves, before.box.Name)
	return !moved || there != t.box.Name || wanted&imap.EventMailboxName == 0
}

// tellAnnotations tells which annotations have changed, of a mailbox that has
// appeared which there are.
func (e *events) tellAnnotations(ctx context.Context, t *target, b *boxEvents, appeared bool) error {
	entries := b.entries
	if appeared {
		list, err := e.annotations(ctx, t)
		if err != nil && !errors.Is(err, mailstore.ErrNoMailbox) { // gone since: that is for the next time
			return translate(err)
		}
		for _, one := range list {
			if !slices.Contains(entries, one.Entry) {
				entries = append(entries, one.Entry)
			}
		}
	}
	if len(entries) > 0 {
		e.w.Metadata(t.fullName(), entries)
	}
	return nil
}

// tellServer tells of annotations of the server, which no mailbox is needed
// for.
func (e *events) tellServer(b *boxEvents) {
	if e.prefix != "" || b.happens&imap.EventServerMetadataChange == 0 {
		return
	}
	if slices.ContainsFunc(e.listener.groups, func(g imap.NotifyGroup) bool {
		return g.Events&imap.EventServerMetadataChange != 0
	}) {
		e.w.Metadata("", b.entries)
	}
}

// tellSubscriptions (RFC 5465 §5.5).
func (e *events) tellSubscriptions() {
	for _, name := range e.names {
		events := e.wanted(name)
		for i := range e.listener.groups {
			// The name was in the group until now, or is from now on.
			if g := &e.listener.groups[i]; g.Scope == imap.NotifySubscribed {
				events |= g.Events
			}
		}
		if events&imap.EventSubscriptionChange != 0 {
			e.w.List(e.subscriptionData(name))
		}
	}
}

// subscriptionData is what LIST tells of a name of this account's
// subscriptions, which may lead to another account.
func (e *events) subscriptionData(name string) *imap.ListData {
	for _, o := range e.listener.watched[1:] {
		if strings.HasPrefix(name, o.prefix) {
			d, _ := e.session.lister(o, o.tree).entry(name)
			return d
		}
	}
	return e.listData(name)
}

// listData is what LIST tells of a name, in full.
func (e *events) listData(name string) *imap.ListData {
	if e.lists == nil {
		e.lists = e.session.lister(e.watched, e.now)
	}
	d, _ := e.lists.entry(name)
	return d
}
