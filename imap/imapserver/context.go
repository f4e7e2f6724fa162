package imapserver

import (
	"context"
	"errors"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// An Observer is a Session with FeatureContext: it tells, in Poll, how the
// results of earlier searches in the selected mailbox change (RFC 5267 §4.3).
// It stops when the mailbox is left.
type Observer interface {
	// Observe begins to tell of the changes to a search. It returns
	// ErrTooManyContexts if it will not.
	Observe(ctx context.Context, c *UpdateContext) error
	// Observes reports whether there is a context of that tag.
	Observes(tag string) bool
	// Unobserve ends a context, if there is one of that tag.
	Unobserve(tag string)
}

// ErrTooManyContexts says that a session observes as much as it will.
var ErrTooManyContexts = errors.New("imapserver: too many update contexts")

// An UpdateContext is a search whose client hears of changes.
type UpdateContext struct {
	// Tag is that of the searching command.
	Tag string
	// UID says that the client is told UIDs, not sequence numbers.
	UID bool
	// Criteria is the search. Its sequence numbers mean what they mean when
	// Observe is called.
	Criteria *imap.SearchCriteria
	// New is what is fetched of new messages that come into the results
	// (RFC 5465 §7); nil is nothing.
	New *imap.FetchOptions
	// Hits is what the client has been told, as UIDs.
	Hits imap.UIDSet
	// By, of a SORT, is the order of the results, whose places are told with
	// each change; nil for a SEARCH.
	By []imap.SortCriterion

	source *searchSource // of an ESEARCH, which names it in all its answers
}

// observe begins an update context, or tells that it cannot be had (RFC 5267
// §4.3.1).
func (s *searchCommand) observe(ctx context.Context, u UpdateContext) error {
	c := s.c
	u.Tag, u.UID, u.Criteria, u.New = s.req.tag, s.req.uid, &s.criteria, s.newItems
	err := c.session.(Observer).Observe(ctx, &u)
	if errors.Is(err, ErrTooManyContexts) {
		writeNoUpdate(c.w, s.req.tag, "Too many contexts")
		return nil
	}
	return err
}

// checkUpdate refuses a tag that a context has (RFC 5267 §4.3).
func (s *searchCommand) checkUpdate() error {
	if s.ret&imap.SearchReturnUpdate != 0 && s.c.session.(Observer).Observes(s.req.tag) {
		return imap.Bad("Tag reuse")
	}
	return nil
}

// cancelUpdate runs CANCELUPDATE (RFC 5267 §4.3.5). A tag that names no context
// is passed over: the server may have given the context up.
func (c *conn) cancelUpdate(_ context.Context, req *request) error {
	o, ok := c.session.(Observer)
	if !ok || c.opts.Features&FeatureContext == 0 {
		return errUnknownCommand
	}
	var tags []string
	for c.r.Accept(' ') {
		tag, err := c.r.Quoted()
		if err != nil {
			return err
		}
		tags = append(tags, tag)
	}
	if len(tags) == 0 {
		return c.r.SP()
	}
	if err := c.end(req); err != nil {
		return err
	}
	for _, tag := range tags {
		o.Unobserve(tag)
	}
	req.text = "No further updates"
	return nil
}

// writeNoUpdate writes that a context is not, or no longer, kept.
func writeNoUpdate(w *imapwire.Writer, tag, text string) {
	w.Raw("* NO [NOUPDATE ")
	w.Quoted(tag)
	w.Raw("] ")
	w.Raw(text)
	w.CRLF()
}

// RemoveFrom tells that messages are no longer among the results of a search.
// It comes before the expunges that are the reason, in the numbering that holds
// then (RFC 5267 §4.3.4).
func (u *UpdateWriter) RemoveFrom(c *UpdateContext, uids imap.UIDSet, seqs imap.SeqSet) {
	u.contextChange(c, " REMOVEFROM (0 ", uids, seqs)
}

// AddTo tells that messages have come into the results of a search. It comes
// after the EXISTS that makes their numbers valid (RFC 5267 §4.3.3).
func (u *UpdateWriter) AddTo(c *UpdateContext, uids imap.UIDSet, seqs imap.SeqSet) {
	u.contextChange(c, " ADDTO (0 ", uids, seqs)
}

// NoUpdate tells that the session has given up a context.
func (u *UpdateWriter) NoUpdate(c *UpdateContext) {
	u.flush()
	writeNoUpdate(u.w, c.Tag, "Updates end here, search again")
}

func (u *UpdateWriter) contextChange(c *UpdateContext, what string, uids imap.UIDSet, seqs imap.SeqSet) {
	if len(uids) == 0 {
		return
	}
	u.flush()
	if c.source != nil {
		c.source.writeHead(u.w, c.Tag)
	} else {
		writeESearchHead(u.w, c.Tag, c.UID)
	}
	u.w.Raw(what)
	if c.UID {
		writeSet(u.w, uids)
	} else {
		writeSet(u.w, seqs)
	}
	u.w.Raw(")\r\n")
}

// A Placed is results of a SORT that follow each other, as UIDs and as sequence
// numbers, and the place of the first of them, from 1.
type Placed struct {
	Place uint32
	UIDs  []imap.UID
	Seqs  []imap.SeqNum
}

// RemoveFromPlaces is RemoveFrom for a SORT. The client takes the results away
// in the order of the list (RFC 5267 §4.3.4).
func (u *UpdateWriter) RemoveFromPlaces(c *UpdateContext, list []Placed) {
	u.placedChange(c, " REMOVEFROM ", list)
}

// AddToPlaces is AddTo for a SORT. The client inserts the results in the order
// of the list (RFC 5267 §4.3.3).
func (u *UpdateWriter) AddToPlaces(c *UpdateContext, list []Placed) {
	u.placedChange(c, " ADDTO ", list)
}

func (u *UpdateWriter) placedChange(c *UpdateContext, what string, list []Placed) {
	if len(list) == 0 {
		return
	}
	u.flush()
	writeESearchHead(u.w, c.Tag, c.UID)
	u.w.Raw(what)
	sep := byte('(')
	for _, p := range list {
		u.w.Byte(sep)
		sep = ' '
		u.w.Number(uint64(p.Place))
		u.w.SP()
		if c.UID {
			writeInOrder(u.w, p.UIDs)
		} else {
			writeInOrder(u.w, p.Seqs)
		}
	}
	u.w.Raw(")\r\n")
}
