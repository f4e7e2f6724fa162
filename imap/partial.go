package imap

import "strconv"

// A PartialRange is a range of places in a list of results, counted from 1
// (RFC 9394 §4, partial-range). Its zero value is no range.
type PartialRange struct {
	// First and Last are the ends as they were written, in either order.
	First, Last uint32
	// FromEnd says that places are counted from the end of the list: -1 is
	// the last.
	FromEnd bool
}

// IsZero reports whether p is no range.
func (p PartialRange) IsZero() bool { return p.First == 0 }

// Bounds returns the smaller and the larger end.
func (p PartialRange) Bounds() (from, to uint32) {
	return min(p.First, p.Last), max(p.First, p.Last)
}

// Len returns how many places p has.
func (p PartialRange) Len() uint64 {
	if p.IsZero() {
		return 0
	}
	from, to := p.Bounds()
	return uint64(to-from) + 1
}

// Places returns which of n results p means, counted from the first, both ends
// included; from is larger than to if it means none.
func (p PartialRange) Places(n uint32) (from, to uint32) {
	from, to = p.Bounds()
	switch {
	case p.IsZero() || from > n:
		return 1, 0
	case !p.FromEnd:
		return from, min(to, n)
	}
	return n - min(to, n) + 1, n - from + 1
}

// String returns p in the form of the grammar, as it was written.
func (p PartialRange) String() string {
	sign := ""
	if p.FromEnd {
		sign = "-"
	}
	return sign + strconv.FormatUint(uint64(p.First), 10) + ":" + sign + strconv.FormatUint(uint64(p.Last), 10)
}

// Places returns the numbers of s at the places from to to, counted from 1,
// both included.
func (s Set[N]) Places(from, to uint32) Set[N] {
	var out Set[N]
	place := uint64(1) // of the range's first number
	for _, r := range s {
		n := uint64(r.Stop-r.Start) + 1
		lo, hi := max(uint64(from), place), min(uint64(to), place+n-1)
		if lo <= hi {
			out = append(out, Range[N]{r.Start + N(lo-place), r.Start + N(hi-place)})
		}
		place += n
	}
	return out
}
