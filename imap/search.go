package imap

import "time"

// A SearchOp says what a SearchCriteria tests.
type SearchOp uint8

// Operations of SEARCH (RFC 9051 §6.4.4, RFC 5032, RFC 7162 §3.1.5). Keys of
// the grammar that are short for others (OLD, NEW, UNSEEN, UNKEYWORD ...) are
// parsed into those.
const (
	// SearchAnd is true if all of Keys are; with no keys it is ALL.
	SearchAnd SearchOp = iota
	// SearchOr is true if one of Keys, at least two, is.
	SearchOr
	// SearchNot is true if its only key is not.
	SearchNot
	// SearchSet tests whether Set has the message.
	SearchSet
	// SearchFlag tests whether the message has Flag: a system flag, \Recent
	// included, or a keyword.
	SearchFlag
	// SearchBefore, SearchOn and SearchSince compare the internal date with
	// Date, without time and zone.
	SearchBefore
	SearchOn
	SearchSince
	// SearchSentBefore, SearchSentOn and SearchSentSince compare the Date
	// header field with Date, without time and zone.
	SearchSentBefore
	SearchSentOn
	SearchSentSince
	// SearchSavedBefore, SearchSavedOn and SearchSavedSince compare the save
	// date with Date (RFC 8514).
	SearchSavedBefore
	SearchSavedOn
	SearchSavedSince
	// SearchLarger and SearchSmaller compare the size in bytes with Size;
	// equal is neither.
	SearchLarger
	SearchSmaller
	// SearchOlder and SearchYounger compare the age by the internal date
	// with Age; YOUNGER includes the age itself (RFC 5032).
	SearchOlder
	SearchYounger
	// SearchHeader tests whether a header field named Field has Text in it
	// after decoding of encoded words; an empty Text tests whether there is
	// such a field. BCC, CC, FROM, SUBJECT and TO are this too.
	SearchHeader
	// SearchBody tests for Text in the decoded text of the body.
	SearchBody
	// SearchText tests for Text in the header or the body.
	SearchText
	// SearchModSeq tests whether the mod-sequence is at least ModSeq
	// (RFC 7162 §3.1.5).
	SearchModSeq
	// SearchEmailID and SearchThreadID compare an object id with Text
	// (RFC 8474 §6).
	SearchEmailID
	SearchThreadID
	// SearchFuzzy is true if its only key nearly is; the session says how
	// nearly (RFC 6203).
	SearchFuzzy
)

// A SearchCriteria is a tree of tests on one message. Its root is a SearchAnd.
// Text is UTF-8, whatever charset the client wrote in; it is compared as a
// substring without regard to case.
type SearchCriteria struct {
	Op     SearchOp
	Keys   []SearchCriteria
	Set    NumSet
	Flag   Flag
	Date   Date
	Size   int64
	Age    time.Duration
	Field  string
	Text   string
	ModSeq ModSeq
}

// Uses reports whether c, or a key in it, is one of ops.
func (c *SearchCriteria) Uses(ops ...SearchOp) bool {
	for _, op := range ops {
		if c.Op == op {
			return true
		}
	}
	for i := range c.Keys {
		if c.Keys[i].Uses(ops...) {
			return true
		}
	}
	return false
}

// SearchReturn is a set of result options of SEARCH (RFC 9051 §6.4.4).
type SearchReturn uint16

// Result options of SEARCH.
const (
	SearchReturnMin SearchReturn = 1 << iota
	SearchReturnMax
	SearchReturnAll
	SearchReturnCount
	SearchReturnSave
	// SearchReturnPartial asks for the hits at some places (RFC 9394 §3.1).
	SearchReturnPartial
	// SearchReturnUpdate asks to be told how the results change (RFC 5267
	// §4.3).
	SearchReturnUpdate
	// SearchReturnContext says that the search will come again (RFC 5267
	// §4.2).
	SearchReturnContext
	// SearchReturnRelevancy asks how well each hit matches (RFC 6203 §4).
	SearchReturnRelevancy
)
