package imapserver

import (
	"context"
	"slices"

	"github.com/mailstead/mailstead/collation"
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A ComparatorSession is a session with [FeatureComparator]: SEARCH, SORT and
// THREAD compare strings by its active comparator, at first i;unicode-casemap
// (RFC 5255 §4.4).
type ComparatorSession interface {
	Comparator() collation.Order
	SetComparator(collation.Order)
}

// maxComparators is how many patterns COMPARATOR takes.
const maxComparators = 50

// comparator runs COMPARATOR (RFC 5255 §4.7).
func (c *conn) comparator(_ context.Context, req *request) error {
	s, ok := c.session.(ComparatorSession)
	if !ok || c.opts.Features&FeatureComparator == 0 {
		return errUnknownCommand
	}
	matching, asked, err := c.comparators()
	if err != nil {
		return err
	}
	if err := c.end(req); err != nil {
		return err
	}
	if asked && len(matching) == 0 {
		return imap.No(imap.CodeBadComparator, "No such comparator")
	}
	if asked {
		s.SetComparator(matching[0])
	}
	writeComparator(c.w, s.Comparator(), matching)
	return nil
}

// comparators takes patterns, and returns what they match: the one to be used
// comes first, and none comes twice.
func (c *conn) comparators() (matching []collation.Order, asked bool, err error) {
	for n := 0; c.r.Accept(' '); n++ {
		pattern, err := c.r.AString()
		if err != nil {
			return nil, true, err
		}
		found, ok := collation.Match(pattern)
		if !ok || n == maxComparators {
			return nil, true, imapwire.Syntax("comparator expected")
		}
		asked = true
		for _, o := range found {
			if !slices.ContainsFunc(matching, func(m collation.Order) bool { return m.Collation == o.Collation }) {
				matching = append(matching, o)
			}
		}
	}
	return matching, asked, nil
}

// writeComparator writes the COMPARATOR response (RFC 5255 §4.8).
func writeComparator(w *imapwire.Writer, active collation.Order, matching []collation.Order) {
	w.Raw("* COMPARATOR ")
	w.Raw(active.String())
	if len(matching) > 1 {
		sep := byte('(')
		w.SP()
		for _, o := range matching {
			w.Byte(sep)
			w.Raw(o.Collation.String())
			sep = ' '
		}
		w.Byte(')')
	}
	w.CRLF()
}
