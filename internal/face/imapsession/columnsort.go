package imapsession

import (
	"context"
	"fmt"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/columns"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// sortColumn is a text that SORT compares, as octets in the order of the
// active comparator.
func (c *compiler) sortColumn(key imap.SortKey) columnKind {
	name := fmt.Sprintf("%v by key %d", c.session.comparator, key)
	return columnKind{name: name, valuer: func() valuer {
		s := c.session.newSorter(nil)
		return func(dst []byte, m *candidate) ([]byte, error) {
			envelope, err := m.envelope()
			if err != nil {
				return dst, err
			}
			return s.appendKey(dst, key, m.entry, envelope), nil
		}
	}}
}

// sortColumns are those of the criteria that compare texts.
func (c *compiler) sortColumns(by []imap.SortCriterion) (kinds []columnKind) {
	for _, b := range by {
		if readsRecords([]imap.SortCriterion{b}) {
			kinds = append(kinds, c.sortColumn(b.Key))
		}
	}
	return kinds
}

// A numbering gives messages numbers in whose order they are; false for a
// message that it does not know.
type numbering func(mailstore.Entry) (uint64, bool)

// numberings returns those of the criteria, and whether there are all of them:
// whether no record must be read. They are for messages in order of UID.
func (c *columnist) numberings(ctx context.Context, by []imap.SortCriterion) ([]numbering, bool) {
	columns := c.columns(ctx, c.sortColumns(by))
	list := make([]numbering, len(by))
	for i, b := range by {
		switch b.Key {
		case imap.SortArrival:
			list[i] = numbers(mailstore.Entry.InternalSeconds)
		case imap.SortDate:
			list[i] = numbers(mailstore.Entry.SentSeconds)
		case imap.SortSize:
			list[i] = numbers(mailstore.Entry.Size)
		case imap.SortRelevancy:
			return nil, false
		default:
			if columns[0] == nil {
				return nil, false
			}
			list[i], columns = ranking(columns[0]), columns[1:]
		}
	}
	return list, true
}

// ranking is the numbering by the values of a column.
func ranking(column *columns.Column) numbering {
	ranker := column.Ranks().Ranker()
	return func(e mailstore.Entry) (uint64, bool) {
		rank, known := ranker.Rank(e.UID)
		return uint64(rank), known
	}
}

// numbers is the numbering by a number of the mailbox's index.
func numbers(of func(mailstore.Entry) int64) numbering {
	return func(e mailstore.Entry) (uint64, bool) { return uint64(of(e)) ^ 1<<63, true }
}

// sortByColumns sorts where columns tell all, and reports whether they do. Then
// texts are no more than their ranks, and nothing is compared but numbers.
func (c *compiler) sortByColumns(ctx context.Context, from *columnist, by []imap.SortCriterion) ([]sortedMessage, bool) {
	onColumns, rest, err := c.stages(from.search)
	if err != nil || rest.cost != ofColumns {
		return nil, false
	}
	numberings, ok := from.numberings(ctx, by)
	if !ok {
		return nil, false
	}
	found, numbers, ok := c.numbered(ctx, onColumns, numberings)
	if !ok {
		return nil, false
	}
	order := firstOrder(len(found))
	for i := len(by) - 1; i >= 0; i-- { // the first criterion decides: it comes last
		if by[i].Reverse {
			reverse(numbers[i])
		}
		order = sortStable(order, numbers[i])
	}
	sorted := make([]sortedMessage, len(found))
	for i, at := range order {
		sorted[i] = found[at]
	}
	return sorted, true
}

// numbered returns the messages that a search finds, in the order of the
// mailbox, with a number for each by each numbering. It reports false if one
// could not be had.
func (c *compiler) numbered(ctx context.Context, match matcher, by []numbering) (found []sortedMessage, numbers [][]uint64, ok bool) {
	numbers = make([][]uint64, len(by))
	m := c.candidate(ctx)
	defer m.release()
	for seq, e := range c.view.told.All() {
		m.reset(seq, e)
		hit, err := match.test(m)
		m.close()
		if err != nil {
			return nil, nil, false
		}
		if !hit {
			continue
		}
		found = append(found, sortedMessage{uid: e.UID, seq: seq, modSeq: e.ModSeq, score: m.scores.mean()})
		for i, numbering := range by {
			n, known := numbering(e)
			if !known {
				return nil, nil, false
			}
			numbers[i] = append(numbers[i], n)
		}
	}
	return found, numbers, true
}
