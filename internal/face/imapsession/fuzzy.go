package imapsession

import (
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/message"
)

// What FUZZY means here (RFC 6203 §5): texts match by their words, see
// [message.FuzzyMatcher]; dates may be some days off and sizes a tenth, for a
// lower score. Flags, sets of numbers and ids match exactly, and so does all
// that NOT stands before. The score of a message is the mean of those of the
// fuzzy keys that it matched.

// scores are what the fuzzy keys of a search give one message.
type scores struct{ sum, n uint32 }

func (s *scores) add(score int) {
	s.sum += uint32(score)
	s.n++
}

// mean returns the score of the message: that of one that matches exactly if
// no fuzzy key had a say.
func (s scores) mean() uint8 {
	if s.n == 0 {
		return 100
	}
	return uint8(s.sum / s.n)
}

// fuzzy compiles the key of FUZZY.
func (c *compiler) fuzzy(k *imap.SearchCriteria) (matcher, error) {
	switch k.Op {
	case imap.SearchAnd, imap.SearchOr:
		list := make([]matcher, 0, len(k.Keys))
		for i := range k.Keys {
			m, err := c.fuzzy(&k.Keys[i])
			if err != nil {
				return m, err
			}
			list = append(list, m)
		}
		return decide(list, k.Op == imap.SearchOr), nil
	case imap.SearchFuzzy:
		return c.fuzzy(&k.Keys[0])
	case imap.SearchHeader, imap.SearchBody, imap.SearchText:
		if m := message.NewFuzzyMatcher(k.Text); m != nil {
			return fuzzyText(k, m), nil
		}
	case imap.SearchBefore, imap.SearchOn, imap.SearchSince:
		return fuzzyDate(k.Op-imap.SearchBefore, k.Date, mailstore.Entry.InternalDate), nil
	case imap.SearchSentBefore, imap.SearchSentOn, imap.SearchSentSince:
		return fuzzyDate(k.Op-imap.SearchSentBefore, k.Date, mailstore.Entry.SentDate), nil
	case imap.SearchSavedBefore, imap.SearchSavedOn, imap.SearchSavedSince:
		return fuzzyDate(k.Op-imap.SearchSavedBefore, k.Date, mailstore.Entry.SaveDate), nil
	case imap.SearchLarger, imap.SearchSmaller:
		return fuzzySize(k), nil
	}
	return c.compile(k)
}

// scored makes a matcher of what scores a message, zero if it does not match.
// It is never a test of columns: those are made before anybody keeps scores.
func scored(cost cost, score func(*candidate) (int, error)) matcher {
	return matcher{cost, absentIsFalse(func(m *candidate) (bool, error) {
		n, err := score(m)
		if n > 0 && err == nil {
			m.scores.add(n)
		}
		return n > 0, err
	})}
}

// fuzzyText matches header fields of one name, each by itself, or the texts of
// the message together.
func fuzzyText(k *imap.SearchCriteria, words *message.FuzzyMatcher) matcher {
	if k.Op == imap.SearchHeader {
		return fuzzyField(k.Field, words)
	}
	scope := message.SearchBody
	if k.Op == imap.SearchText {
		scope = message.SearchAll
	}
	return scored(ofBody, func(m *candidate) (int, error) {
		r, err := m.content()
		if err != nil {
			return 0, err
		}
		err = message.SearchText(words, m.structure, r, scope)
		score := words.Score()
		if score == 100 { // enough was read
			err = nil
		}
		return score, err
	})
}

func fuzzyField(field string, words *message.FuzzyMatcher) matcher {
	kept := mailstore.KeepsField(field)
	cost := ofHeader
	if kept {
		cost = ofRecord
	}
	return scored(cost, func(m *candidate) (int, error) {
		header, err := m.fields(kept)
		if err != nil {
			return 0, err
		}
		best := 0
		for f := range header.Fields() {
			if f.Is(field) {
				_, _ = words.Write([]byte(message.DecodeHeader(f.Text())))
				best = max(best, words.Score())
			}
		}
		return best, nil
	})
}

// A message that is a day off scores a quarter less, with each day.
const scoreOfDay = 25

// fuzzyDate compares a day: 0 is before, 1 on, 2 since.
func fuzzyDate(op imap.SearchOp, day imap.Date, of func(mailstore.Entry) time.Time) matcher {
	return scored(ofRecord, func(m *candidate) (int, error) {
		off := daysBetween(day, imap.DateOf(of(m.entry)))
		switch op {
		case 0:
			off = max(0, off+1)
		case 1:
			off = max(off, -off)
		default:
			off = max(0, -off)
		}
		return max(0, 100-scoreOfDay*min(off, 100)), nil
	})
}

// daysBetween returns how many days b is after a.
func daysBetween(a, b imap.Date) int {
	day := func(d imap.Date) time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }
	return int(day(b).Sub(day(a)) / (24 * time.Hour))
}

// fuzzySize lets a size be up to a tenth beyond its bound.
func fuzzySize(k *imap.SearchCriteria) matcher {
	return scored(ofRecord, func(m *candidate) (int, error) {
		beyond := m.entry.Size() - k.Size
		if k.Op == imap.SearchLarger {
			beyond = -beyond
		}
		switch {
		case beyond < 0:
			return 100, nil
		case beyond >= k.Size/10: // also where the bound is too large to be multiplied
			return 0, nil
		}
		return 100 - int((beyond+1)*1000/k.Size), nil
	})
}
