package imapserver

import (
	"context"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A SortSession is a session with [FeatureSort].
type SortSession interface {
	Session
	// Sort searches as Search does, and returns the hits in the order of the
	// criteria, the first of which counts most. Hits that are equal by all
	// of them come in the order of their sequence numbers (RFC 5256 §3).
	Sort(ctx context.Context, search *imap.SearchCriteria, by []imap.SortCriterion, opts SearchOptions) (*SortData, error)
}

// SortData is what SORT found.
type SortData struct {
	// UIDs and Seqs name the same messages in the order that was asked for,
	// each as far as SearchOptions wanted it.
	UIDs []imap.UID
	Seqs []imap.SeqNum
	// ModSeq and Scores are as in SearchData.
	ModSeq imap.ModSeq
	Scores []uint8
}

// lookupSort returns the commands of RFC 5256.
func lookupSort(name string) (command, bool) {
	switch name {
	case "SORT":
		return command{selected, pollKeep, (*conn).sort}, true
	case "UID SORT":
		return command{selected, pollAll, (*conn).sort}, true
	case "THREAD":
		return command{selected, pollKeep, (*conn).thread}, true
	case "UID THREAD":
		return command{selected, pollAll, (*conn).thread}, true
	}
	return command{}, false
}

// sort runs SORT and UID SORT (RFC 5256 §3), with RETURN (RFC 5267 §3).
func (c *conn) sort(ctx context.Context, req *request) error {
	s := &sortCommand{searchCommand: searchCommand{c: c, req: req}}
	if c.opts.Features&FeatureSort == 0 {
		return errUnknownCommand
	}
	err := s.parse(ctx)
	if err == nil {
		err = s.run(ctx)
	}
	return s.unsaved(err)
}

// A sortCommand is a SORT that is running.
type sortCommand struct {
	searchCommand
	by []imap.SortCriterion
}

// parse takes the arguments.
func (s *sortCommand) parse(ctx context.Context) error {
	r := s.c.r
	if err := r.SP(); err != nil {
		return err
	}
	if err := s.parseExtended(); err != nil {
		return err
	}
	if err := s.parseBy(); err != nil {
		return err
	}
	if err := r.SP(); err != nil {
		return err
	}
	if err := s.parseCriteria(ctx); err != nil {
		return err
	}
	if err := s.c.end(s.req); err != nil {
		return err
	}
	byScore := slices.ContainsFunc(s.by, func(by imap.SortCriterion) bool { return by.Key == imap.SortRelevancy })
	return s.checkFuzzy(byScore || s.ret&imap.SearchReturnRelevancy != 0)
}

// parseBy takes the sort criteria, of which there is at least one. A key that
// comes again is dropped: where it is asked, messages are equal by it.
func (s *sortCommand) parseBy() error {
	err := s.c.r.List(func() error {
		by, err := s.parseCriterion()
		same := func(b imap.SortCriterion) bool { return b.Key == by.Key }
		if err == nil && !slices.ContainsFunc(s.by, same) {
			s.by = append(s.by, by)
		}
		return err
	})
	if err == nil && len(s.by) == 0 {
		err = imapwire.Syntax("sort criterion expected")
	}
	return err
}

func (s *sortCommand) parseCriterion() (by imap.SortCriterion, err error) {
	r := s.c.r
	if by.Reverse = r.AcceptWord("REVERSE"); by.Reverse {
		if err := r.SP(); err != nil {
			return by, err
		}
	}
	name, err := r.Keyword()
	if err != nil {
		return by, err
	}
	if !s.c.offers(capabilityOfCriterion(string(name))) {
		return by, imapwire.Syntax("unknown sort criterion")
	}
	switch string(name) {
	case "ARRIVAL":
		by.Key = imap.SortArrival
	case "CC":
		by.Key = imap.SortCc
	case "DATE":
		by.Key = imap.SortDate
	case "FROM":
		by.Key = imap.SortFrom
	case "SIZE":
		by.Key = imap.SortSize
	case "SUBJECT":
		by.Key = imap.SortSubject
	case "TO":
		by.Key = imap.SortTo
	case "DISPLAYFROM":
		by.Key = imap.SortDisplayFrom
	case "DISPLAYTO":
		by.Key = imap.SortDisplayTo
	case "RELEVANCY":
		by.Key = imap.SortRelevancy
	default:
		err = imapwire.Syntax("unknown sort criterion")
	}
	return by, err
}

// parseCriteria takes a charset, which SORT and THREAD must have, and the
// search keys (RFC 5256 §5, search-criteria).
func (s *searchCommand) parseCriteria(ctx context.Context) error {
	name, err := s.c.r.AString()
	if err != nil {
		return err
	}
	p := newSearchParser(ctx, s.c)
	if err := p.useCharset(name); err != nil {
		return err
	}
	if err := s.c.r.SP(); err != nil {
		return err
	}
	keys, err := p.keys()
	s.criteria = imap.SearchCriteria{Op: imap.SearchAnd, Keys: keys}
	return err
}

// run asks the session and answers.
func (s *sortCommand) run(ctx context.Context) error {
	if err := s.checkUpdate(); err != nil {
		return err
	}
	if err := s.checkSorted(); err != nil {
		return err
	}
	c, opts := s.c, s.options()
	var data *SortData
	err := c.long(ctx, s.req, func(ctx context.Context) (err error) {
		data, err = c.session.(SortSession).Sort(ctx, &s.criteria, s.by, opts)
		return err
	})
	if err != nil {
		return err
	}
	if !opts.ModSeq {
		data.ModSeq = 0
	}
	if s.ret&imap.SearchReturnSave != 0 {
		c.saved = savedSorted(&s.searchCommand, data.UIDs)
	}
	s.scores = data.Scores
	if s.req.uid {
		writeSort(s, data.UIDs, data.ModSeq)
	} else {
		writeSort(s, data.Seqs, data.ModSeq)
	}
	if s.ret&imap.SearchReturnUpdate != 0 {
		return s.observe(ctx, UpdateContext{Hits: sortedSet(data.UIDs), By: s.by})
	}
	return nil
}

// savedSorted returns what "$" will stand for after a SORT that found hits
// (RFC 9051 §6.4.4.1, Table 4, with MIN and MAX as RFC 5267 §3.1 has them).
func savedSorted(s *searchCommand, hits []imap.UID) imap.UIDSet {
	some := hits
	if s.ret&ends != 0 && s.ret&(imap.SearchReturnAll|imap.SearchReturnCount) == 0 && len(hits) > 0 {
		some = slices.Clone(inPlaces(s.partial, hits))
		if s.ret&imap.SearchReturnMin != 0 {
			some = append(some, hits[0])
		}
		if s.ret&imap.SearchReturnMax != 0 {
			some = append(some, hits[len(hits)-1])
		}
	}
	return sortedSet(some)
}

// sortedSet returns the set of uids, which is made in rising order.
func sortedSet(uids []imap.UID) imap.UIDSet {
	rising := slices.Clone(uids)
	slices.Sort(rising)
	return imap.SetOf(rising...)
}

// inPlaces returns those of nums that a range of places means.
func inPlaces[N any](p imap.PartialRange, nums []N) []N {
	from, to := p.Places(uint32(len(nums)))
	if from > to {
		return nil
	}
	return nums[from-1 : to]
}

// writeSort answers in the form that the client asked for: without RETURN it
// is the SORT response, in both revisions of IMAP.
func writeSort[N imap.Num](s *sortCommand, hits []N, modSeq imap.ModSeq) {
	switch {
	case !s.extended:
		writePlain(s.c.w, "SORT", slices.Values(hits), modSeq)
	case s.ret != imap.SearchReturnSave:
		s.writeESearch(sorted[N](hits), modSeq)
	}
}

// sorted are the hits of SORT.
type sorted[N imap.Num] []N

func (r sorted[N]) count() int               { return len(r) }
func (r sorted[N]) first() uint32            { return uint32(r[0]) }
func (r sorted[N]) last() uint32             { return uint32(r[len(r)-1]) }
func (r sorted[N]) write(w *imapwire.Writer) { writeInOrder(w, r) }

func (r sorted[N]) places(from, to uint32) results {
	if from > to {
		return sorted[N](nil)
	}
	return r[from-1 : to]
}

// writeInOrder writes numbers as a sequence set that keeps their order: only
// what rises by one is a range (RFC 5267 §3.2).
func writeInOrder[N imap.Num](w *imapwire.Writer, nums []N) {
	for i := 0; i < len(nums); {
		if i > 0 {
			w.Byte(',')
		}
		first := nums[i]
		for i++; i < len(nums) && nums[i] == nums[i-1]+1; i++ {
		}
		w.Number(uint64(first))
		if last := nums[i-1]; last != first {
			w.Byte(':')
			w.Number(uint64(last))
		}
	}
}
