package imapserver

import "github.com/mailstead/mailstead/imap"

// SearchOptions goes with Session.Search.
type SearchOptions struct {
	// Return has the result options of the client.
	Return imap.SearchReturn
	// Partial is the range of SearchReturnPartial.
	Partial imap.PartialRange
	// UIDs and Seqs say which of the sets in SearchData are wanted.
	UIDs, Seqs bool
	// ModSeq says that SearchData.ModSeq is wanted.
	ModSeq bool
}

// SearchData is what SEARCH found.
type SearchData struct {
	// UIDs and Seqs have all hits, or at least those that Ends asks for.
	UIDs imap.UIDSet
	Seqs imap.SeqSet
	// ModSeq is the highest mod-sequence of the hits that Reports names
	// (RFC 7162 §3.1.10).
	ModSeq imap.ModSeq
	// Scores, with SearchReturnRelevancy, has one for each hit, from 1 to
	// 100, in their order.
	Scores []uint8
}

// ends are the result options that need only some hits at either end.
const ends = imap.SearchReturnMin | imap.SearchReturnMax | imap.SearchReturnPartial

// Ends returns how many of the first hits, and how many of the last, are all
// that is needed, so that a search can begin at the better end and stop early;
// zeros mean that every hit is.
func (o *SearchOptions) Ends() (first, last uint32) {
	if o.Return&ends == 0 || o.Return&^(ends|imap.SearchReturnSave) != 0 {
		return 0, 0
	}
	if o.Return&imap.SearchReturnMin != 0 {
		first = 1
	}
	if o.Return&imap.SearchReturnMax != 0 {
		last = 1
	}
	switch _, to := o.Partial.Bounds(); {
	case o.Return&imap.SearchReturnPartial == 0:
	case o.Partial.FromEnd:
		last = max(last, to)
	default:
		first = max(first, to)
	}
	return first, last
}

// Reports reports whether the client is told of a hit, if not all are asked
// for: the one that is the first-th from the beginning and the last-th from the
// end, each counted from 1 and zero if it is not known.
func (o *SearchOptions) Reports(first, last uint32) bool {
	if first == 1 && o.Return&imap.SearchReturnMin != 0 || last == 1 && o.Return&imap.SearchReturnMax != 0 {
		return true
	}
	place := first
	if o.Partial.FromEnd {
		place = last
	}
	from, to := o.Partial.Bounds()
	return o.Return&imap.SearchReturnPartial != 0 && place >= from && place <= to
}
