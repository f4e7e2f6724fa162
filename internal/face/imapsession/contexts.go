package imapsession

import (
	"context"
	"iter"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// maxContexts is how many searches a session observes.
const maxContexts = 16

// An updateContext is a search whose client hears of changes (RFC 5267 §4.3).
// Hits has what the client knows.
type updateContext struct {
	*imapserver.UpdateContext
	// timed says that the clock alone may change the results.
	timed bool
	// whole says that a message may come and go although it has not changed:
	// "*" moves, and so does the clock.
	whole bool
	// sorted is the results of a SORT, which Hits has too, in their order.
	sorted sortHits
}

// Observe begins to tell of the changes to a search.
func (s *session) Observe(ctx context.Context, c *imapserver.UpdateContext) error {
	v := s.view
	if len(v.contexts) == maxContexts {
		return imapserver.ErrTooManyContexts
	}
	frozen := v.frozen(c.Criteria)
	c.Criteria = frozen
	timed := frozen.Uses(imap.SearchOlder, imap.SearchYounger)
	u := &updateContext{UpdateContext: c, timed: timed, whole: timed || dynamic(frozen)}
	if c.By != nil {
		if err := s.beginSorted(ctx, u); err != nil {
			return err
		}
	}
	v.contexts = append(v.contexts, u)
	return nil
}

// Observes reports whether there is a context of that tag.
func (s *session) Observes(tag string) bool {
	return s.view != nil && slices.ContainsFunc(s.view.contexts, func(c *updateContext) bool { return c.Tag == tag })
}

// Unobserve ends the context of that tag.
func (s *session) Unobserve(tag string) {
	s.view.contexts = slices.DeleteFunc(s.view.contexts, func(c *updateContext) bool { return c.Tag == tag })
}

func (v *view) hasTimed() bool {
	return slices.ContainsFunc(v.contexts, func(c *updateContext) bool { return c.timed })
}

// frozen returns a copy of k in which sequence numbers are UIDs: they mean what
// they meant when the command came (RFC 5267 §4.3).
func (v *view) frozen(k *imap.SearchCriteria) *imap.SearchCriteria {
	c := *k
	if c.Op == imap.SearchSet && c.Set.Kind == imap.NumSeq {
		c.Set = imap.NumSetOf(v.uidsOf(c.Set.SeqsWithin(v.told.Len())))
		return &c
	}
	c.Keys = make([]imap.SearchCriteria, len(k.Keys))
	for i := range k.Keys {
		c.Keys[i] = *v.frozen(&k.Keys[i])
	}
	return &c
}

// dynamic reports whether a set in k has "*".
func dynamic(k *imap.SearchCriteria) bool {
	if k.Op == imap.SearchSet && k.Set.Dynamic() {
		return true
	}
	return slices.ContainsFunc(k.Keys, func(key imap.SearchCriteria) bool { return dynamic(&key) })
}

// A contextChange is what has become of one search.
type contextChange struct {
	*updateContext
	removed, added imap.UIDSet
	// removedAt and addedAt are the same of a SORT, with their places.
	removedAt, addedAt []imapserver.Placed
}

// contextChanges returns what the step from the version told to next changes in
// the searches that are observed. A search that cannot be done any more is
// given up, and the client told.
func (s *session) contextChanges(ctx context.Context, w *imapserver.UpdateWriter, next *mailstore.Version, d mailstore.Delta) []contextChange {
	var changes []contextChange
	s.view.contexts = slices.DeleteFunc(s.view.contexts, func(c *updateContext) bool {
		change, err := s.contextChange(ctx, c, next, d)
		if err != nil {
			s.log.Warn("imap: update context is given up", "err", err)
			w.NoUpdate(c.UpdateContext)
			return true
		}
		if len(change.removed) > 0 || len(change.added) > 0 {
			changes = append(changes, change)
		}
		return false
	})
	return changes
}

// contextChange looks again at the messages that are new or have changed, at
// all if the search wants that, and takes note of the new results.
func (s *session) contextChange(ctx context.Context, c *updateContext, next *mailstore.Version, d mailstore.Delta) (contextChange, error) {
	future := *s.view
	future.told = next
	messages, looked := next.All(), c.Hits
	if !c.whole {
		looked = d.Changed.Clone()
		looked.AddSet(d.Added)
		messages = next.UIDs(looked)
	}
	compiler := &compiler{session: s, view: &future, now: s.Now()}
	hits, keyed, err := compiler.findAgain(ctx, c, messages)
	if err != nil {
		return contextChange{}, err
	}
	gone := c.Hits.Intersect(d.Expunged)
	gone.AddSet(c.Hits.Intersect(looked).Minus(hits))
	change := contextChange{updateContext: c, removed: gone, added: hits.Minus(c.Hits)}
	if c.By != nil {
		if err := change.place(s.view.told, next, keyed); err != nil {
			return change, err
		}
	}
	c.Hits = c.Hits.Minus(gone)
	c.Hits.AddSet(change.added)
	return change, nil
}

// findAgain returns which of some messages are results of a context, and with
// their keys if it is a SORT.
func (c *compiler) findAgain(ctx context.Context, u *updateContext, messages iter.Seq2[imap.SeqNum, mailstore.Entry]) (imap.UIDSet, sortHits, error) {
	if u.By == nil {
		hits, err := c.find(ctx, u.Criteria, messages)
		return hits, nil, err
	}
	keyed, err := c.sorted(ctx, sortTask{u.Criteria, u.By, messages})
	return keyed.uids(), keyed, err
}

// find returns which of some messages meet criteria.
func (c *compiler) find(ctx context.Context, criteria *imap.SearchCriteria, messages iter.Seq2[imap.SeqNum, mailstore.Entry]) (imap.UIDSet, error) {
	hits := newHits(imapserver.SearchOptions{Return: imap.SearchReturnAll, UIDs: true})
	err := c.scan(ctx, criteria, messages, hits)
	return hits.data().UIDs, err
}
