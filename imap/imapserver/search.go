package imapserver

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// search runs SEARCH and UID SEARCH (RFC 9051 §6.4.4, RFC 4731, RFC 5182).
func (c *conn) search(ctx context.Context, req *request) error {
	s := &searchCommand{c: c, req: req}
	err := s.parse(ctx)
	if err == nil {
		err = s.run(ctx)
	}
	return s.unsaved(err)
}

// unsaved empties the search result variable if a command failed that was to
// set it (RFC 9051 §6.4.4.1).
func (s *searchCommand) unsaved(err error) error {
	if err == nil || s.c.broken != nil || s.ret&imap.SearchReturnSave == 0 {
		return err
	}
	e := s.c.toError(err)
	if e.Type == imap.StatusNo {
		s.c.saved = nil
	}
	return e
}

// A searchCommand is a SEARCH that is running.
type searchCommand struct {
	c        *conn
	req      *request
	extended bool // RETURN was given
	ret      imap.SearchReturn
	newItems *imap.FetchOptions // of UPDATE (RFC 5465 §7)
	partial  imap.PartialRange
	criteria imap.SearchCriteria
	scores   []uint8 // of the hits, for RELEVANCY
}

// parse takes the arguments.
func (s *searchCommand) parse(ctx context.Context) error {
	r := s.c.r
	if err := r.SP(); err != nil {
		return err
	}
	if err := s.parseExtended(); err != nil {
		return err
	}
	return s.parseProgram(ctx)
}

// parseProgram takes the charset and the keys, up to the end of the command.
func (s *searchCommand) parseProgram(ctx context.Context) error {
	p := newSearchParser(ctx, s.c)
	if err := p.parseCharset(); err != nil {
		return err
	}
	keys, err := p.keys()
	if err != nil {
		return err
	}
	s.criteria = imap.SearchCriteria{Op: imap.SearchAnd, Keys: keys}
	if err := s.c.end(s.req); err != nil {
		return err
	}
	return s.checkFuzzy(s.ret&imap.SearchReturnRelevancy != 0)
}

// checkFuzzy refuses RELEVANCY in a search that is not fuzzy (RFC 6203 §4).
func (s *searchCommand) checkFuzzy(relevancy bool) error {
	if relevancy && !s.criteria.Uses(imap.SearchFuzzy) {
		return imap.Bad("RELEVANCY needs FUZZY")
	}
	return nil
}

// parseExtended takes RETURN with its options, if it is there, and the space
// behind them.
func (s *searchCommand) parseExtended() error {
	s.extended = s.c.offers(capabilityOfResults(s.req.name)) && s.c.r.AcceptWord("RETURN")
	if s.extended {
		if err := s.parseReturn(); err != nil {
			return err
		}
	}
	if s.ret == 0 {
		s.ret = imap.SearchReturnAll
	}
	return nil
}

// parseReturn takes the result options and the space behind them.
func (s *searchCommand) parseReturn() error {
	r := s.c.r
	if err := r.SP(); err != nil {
		return err
	}
	if err := r.List(s.parseResult); err != nil {
		return err
	}
	const one = imap.SearchReturnAll | imap.SearchReturnPartial
	if s.ret&one == one {
		return imapwire.Syntax("ALL and PARTIAL exclude each other")
	}
	return r.SP()
}

// searchResults are the result options without arguments.
var searchResults = map[string]imap.SearchReturn{
	"MIN":   imap.SearchReturnMin,
	"MAX":   imap.SearchReturnMax,
	"ALL":   imap.SearchReturnAll,
	"COUNT": imap.SearchReturnCount,
	"SAVE":  imap.SearchReturnSave,

	"UPDATE":  imap.SearchReturnUpdate,
	"CONTEXT": imap.SearchReturnContext,

	"RELEVANCY": imap.SearchReturnRelevancy,
}

func (s *searchCommand) knowsResult(opt imap.SearchReturn) bool {
	c := s.c
	const ofContext = imap.SearchReturnUpdate | imap.SearchReturnContext
	switch {
	case opt&ofContext != 0:
		return c.opts.Features&FeatureContext != 0 && c.offers(capabilityOfContext(s.req.name))
	case opt == imap.SearchReturnRelevancy:
		return c.opts.Features&FeatureFuzzy != 0
	case opt == imap.SearchReturnSave:
		return c.offers("SEARCHRES")
	}
	return true
}

// parseResult takes one result option.
func (s *searchCommand) parseResult() (err error) {
	r := s.c.r
	name, err := r.Keyword()
	if err != nil {
		return err
	}
	if opt, ok := searchResults[string(name)]; ok && s.knowsResult(opt) {
		s.ret |= opt
		if opt == imap.SearchReturnUpdate && s.c.opts.Features&FeatureNotify != 0 && r.PeekWords(" (") {
			r.Accept(' ')
			s.newItems, err = s.c.unaskedItems()
		}
		return err
	}
	if string(name) != "PARTIAL" || !s.c.offers("PARTIAL") || s.ret&imap.SearchReturnPartial != 0 {
		return imapwire.Syntax("unknown result option")
	}
	if err := r.SP(); err != nil {
		return err
	}
	s.ret |= imap.SearchReturnPartial
	s.partial, err = r.PartialRange()
	return err
}

// run asks the session and answers.
func (s *searchCommand) run(ctx context.Context) error {
	if err := s.checkUpdate(); err != nil {
		return err
	}
	s.limitSearch()
	c, opts := s.c, s.options()
	var data *SearchData
	err := c.long(ctx, s.req, func(ctx context.Context) (err error) {
		data, err = c.session.Search(ctx, &s.criteria, opts)
		return err
	})
	if err != nil {
		return err
	}
	if !opts.ModSeq {
		data.ModSeq = 0
	}
	if s.ret&imap.SearchReturnSave != 0 {
		c.saved = s.savedSet(data.UIDs)
	}
	s.scores = data.Scores
	if s.req.uid {
		writeSearch(s, data.UIDs, data.ModSeq)
	} else {
		writeSearch(s, data.Seqs, data.ModSeq)
	}
	if s.ret&imap.SearchReturnUpdate != 0 {
		return s.observe(ctx, UpdateContext{Hits: data.UIDs})
	}
	return nil
}

// options returns what the session is to find. A search by MODSEQ switches
// CONDSTORE on (RFC 7162 §3.1).
func (s *searchCommand) options() SearchOptions {
	modSeq := s.criteria.Uses(imap.SearchModSeq)
	if modSeq {
		s.c.enableCondStore()
	}
	const needUIDs = imap.SearchReturnSave | imap.SearchReturnUpdate
	return SearchOptions{
		Return:  s.ret &^ imap.SearchReturnContext,
		Partial: s.partial,
		UIDs:    s.req.uid || s.ret&needUIDs != 0,
		Seqs:    !s.req.uid,
		ModSeq:  modSeq,
	}
}

// savedSet returns what "$" will stand for (RFC 9051 §6.4.4.1, Table 4;
// RFC 9394 §3.2, Table 1).
func (s *searchCommand) savedSet(hits imap.UIDSet) imap.UIDSet {
	if s.ret&ends == 0 || s.ret&(imap.SearchReturnAll|imap.SearchReturnCount) != 0 {
		return hits
	}
	from, to := s.partial.Places(uint32(hits.Count()))
	out := hits.Places(from, to)
	if s.ret&imap.SearchReturnMin != 0 {
		out.Add(hits.Min())
	}
	if s.ret&imap.SearchReturnMax != 0 {
		out.Add(hits.Max())
	}
	return out
}

// writeSearch answers in the form that the client understands.
func writeSearch[N imap.Num](s *searchCommand, hits imap.Set[N], modSeq imap.ModSeq) {
	if !s.extended && !s.c.enabled.rev2 {
		writePlain(s.c.w, "SEARCH", hits.All(), modSeq)
		return
	}
	if s.ret != imap.SearchReturnSave {
		s.writeESearch(searched[N](hits), modSeq)
	}
}
