package imapsession

import (
	"iter"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// resultFeatures are abilities to do with the results and the size of commands.
const resultFeatures = imapserver.FeatureContext | imapserver.FeatureMultiSearch | imapserver.FeatureLimits |
	imapserver.FeatureUIDBatches | imapserver.FeatureFuzzy

// Newest returns the part of a set that has its n messages with the highest
// UIDs (RFC 9738 §3.1).
func (s *session) Newest(set imap.NumSet, n uint32, flag imap.Flag) (part imap.NumSet, lowest imap.UID, more bool, err error) {
	v := s.view
	uids, err := v.resolve(set)
	if err != nil {
		return set, 0, false, err
	}
	has := func(mailstore.Entry) bool { return true }
	if flag != "" {
		bit, ok := v.told.Mailbox().FlagBit(flag)
		has = func(e mailstore.Entry) bool { return ok && e.Flags.Has(bit) }
	}
	if lowest, more = newest(v.told, uids, n, has); !more {
		return set, lowest, false, nil
	}
	above := imap.UIDSet{{Start: lowest, Stop: ^imap.UID(0)}}
	return imap.NumSetOf(uids.Intersect(above)), lowest, true, nil
}

// Candidates returns where a search of at most n messages ends.
func (s *session) Candidates(criteria *imap.SearchCriteria, n uint32) (lowest imap.UID, more bool) {
	return newest(s.view.told, s.view.within(allUIDs(), criteria), n, func(mailstore.Entry) bool { return true })
}

// within returns those of uids that the sets of numbers in criteria, which all
// must be true, do not exclude.
func (v *view) within(uids imap.UIDSet, criteria *imap.SearchCriteria) imap.UIDSet {
	for i := range criteria.Keys {
		switch k := &criteria.Keys[i]; {
		case k.Op == imap.SearchAnd:
			uids = v.within(uids, k)
		case k.Op != imap.SearchSet:
		case k.Set.Kind == imap.NumUID:
			uids = uids.Intersect(k.Set.UIDs(v.told.HighestUID()))
		default:
			uids = uids.Intersect(v.uidsOf(k.Set.SeqsWithin(v.told.Len())))
		}
	}
	return uids
}

// newest returns the UID of the n-th message from the end, of those in uids of
// which has is true, and whether there are others below.
func newest(v *mailstore.Version, uids imap.UIDSet, n uint32, has func(mailstore.Entry) bool) (lowest imap.UID, more bool) {
	for _, e := range backwardIn(v, uids) {
		switch {
		case !has(e):
		case n == 0:
			return lowest, true
		default:
			lowest = e.UID
			n--
		}
	}
	return lowest, false
}

// backwardIn yields the messages with these UIDs from the last to the first.
func backwardIn(v *mailstore.Version, uids imap.UIDSet) iter.Seq2[imap.SeqNum, mailstore.Entry] {
	return func(yield func(imap.SeqNum, mailstore.Entry) bool) {
		for i := len(uids) - 1; i >= 0; i-- {
			last := v.Len()
			if uids[i].Stop != ^imap.UID(0) {
				last = v.Seek(uids[i].Stop+1) - 1
			}
			first := max(1, v.Seek(uids[i].Start))
			for seq := last; seq >= first; seq-- {
				if !yield(seq, v.At(seq)) {
					return
				}
			}
		}
	}
}

// allUIDs returns the set of all UIDs that there can be.
func allUIDs() imap.UIDSet { return imap.UIDSet{{Start: 1, Stop: ^imap.UID(0)}} }

// backward yields messages of the view from the last to the first.
func (v *view) backward(uids imap.UIDSet) iter.Seq2[imap.SeqNum, mailstore.Entry] {
	return backwardIn(v.told, uids)
}

// Messages returns how many messages the view has.
func (s *session) Messages() imap.SeqNum { return s.view.told.Len() }

// UIDAt returns the UID of one of them.
func (s *session) UIDAt(seq imap.SeqNum) imap.UID { return s.view.told.At(seq).UID }
