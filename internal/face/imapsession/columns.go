package imapsession

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/columns"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// A columnKind says what a column has of each message.
type columnKind struct {
	name string
	// valuer makes what one worker takes values from messages by.
	valuer func() valuer
}

// A valuer appends a message's value, nothing for one that is expunged and gone.
type valuer func(dst []byte, m *candidate) ([]byte, error)

// What is worth a column. A mailbox with fewer messages is read as fast. A search
// that looks at few of the messages that a column lacks reads just those,
// unless so few are missing that the next search should not have to.
const (
	columnMessages = 64
	columnShare    = 8 // one in so many
	columnBacklog  = 64
	newColumns     = 4 // for one search
	atOnce         = 4 // columns that are made in one pass
)

// A columnist gets columns of a view's mailbox for one search. Where it returns
// none, the messages must be read.
type columnist struct {
	*compiler
	search  *imap.SearchCriteria
	limited bool // the search may end early
	made    int  // columns
	looked  int  // messages that the search looks at; -1 if not counted yet
}

func (c *compiler) columnist(search *imap.SearchCriteria, limited bool) *columnist {
	return &columnist{compiler: c, search: search, limited: limited, looked: -1}
}

// columns returns columns that have the messages of the view, but for those that
// were expunged before they were made; nil for a column that there is none of.
// What they lack is read now, of all of them at once, if that is worth it.
func (c *columnist) columns(ctx context.Context, kinds []columnKind) []*columns.Column {
	list := make([]*columns.Column, len(kinds))
	var short []columnKind
	for i, kind := range kinds {
		switch column := c.session.columns.Get(c.key(kind)); {
		case !c.fits(column):
		case column.Last() >= c.view.told.HighestUID():
			list[i] = column
		case slices.ContainsFunc(short, func(k columnKind) bool { return k.name == kind.name }):
		case c.worth(ctx, column):
			short = append(short, kind)
		}
	}
	if len(short) == 0 {
		return list
	}
	for some := range slices.Chunk(short, atOnce) {
		c.extend(ctx, some)
	}
	for i, kind := range kinds {
		if column := c.session.columns.Get(c.key(kind)); c.fits(column) && column.Last() >= c.view.told.HighestUID() {
			list[i] = column
		}
	}
	return list
}

func (c *columnist) key(kind columnKind) columns.Key {
	return columns.Key{Account: uint64(c.view.at.account.ID()), Mailbox: uint32(c.view.id), Values: kind.name}
}

// fits tells whether the mailbox is of a size for columns.
func (c *columnist) fits(column *columns.Column) bool {
	n := int(c.view.told.Len())
	return n >= columnMessages && column.TooLarge() <= n/2
}

// worth tells whether the messages that a column lacks should be read into it.
func (c *columnist) worth(ctx context.Context, column *columns.Column) bool {
	missing := int(c.view.told.Len() - c.view.told.Seek(column.Last()+1) + 1)
	if missing <= columnBacklog {
		return true
	}
	if c.limited || c.made == newColumns {
		return false
	}
	c.made++
	return c.looksAt(ctx)*columnShare >= missing
}

// looksAt returns how many messages the search cannot decide by the mailbox's
// index.
func (c *columnist) looksAt(ctx context.Context) int {
	if c.looked >= 0 {
		return c.looked
	}
	c.looked = 0
	onColumns, _, err := c.stages(c.search)
	if err != nil {
		return 0
	}
	m := c.candidate(ctx)
	defer m.release()
	for seq, e := range c.view.told.All() {
		m.reset(seq, e)
		if ok, err := onColumns.test(m); err == nil && ok {
			c.looked++
		}
	}
	return c.looked
}

// extend makes columns longer. If that is not possible the messages have to be
// read, which then tells what is wrong.
func (c *columnist) extend(ctx context.Context, kinds []columnKind) {
	// In one order, so that no two sessions wait for each other.
	slices.SortFunc(kinds, func(a, b columnKind) int { return cmp.Compare(a.name, b.name) })
	err := c.extendWith(ctx, kinds, nil)
	if err != nil && !errors.Is(err, columns.ErrNoRoom) {
		c.session.log.Debug("imap: columns not made", "err", err)
	}
}

// extendWith gets the builders of all columns, and then fills these.
func (c *columnist) extendWith(ctx context.Context, kinds []columnKind, builders []*columns.Builder) error {
	if len(builders) == len(kinds) {
		return c.fill(ctx, kinds, builders)
	}
	_, err := c.session.columns.Extend(ctx, c.key(kinds[len(builders)]), func(b *columns.Builder) error {
		return c.extendWith(ctx, kinds, append(builders, b))
	})
	return err
}

// fill adds to columns what they lack of the mailbox as it is now, which may be
// more than the view has. A column that has mostly messages that are no more is
// made anew.
func (c *columnist) fill(ctx context.Context, kinds []columnKind, builders []*columns.Builder) error {
	now, err := c.view.at.account.Open(ctx, c.view.id)
	if err != nil {
		return err
	}
	from := ^imap.UID(0)
	for _, b := range builders {
		if b.Column().Len() > 2*int(now.Len())+columnBacklog {
			b.Restart()
		}
		b.Expect(int(now.Len()))
		from = min(from, b.Last()+1)
	}
	messages := now.UIDs(imap.UIDSet{{Start: from, Stop: ^imap.UID(0)}})
	if err := c.addAll(ctx, kinds, builders, messages); err != nil {
		return err
	}
	for _, b := range builders {
		b.Reach(now.UIDNext() - 1)
	}
	return nil
}

// addAll adds the values of messages to columns, where they lack them.
func (c *columnist) addAll(ctx context.Context, kinds []columnKind, builders []*columns.Builder, messages iter.Seq2[imap.SeqNum, mailstore.Entry]) error {
	var failed error
	err := examineAll(ctx, messages, decide(nil, false), task[columnValues]{
		total:    uint32(c.view.told.Len()),
		reader:   c.view.at.account.Reader,
		examiner: func() (examiner[columnValues], error) { return valueExaminer(kinds), nil },
		found: func(f finding[columnValues]) bool {
			for i, b := range builders {
				if failed == nil && f.entry.UID > b.Last() {
					failed = b.Add(f.entry.UID, f.facts[i])
				}
			}
			return failed != nil
		},
	})
	return errors.Join(err, failed)
}

// columnValues are a message's values for as many columns as are made at once.
type columnValues [atOnce][]byte

func valueExaminer(kinds []columnKind) examiner[columnValues] {
	values, arena := make([]valuer, len(kinds)), new(keyArena)
	for i, kind := range kinds {
		values[i] = kind.valuer()
	}
	return func(m *candidate) (v columnValues, hit bool, err error) {
		for i, value := range values {
			one, err := value(arena.begin(), m)
			if err != nil {
				return v, false, err
			}
			v[i] = arena.keep(one)
		}
		return v, true, nil
	}
}

// candidate returns a candidate for who looks at messages one after the other.
// It must be released.
func (c *compiler) candidate(ctx context.Context) *candidate {
	return &candidate{ctx: ctx, reader: c.view.at.account.Reader()}
}
