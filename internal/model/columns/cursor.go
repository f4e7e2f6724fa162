package columns

import (
	"slices"
	"sort"

	"github.com/mailstead/mailstead/imap"
)

// A Cursor finds messages in a column, fastest in order of UID. It is for one
// goroutine.
type Cursor struct {
	column  *Column
	segment int
	at      int // the message found last in that segment
}

// Cursor returns a cursor that stands before the first message.
func (c *Column) Cursor() Cursor { return Cursor{column: c, at: -1} }

// Value returns the value of a message, and whether the column has it. Do not
// change it.
func (c *Cursor) Value(uid imap.UID) ([]byte, bool) {
	if !c.find(uid) {
		return nil, false
	}
	s := c.column.segments[c.segment]
	return s.value(s.values[c.at]), true
}

// find moves to a message, if it is there.
func (c *Cursor) find(uid imap.UID) bool {
	if len(c.column.segments) == 0 {
		return false
	}
	s := c.column.segments[c.segment]
	if next := c.at + 1; next < len(s.uids) && s.uids[next] == uid {
		c.at = next
		return true
	}
	if uid < s.uids[0] || uid > s.last() {
		if !c.findSegment(uid) {
			return false
		}
		s = c.column.segments[c.segment]
	}
	at, found := slices.BinarySearch(s.uids, uid)
	if found {
		c.at = at
	}
	return found
}

// findSegment moves to the segment that may have a message.
func (c *Cursor) findSegment(uid imap.UID) bool {
	all := c.column.segments
	i := sort.Search(len(all), func(i int) bool { return all[i].last() >= uid })
	if i == len(all) {
		return false
	}
	c.segment, c.at = i, -1
	return true
}
