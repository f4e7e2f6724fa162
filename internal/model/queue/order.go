package queue

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A row is a waiting recipient, as its key says.
type row struct {
	id    ID
	index uint32
	level level
	due   time.Time
	first bool // of a new Work
}

// turn is when it is the row's turn, were all priorities one.
func (w row) turn() time.Time { return w.due.Add(-HeadStart * time.Duration(w.level.priority())) }

// key is where the row stands among those of a hop.
func (w row) key(h Hop) []byte {
	key := appendTime(append(waitingPrefix(h), byte(w.level)), w.due)
	key = binary.BigEndian.AppendUint64(key, uint64(w.id))
	return binary.BigEndian.AppendUint32(key, w.index)
}

// compareKeys orders rows of a hop as their keys do.
func compareKeys(a, b row) int {
	return cmp.Or(cmp.Compare(a.level, b.level), a.due.Compare(b.due), cmp.Compare(a.id, b.id), cmp.Compare(a.index, b.index))
}

// due reads the rows of a hop that are due, for at most so many Works, in the
// order in which they are to be served, and says what is left.
func (l *leaser) due(c *caller, works int) ([]row, remainder, error) {
	var rest remainder
	limit := max(0, softBatch-l.batch.Size()) / perRow
	prefix := waitingPrefix(c.hop)
	space := prefixed(prefix)
	if c.floor != nil {
		space.Start = c.floor
	}
	var all []row
	levels := 0
	for {
		found, last, err := l.dueAt(space, works, limit, &rest)
		if err != nil {
			return nil, rest, err
		}
		all = append(all, found...)
		levels++
		if last == nil {
			break
		}
		space.Start = append(prefix[:len(prefix):len(prefix)], byte(*last)+1)
	}
	if levels > 1 {
		slices.SortStableFunc(all, compareTurns)
	}
	return l.cut(all, works, limit, &rest), rest, nil
}

func compareTurns(a, b row) int {
	return cmp.Or(a.turn().Compare(b.turn()), cmp.Compare(a.id, b.id), cmp.Compare(a.index, b.index))
}

// dueAt reads due rows of one priority, the first in a range, no more than can
// be used. It returns the priority unless the range ended with it.
func (l *leaser) dueAt(space storage.Range, works, limit int, rest *remainder) (rows []row, last *level, err error) {
	inWork := 0
	err = l.reader.Scan(space, func(key, _ []byte) error {
		w := splitWaiting(key)
		if len(rows) > 0 && rows[0].level != w.level {
			last = &rows[0].level
			return storage.ErrStop
		}
		if len(rows) == 0 || rows[len(rows)-1].id != w.id || inWork >= l.options.MaxRecipients {
			works, inWork = works-1, 0
		}
		if w.due.After(l.now) || works < 0 || len(rows) >= limit {
			rest.add(w)
			last = &w.level
			return storage.ErrStop
		}
		inWork++
		rows = append(rows, w)
		return nil
	})
	return rows, last, err
}

// cut marks where Works begin, and leaves what is over the bounds.
func (l *leaser) cut(rows []row, works, limit int, rest *remainder) []row {
	inWork := 0
	for i := range rows {
		first := i == 0 || rows[i-1].id != rows[i].id || inWork >= l.options.MaxRecipients
		if first {
			works, inWork = works-1, 0
		}
		if works < 0 || i >= limit {
			rest.add(rows[i])
			for _, w := range rows[i:] {
				rest.keep(w) // they are due, as that one is
			}
			return rows[:i]
		}
		rows[i].first = first
		inWork++
	}
	return rows
}
