package imapsession

import (
	"github.com/mailstead/mailstead/collation"
	"github.com/mailstead/mailstead/imap/imapserver"
)

// sortFeatures are the ways to compare messages and texts.
const sortFeatures = imapserver.FeatureSort | imapserver.FeatureThread | imapserver.FeatureComparator

// Comparator returns what SEARCH, SORT and THREAD compare strings by.
func (s *session) Comparator() collation.Order { return s.comparator }

// SetComparator changes it, for searches from now on.
func (s *session) SetComparator(o collation.Order) { s.comparator = o }
