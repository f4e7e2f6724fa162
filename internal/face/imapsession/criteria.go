package imapsession

import (
	"errors"
	"slices"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/columns"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/message"
)

// A matcher is a compiled search key.
type matcher struct {
	cost cost
	test func(*candidate) (bool, error)
}

// A cost says what a test must read.
type cost int

const (
	ofColumns cost = iota
	ofRecord
	ofHeader
	ofBody
)

// A compiler turns the keys of a SEARCH into matchers for one view.
type compiler struct {
	session *session
	view    *view
	now     time.Time
	// selections answer keys on header fields, see useColumns.
	selections map[fieldText]*columns.Selection
}

func (c *compiler) compile(k *imap.SearchCriteria) (matcher, error) {
	switch k.Op {
	case imap.SearchAnd:
		return c.all(k.Keys)
	case imap.SearchOr:
		return c.any(k.Keys)
	case imap.SearchNot:
		return c.not(&k.Keys[0])
	case imap.SearchFuzzy:
		return c.fuzzy(&k.Keys[0])
	case imap.SearchSet:
		return c.set(k.Set)
	case imap.SearchHeader:
		return c.headerField(k), nil
	case imap.SearchThreadID:
		return c.thread(k.Text), nil
	case imap.SearchBody:
		return c.text(k.Text, message.SearchBody), nil
	case imap.SearchText:
		return c.text(k.Text, message.SearchAll), nil
	}
	return byEntry(c.entryTest(k)), nil
}

// byEntry makes a matcher of a test that reads nothing but the entry.
func byEntry(test func(mailstore.Entry) bool) matcher {
	return matcher{ofColumns, func(m *candidate) (bool, error) { return test(m.entry), nil }}
}

// entryTest compiles the keys that the mailbox's columns answer.
func (c *compiler) entryTest(k *imap.SearchCriteria) func(mailstore.Entry) bool {
	switch k.Op {
	case imap.SearchFlag:
		return c.flag(k.Flag)
	case imap.SearchBefore, imap.SearchOn, imap.SearchSince:
		return date(k.Op-imap.SearchBefore, k.Date, mailstore.Entry.InternalDate)
	case imap.SearchSentBefore, imap.SearchSentOn, imap.SearchSentSince:
		return date(k.Op-imap.SearchSentBefore, k.Date, mailstore.Entry.SentDate)
	case imap.SearchSavedBefore, imap.SearchSavedOn, imap.SearchSavedSince:
		return date(k.Op-imap.SearchSavedBefore, k.Date, mailstore.Entry.SaveDate)
	case imap.SearchLarger:
		return func(e mailstore.Entry) bool { return e.Size() > k.Size }
	case imap.SearchSmaller:
		return func(e mailstore.Entry) bool { return e.Size() < k.Size }
	case imap.SearchOlder:
		return func(e mailstore.Entry) bool { return c.now.Sub(e.InternalDate()) >= k.Age }
	case imap.SearchYounger:
		return func(e mailstore.Entry) bool { return c.now.Sub(e.InternalDate()) <= k.Age }
	case imap.SearchModSeq:
		return func(e mailstore.Entry) bool { return e.ModSeq >= k.ModSeq }
	case imap.SearchEmailID:
		return func(e mailstore.Entry) bool { return c.view.at.objectID("E", e.Record().String()) == k.Text }
	}
	return func(mailstore.Entry) bool { return false }
}

// thread tests the thread of a message (RFC 8474 §6), which its record tells.
func (c *compiler) thread(id string) matcher {
	return matcher{ofRecord, absentIsFalse(func(m *candidate) (bool, error) {
		stored, err := m.message()
		if err != nil {
			return false, err
		}
		thread, err := stored.Thread()
		return err == nil && c.view.at.objectID("T", thread.String()) == id, err
	})}
}

func (c *compiler) flag(f imap.Flag) func(mailstore.Entry) bool {
	if f.Equal(imap.FlagRecent) {
		return func(e mailstore.Entry) bool { return e.UID >= c.view.recent }
	}
	bit, ok := c.view.told.Mailbox().FlagBit(f)
	return func(e mailstore.Entry) bool { return ok && e.Flags.Has(bit) }
}

// date compares a day: 0 is before, 1 on, 2 since.
func date(op imap.SearchOp, day imap.Date, of func(mailstore.Entry) time.Time) func(mailstore.Entry) bool {
	return func(e mailstore.Entry) bool {
		order := imap.DateOf(of(e)).Compare(day)
		switch op {
		case 0:
			return order < 0
		case 1:
			return order == 0
		}
		return order >= 0
	}
}

func (c *compiler) list(keys []imap.SearchCriteria) ([]matcher, error) {
	list := make([]matcher, 0, len(keys))
	for i := range keys {
		m, err := c.compile(&keys[i])
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	slices.SortStableFunc(list, func(a, b matcher) int { return int(a.cost - b.cost) })
	return list, nil
}

// all is true if each key is; the cheap ones are asked first.
func (c *compiler) all(keys []imap.SearchCriteria) (matcher, error) {
	return c.combine(keys, false)
}

// any is true if one key is.
func (c *compiler) any(keys []imap.SearchCriteria) (matcher, error) {
	return c.combine(keys, true)
}

// combine asks the keys until one answers enough, which decides.
func (c *compiler) combine(keys []imap.SearchCriteria, enough bool) (matcher, error) {
	list, err := c.list(keys)
	return decide(list, enough), err
}

func decide(list []matcher, enough bool) matcher {
	m := matcher{test: func(m *candidate) (bool, error) {
		for _, key := range list {
			if ok, err := key.test(m); err != nil || ok == enough {
				return ok, err
			}
		}
		return !enough, nil
	}}
	for _, key := range list {
		m.cost = max(m.cost, key.cost)
	}
	return m
}

// stages compiles a search as two tests that must both be true: one that reads
// nothing but columns, and one for what is left. A matcher keeps state, so that
// each goroutine needs its own.
func (c *compiler) stages(k *imap.SearchCriteria) (onColumns, rest matcher, err error) {
	keys := []imap.SearchCriteria{*k}
	if k.Op == imap.SearchAnd {
		keys = k.Keys
	}
	list, err := c.list(keys)
	n := 0
	for n < len(list) && list[n].cost == ofColumns {
		n++
	}
	return decide(list[:n], false), decide(list[n:], false), err
}

func (c *compiler) not(k *imap.SearchCriteria) (matcher, error) {
	inner, err := c.compile(k)
	return matcher{inner.cost, func(m *candidate) (bool, error) {
		ok, err := inner.test(m)
		return !ok && err == nil, err
	}}, err
}

func (c *compiler) set(set imap.NumSet) (matcher, error) {
	if set.Kind == imap.NumUID {
		uids := set.UIDs(c.view.told.HighestUID())
		return byEntry(func(e mailstore.Entry) bool { return uids.Contains(e.UID) }), nil
	}
	seqs := set.SeqsWithin(c.view.told.Len())
	return matcher{ofColumns, func(m *candidate) (bool, error) { return seqs.Contains(m.seq), nil }}, nil
}

// headerField tests the fields of one name, which for most names stand in the
// message's record, if no column tells.
func (c *compiler) headerField(k *imap.SearchCriteria) matcher {
	if s, ok := c.selections[fieldTextOf(k)]; ok {
		return told(s, c.readField(k))
	}
	return c.readField(k)
}

func (c *compiler) readField(k *imap.SearchCriteria) matcher {
	kept := mailstore.KeepsField(k.Field)
	m := matcher{cost: ofHeader}
	if kept {
		m.cost = ofRecord
	}
	needle := message.NewMatcherBy(c.session.comparator.Collation, k.Text)
	m.test = absentIsFalse(func(m *candidate) (bool, error) {
		header, err := m.fields(kept)
		if err != nil {
			return false, err
		}
		for f := range header.Fields() {
			if f.Is(k.Field) && needle.MatchString(message.DecodeHeader(f.Text())) {
				return true, nil
			}
		}
		return false, nil
	})
	return m
}

func (c *compiler) text(needle string, scope message.SearchScope) matcher {
	m := message.NewMatcherBy(c.session.comparator.Collation, needle)
	return matcher{ofBody, absentIsFalse(func(c *candidate) (bool, error) { return c.text(m, scope) })}
}

// absentIsFalse lets a message that cannot be read match nothing.
func absentIsFalse(test func(*candidate) (bool, error)) func(*candidate) (bool, error) {
	return func(m *candidate) (bool, error) {
		ok, err := test(m)
		if unreadable(err) {
			return false, nil
		}
		return ok, err
	}
}

// unreadable tells whether an error says that a message is expunged and gone, or
// that its content is damaged. The others can be searched and sorted all the
// same; of damage the store's log tells.
func unreadable(err error) bool {
	return errors.Is(err, mailstore.ErrNoMessage) || errors.Is(err, storage.ErrDamaged)
}
