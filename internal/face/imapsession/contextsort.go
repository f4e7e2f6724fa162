package imapsession

import (
	"context"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// Bounds of a SORT that is observed: its results and the octets of their keys,
// which are kept, so that a change costs no new SORT.
const (
	maxSortedHits = 10_000
	maxSortedKeys = 4 << 20
)

// checkKept refuses to keep too many results.
func (h sortHits) checkKept() error {
	octets := 0
	for i := range h {
		octets += len(h[i].key)
	}
	if len(h) > maxSortedHits || octets > maxSortedKeys {
		return imapserver.ErrTooManyContexts
	}
	return nil
}

// beginSorted gets the keys of the results of a SORT.
func (s *session) beginSorted(ctx context.Context, u *updateContext) error {
	if u.Hits.Count() > maxSortedHits {
		return imapserver.ErrTooManyContexts
	}
	c := &compiler{session: s, view: s.view, now: s.Now()}
	all := &imap.SearchCriteria{Op: imap.SearchAnd}
	if u.Criteria.Uses(imap.SearchFuzzy) {
		all = u.Criteria // the order may be that of the scores
	}
	var err error
	u.sorted, err = c.sorted(ctx, sortTask{all, u.By, s.view.told.UIDs(u.Hits)})
	if err != nil {
		return translate(err)
	}
	return u.sorted.checkKept()
}

// uids returns the UIDs of hits as a set.
func (h sortHits) uids() imap.UIDSet {
	list := make([]imap.UID, len(h))
	for i := range h {
		list[i] = h[i].uid
	}
	slices.Sort(list) // a set is made in rising order
	return imap.SetOf(list...)
}

// place finds the places of what comes and goes, and takes note of the new
// order. keyed has the hits among the messages that were looked at.
func (c *contextChange) place(told, next *mailstore.Version, keyed sortHits) error {
	gone := func(h sortHit) bool { return c.removed.Contains(h.uid) }
	// From the end, so that no removal moves the places of another.
	c.removedAt = c.sorted.runs(told, gone)
	slices.Reverse(c.removedAt)
	c.sorted = slices.DeleteFunc(slices.Clone(c.sorted), gone)
	for _, h := range keyed {
		if c.added.Contains(h.uid) {
			h.key = slices.Clone(h.key) // without the chunk that it was made in
			at, _ := slices.BinarySearchFunc(c.sorted, h, compareHits)
			c.sorted = slices.Insert(c.sorted, at, h)
		}
	}
	c.addedAt = c.sorted.runs(next, func(h sortHit) bool { return c.added.Contains(h.uid) })
	return c.sorted.checkKept()
}

// runs returns the hits of which in is true, those together that follow each
// other, with the numbers that they have in v.
func (h sortHits) runs(v *mailstore.Version, in func(sortHit) bool) []imapserver.Placed {
	var list []imapserver.Placed
	together := false
	for i, hit := range h {
		if !in(hit) {
			together = false
			continue
		}
		if !together {
			list = append(list, imapserver.Placed{Place: uint32(i) + 1})
			together = true
		}
		seq, _ := v.Find(hit.uid)
		run := &list[len(list)-1]
		run.UIDs, run.Seqs = append(run.UIDs, hit.uid), append(run.Seqs, seq)
	}
	return list
}

// tellRemoved tells what is no result any more, in the numbers of the view.
func (c *contextChange) tellRemoved(w *imapserver.UpdateWriter, v *view) {
	if c.By != nil {
		w.RemoveFromPlaces(c.UpdateContext, c.removedAt)
		return
	}
	w.RemoveFrom(c.UpdateContext, c.removed, v.seqsOf(c.removed))
}

// tellAdded tells what is a result now.
func (c *contextChange) tellAdded(w *imapserver.UpdateWriter, v *view) {
	if c.By != nil {
		w.AddToPlaces(c.UpdateContext, c.addedAt)
		return
	}
	w.AddTo(c.UpdateContext, c.added, v.seqsOf(c.added))
}
