package imapserver

import (
	"context"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A MultiSearcher is a Session with FeatureMultiSearch: it searches mailboxes
// that are not selected (RFC 7377).
type MultiSearcher interface {
	// SearchMailboxes calls found for each mailbox of sources in which there
	// are hits, once, and for the selected one, if it is among them, in any
	// case. Mailboxes that are not there, or that this user may not read or,
	// if they were not named, not see, are passed over. opts wants UIDs.
	SearchMailboxes(ctx context.Context, sources []imap.MailboxFilter, criteria *imap.SearchCriteria, opts SearchOptions, found func(*MailboxHits) error) error
}

// MailboxHits is what a search found in one mailbox.
type MailboxHits struct {
	SearchData
	Mailbox     string
	UIDValidity imap.UIDValidity
	// Selected says that it is the selected mailbox.
	Selected bool
}

// A multiSearch is an ESEARCH that is running.
type multiSearch struct {
	searchCommand
	sources  []imap.MailboxFilter
	observed bool // the update context is settled
}

// esearch runs ESEARCH (RFC 7377 §2).
func (c *conn) esearch(ctx context.Context, req *request) error {
	if c.opts.Features&FeatureMultiSearch == 0 {
		return errUnknownCommand
	}
	s := &multiSearch{searchCommand: searchCommand{c: c, req: req, extended: true}}
	err := s.parse(ctx)
	if err == nil {
		err = s.run(ctx)
	}
	return s.unsaved(err)
}

// parse takes the arguments and checks them against the state.
func (s *multiSearch) parse(ctx context.Context) error {
	r := s.c.r
	if err := r.SP(); err != nil {
		return err
	}
	s.sources = []imap.MailboxFilter{{Scope: imap.ScopeSelected}}
	if r.AcceptWord("IN") {
		if err := s.parseSources(); err != nil {
			return err
		}
	}
	if err := s.parseExtended(); err != nil {
		return err
	}
	if err := s.parseProgram(ctx); err != nil {
		return err
	}
	return s.check()
}

// parseSources takes the source options and the space behind them.
func (s *multiSearch) parseSources() error {
	r := s.c.r
	if err := r.SP(); err != nil {
		return err
	}
	s.sources = nil
	err := r.List(func() error {
		f, err := s.c.mailboxFilter()
		s.sources = append(s.sources, f)
		if err == nil && len(s.sources) > maxFilterNames {
			err = imapwire.Syntax("too many mailboxes")
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(s.sources) == 0 {
		return imapwire.Syntax("source mailbox expected")
	}
	return r.SP()
}

// maxFilterNames bounds the names in a filter, and the filters of a command.
const maxFilterNames = 1000

// filterScopes are the words of filter-mailboxes; selected-delayed is not for
// searches (RFC 7377 §2.2).
var filterScopes = map[string]imap.MailboxScope{
	"SELECTED":    imap.ScopeSelected,
	"INBOXES":     imap.ScopeInboxes,
	"PERSONAL":    imap.ScopePersonal,
	"SUBSCRIBED":  imap.ScopeSubscribed,
	"MAILBOXES":   imap.ScopeMailboxes,
	"SUBTREE":     imap.ScopeSubtree,
	"SUBTREE-ONE": imap.ScopeSubtreeOne,
}

// mailboxFilter takes one of the source mailboxes of ESEARCH.
func (c *conn) mailboxFilter() (f imap.MailboxFilter, err error) {
	word, err := c.r.Keyword()
	if err != nil {
		return f, err
	}
	scope, ok := filterScopes[string(word)]
	if !ok {
		return f, imapwire.Syntax("source mailbox expected")
	}
	f.Scope = scope
	if scope < imap.ScopeMailboxes {
		return f, nil
	}
	if err := c.r.SP(); err != nil {
		return f, err
	}
	one := func() error {
		name, err := c.r.Mailbox(c.opts.Delimiter)
		f.Names = append(f.Names, name)
		if err == nil && len(f.Names) > maxFilterNames {
			err = imapwire.Syntax("too many mailboxes")
		}
		return err
	}
	if !c.r.Peek('(') {
		return f, one()
	}
	if err = c.r.List(one); err == nil && len(f.Names) == 0 {
		err = imapwire.Syntax("mailbox name expected")
	}
	return f, err
}

// check refuses what makes no sense in this state, or together (RFC 7377
// §2.2).
func (s *multiSearch) check() error {
	selectedToo := slices.ContainsFunc(s.sources, func(f imap.MailboxFilter) bool { return f.Scope == imap.ScopeSelected })
	onlySelected := selectedToo && !slices.ContainsFunc(s.sources, func(f imap.MailboxFilter) bool { return f.Scope != imap.ScopeSelected })
	switch {
	case s.c.state != selected && (selectedToo || s.ret&imap.SearchReturnUpdate != 0):
		return imap.Bad("No mailbox is selected")
	case s.ret&imap.SearchReturnSave != 0 && !onlySelected:
		return imap.Bad("SAVE is for the selected mailbox alone")
	}
	return s.checkUpdate()
}

// run asks the session and answers as the mailboxes come.
func (s *multiSearch) run(ctx context.Context) error {
	opts := s.options()
	opts.UIDs, opts.Seqs = true, false
	s.req.uid = true // the answer speaks of UIDs (RFC 7377 §2.1)
	found := func(h *MailboxHits) error {
		if !opts.ModSeq {
			h.ModSeq = 0
		}
		return s.found(ctx, h)
	}
	err := s.c.long(ctx, s.req, func(ctx context.Context) error {
		return s.c.session.(MultiSearcher).SearchMailboxes(ctx, s.sources, &s.criteria, opts, found)
	})
	if err == nil && s.ret&imap.SearchReturnUpdate != 0 && !s.observed {
		// Only the selected mailbox is observed.
		writeNoUpdate(s.c.w, s.req.tag, "The selected mailbox is not searched")
	}
	return err
}

// found answers for one mailbox; one without hits goes unmentioned.
func (s *multiSearch) found(ctx context.Context, h *MailboxHits) error {
	w := s.c.w
	if len(h.UIDs) > 0 && s.ret != imap.SearchReturnSave {
		source := searchSource{h.Mailbox, h.UIDValidity}
		source.writeHead(w, s.req.tag)
		s.scores = h.Scores
		s.writeResults(searched[imap.UID](h.UIDs), h.ModSeq)
	}
	if !h.Selected {
		return w.Err()
	}
	if s.ret&imap.SearchReturnSave != 0 {
		s.c.saved = s.savedSet(h.UIDs)
	}
	if s.ret&imap.SearchReturnUpdate != 0 {
		s.observed = true
		return s.observe(ctx, UpdateContext{Hits: h.UIDs, source: &searchSource{h.Mailbox, h.UIDValidity}})
	}
	return w.Err()
}

// A searchSource is the mailbox that results of ESEARCH are from.
type searchSource struct {
	mailbox  string
	validity imap.UIDValidity
}

// writeHead begins an ESEARCH response with all correlators (RFC 7377 §2.1).
func (s *searchSource) writeHead(w *imapwire.Writer, tag string) {
	w.Raw("* ESEARCH (TAG ")
	w.String(tag)
	w.Raw(" MAILBOX ")
	w.Mailbox(s.mailbox)
	w.Raw(" UIDVALIDITY ")
	w.Number(uint64(s.validity))
	w.Raw(") UID")
}
