package imapsession

import (
	"context"
	"slices"

	"github.com/mailstead/mailstead/collation"
	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/columns"
)

// A columnKind says what a column has of each message.
type columnKind struct {
	name string
	// field is the header field whose texts it has; empty if it has others.
	field string
	// by is the collation that these are compared by.
	by collation.Collation
	// valuer makes what one worker takes other values from messages by.
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
		c.extend(ctx, some, c.neighbours(some))
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
// index. It counts no further than to those that are worth any column.
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
		if c.looked*columnShare >= int(c.view.told.Len()) {
			break
		}
	}
	return c.looked
}

// candidate returns a candidate for who looks at messages one after the other.
// It must be released.
func (c *compiler) candidate(ctx context.Context) *candidate {
	return &candidate{ctx: ctx, reader: c.view.at.account.Reader()}
}
