package imapsession

import (
	"context"
	"errors"
	"iter"

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

// column returns a column that has the messages of the view, but for those that
// were expunged before it was made. What it lacks is read now, if that is worth
// it.
func (c *columnist) column(ctx context.Context, kind columnKind) *columns.Column {
	told := c.view.told
	if told.Len() < columnMessages {
		return nil
	}
	key := columns.Key{Account: uint64(c.view.at.account.ID()), Mailbox: uint32(c.view.id), Values: kind.name}
	column := c.session.columns.Get(key)
	switch {
	case column.TooLarge() > int(told.Len())/2:
		return nil
	case column.Last() >= told.HighestUID():
		return column
	case !c.worth(ctx, column):
		return nil
	}
	column, err := c.session.columns.Extend(ctx, key, func(b *columns.Builder) error { return c.extend(ctx, kind, b) })
	if err != nil {
		if !errors.Is(err, columns.ErrNoRoom) {
			c.session.log.Debug("imap: column not made", "column", kind.name, "err", err)
		}
		return nil // if there is something wrong, reading the messages tells what
	}
	return column
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

// extend adds to a column what it lacks of the mailbox as it is now, which may
// be more than the view has. A column that has mostly messages that are no more
// is made anew.
func (c *columnist) extend(ctx context.Context, kind columnKind, b *columns.Builder) error {
	now, err := c.view.at.account.Open(ctx, c.view.id)
	if err != nil {
		return err
	}
	from := b.Column().Last() + 1
	if b.Column().Len() > 2*int(now.Len())+columnBacklog {
		b.Restart()
		from = 1
	}
	b.Expect(int(now.Len()))
	if err := c.fill(ctx, kind, b, now.UIDs(imap.UIDSet{{Start: from, Stop: ^imap.UID(0)}})); err != nil {
		return err
	}
	b.Reach(now.UIDNext() - 1)
	return nil
}

// fill adds the values of messages.
func (c *columnist) fill(ctx context.Context, kind columnKind, b *columns.Builder, messages iter.Seq2[imap.SeqNum, mailstore.Entry]) error {
	var failed error
	err := examineAll(ctx, messages, decide(nil, false), task[[]byte]{
		total:  uint32(c.view.told.Len()),
		reader: c.view.at.account.Reader,
		examiner: func() (examiner[[]byte], error) {
			value, values := kind.valuer(), new(keyArena)
			return func(m *candidate) ([]byte, bool, error) {
				v, err := value(values.begin(), m)
				return values.keep(v), err == nil, err
			}, nil
		},
		found: func(f finding[[]byte]) bool {
			failed = b.Add(f.entry.UID, f.facts)
			return failed != nil
		},
	})
	return errors.Join(err, failed)
}

// candidate returns a candidate for who looks at messages one after the other.
// It must be released.
func (c *compiler) candidate(ctx context.Context) *candidate {
	return &candidate{ctx: ctx, reader: c.view.at.account.Reader()}
}
