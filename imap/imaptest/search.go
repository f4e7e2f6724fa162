package imaptest

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapserver"
	"github.com/mailstead/mailstead/message"
)

func (s *session) Search(_ context.Context, c *imap.SearchCriteria, _ imapserver.SearchOptions) (*imapserver.SearchData, error) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	out := new(imapserver.SearchData)
	for i, m := range s.view {
		ok, err := s.meets(c, i, m.mail)
		if err != nil {
			return nil, err
		}
		if ok && !m.expunged {
			out.Seqs.Add(imap.SeqNum(i + 1))
			out.UIDs.Add(m.uid)
			out.ModSeq = max(out.ModSeq, m.modSeq)
		}
	}
	return out, nil
}

// meets reports whether the message at place i of the view meets c.
func (s *session) meets(c *imap.SearchCriteria, i int, m *mail) (bool, error) {
	switch c.Op {
	case imap.SearchAnd, imap.SearchOr:
		for k := range c.Keys {
			ok, err := s.meets(&c.Keys[k], i, m)
			if err != nil || ok != (c.Op == imap.SearchAnd) {
				return ok, err
			}
		}
		return c.Op == imap.SearchAnd, nil
	case imap.SearchNot:
		ok, err := s.meets(&c.Keys[0], i, m)
		return !ok, err
	case imap.SearchSet:
		hits, err := s.resolve(c.Set)
		return slices.Contains(hits, i), err
	case imap.SearchHeader, imap.SearchBody, imap.SearchText:
		return hasText(c, m), nil
	}
	return s.meetsColumn(c, m), nil
}

// meetsColumn tests what needs no reading.
func (s *session) meetsColumn(c *imap.SearchCriteria, m *mail) bool {
	age := s.store.Now.Sub(m.date)
	switch c.Op {
	case imap.SearchFlag:
		return m.has(c.Flag)
	case imap.SearchLarger:
		return int64(len(m.data)) > c.Size
	case imap.SearchSmaller:
		return int64(len(m.data)) < c.Size
	case imap.SearchOlder:
		return age >= c.Age
	case imap.SearchYounger:
		return age <= c.Age
	case imap.SearchModSeq:
		return m.modSeq >= c.ModSeq
	case imap.SearchEmailID:
		return m.emailID() == c.Text
	case imap.SearchBefore, imap.SearchOn, imap.SearchSince:
		return compareDate(c.Op-imap.SearchBefore, m.date, c.Date)
	case imap.SearchSavedBefore, imap.SearchSavedOn, imap.SearchSavedSince:
		return compareDate(c.Op-imap.SearchSavedBefore, m.saved, c.Date)
	case imap.SearchSentBefore, imap.SearchSentOn, imap.SearchSentSince:
		sent, err := message.ParseDate(m.structure.Envelope.Date)
		return err == nil && compareDate(c.Op-imap.SearchSentBefore, sent, c.Date)
	}
	return false
}

// compareDate compares a day: 0 is before, 1 on, 2 since.
func compareDate(how imap.SearchOp, t time.Time, d imap.Date) bool {
	order := imap.DateOf(t).Compare(d)
	return how == 0 && order < 0 || how == 1 && order == 0 || how == 2 && order >= 0
}

// hasText looks into header fields or the text of a message.
func hasText(c *imap.SearchCriteria, m *mail) bool {
	if c.Op == imap.SearchHeader {
		for f := range message.Header(m.data).Fields() {
			if f.Is(c.Field) && message.ContainsFold(message.DecodeHeader(f.Text()), c.Text) {
				return true
			}
		}
		return false
	}
	scope := message.SearchBody
	if c.Op == imap.SearchText {
		scope = message.SearchAll
	}
	matcher := message.NewMatcher(c.Text)
	// The only error is that of a matcher that has found what it wants.
	_ = message.SearchText(matcher, m.structure, bytes.NewReader(m.data), scope)
	return matcher.Matched()
}
