package columns

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/mailstead/mailstead/imap"
)

// Ranks say in what order the different values of a column are: equal values
// have the same rank.
type Ranks struct {
	column *Column
	of     [][]uint32 // by segment and value
	max    uint32
}

// Ranks returns the ranks of the column, which are made when they are first
// asked for.
func (c *Column) Ranks() *Ranks {
	c.ranking.Do(c.rank)
	return &c.ranks
}

// A ranked is a value to be put in order.
type ranked struct {
	start   uint64 // of the value, as a number, which mostly decides
	segment uint32
	value   uint16
}

func (c *Column) rank() {
	var all []ranked
	of := make([][]uint32, len(c.segments))
	for i, s := range c.segments {
		of[i] = make([]uint32, len(s.ends))
		for v := range s.ends {
			var start [8]byte
			copy(start[:], s.value(uint16(v)))
			all = append(all, ranked{binary.BigEndian.Uint64(start[:]), uint32(i), uint16(v)})
		}
	}
	slices.SortFunc(all, c.compare)
	rank := uint32(0)
	for i, r := range all {
		if i > 0 && c.compare(all[i-1], r) != 0 {
			rank++
		}
		of[r.segment][r.value] = rank
	}
	c.ranks = Ranks{c, of, rank}
}

func (c *Column) compare(a, b ranked) int {
	if a.start != b.start {
		return cmp.Compare(a.start, b.start)
	}
	return bytes.Compare(c.segments[a.segment].value(a.value), c.segments[b.segment].value(b.value))
}

// Max returns the highest rank.
func (r *Ranks) Max() uint32 { return r.max }

// A Ranker tells the ranks of messages, fastest in order of UID. It is for one
// goroutine.
type Ranker struct {
	cursor Cursor
	ranks  *Ranks
}

// Ranker returns a Ranker.
func (r *Ranks) Ranker() *Ranker { return &Ranker{r.column.Cursor(), r} }

// Rank returns the rank of a message, and whether the column has it.
func (r *Ranker) Rank(uid imap.UID) (uint32, bool) {
	if !r.cursor.find(uid) {
		return 0, false
	}
	segment := r.cursor.segment
	value := r.cursor.column.segments[segment].values[r.cursor.at]
	return r.ranks.of[segment][value], true
}
