package columns

import (
	"bytes"
	"sort"

	"github.com/mailstead/mailstead/imap"
)

// A Selection says of the messages of a column whether their values are the
// wanted ones.
type Selection struct {
	column *Column
	wanted [][]bool // by segment and value
}

// Holding selects the messages whose values hold a text that is not empty. The
// end of one value and the start of the next make no text: whoever makes the
// values ends each with an octet that no text has.
func (c *Column) Holding(text []byte) *Selection {
	s := &Selection{column: c}
	for _, segment := range c.segments {
		s.wanted = append(s.wanted, segment.holding(text))
	}
	return s
}

// holding goes through all values at once.
func (s *segment) holding(text []byte) []bool {
	wanted := make([]bool, len(s.ends))
	for from := 0; from < len(s.arena); {
		at := bytes.Index(s.arena[from:], text)
		if at < 0 {
			break
		}
		hit := uint32(from + at)
		i := sort.Search(len(s.ends), func(i int) bool { return s.ends[i] > hit })
		wanted[i] = true
		from = int(s.ends[i])
	}
	return wanted
}

// NotEmpty selects the messages whose values are not empty.
func (c *Column) NotEmpty() *Selection {
	s := &Selection{column: c}
	for _, segment := range c.segments {
		wanted := make([]bool, len(segment.ends))
		for i := range wanted {
			wanted[i] = len(segment.value(uint16(i))) > 0
		}
		s.wanted = append(s.wanted, wanted)
	}
	return s
}

// A Teller tells of messages whether they are selected, fastest in order of
// UID. It is for one goroutine.
type Teller struct {
	cursor    Cursor
	selection *Selection
}

// Teller returns a Teller.
func (s *Selection) Teller() *Teller { return &Teller{s.column.Cursor(), s} }

// Has reports whether a message is selected, and whether that is known: whether
// the column has the message.
func (t *Teller) Has(uid imap.UID) (selected, known bool) {
	if !t.cursor.find(uid) {
		return false, false
	}
	segment := t.cursor.segment
	value := t.cursor.column.segments[segment].values[t.cursor.at]
	return t.selection.wanted[segment][value], true
}
