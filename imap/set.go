package imap

import (
	"iter"
	"slices"
	"sort"
	"strconv"
)

// A Num is a number that names a message.
type Num interface{ UID | SeqNum }

// A Range is the numbers from Start to Stop, both included.
type Range[N Num] struct{ Start, Stop N }

// A Set is a set of message numbers: ranges that are sorted, do not overlap
// and do not touch. Its zero value is empty. It is a slice: assigning it
// shares it, Clone copies it.
type Set[N Num] []Range[N]

// A UIDSet is a set of UIDs.
type UIDSet = Set[UID]

// A SeqSet is a set of sequence numbers.
type SeqSet = Set[SeqNum]

// SetOf returns the set of nums.
func SetOf[N Num](nums ...N) Set[N] {
	var s Set[N]
	for _, n := range nums {
		s.Add(n)
	}
	return s
}

// Add puts n into s. Adding in rising order takes constant time.
func (s *Set[N]) Add(n N) { s.AddRange(n, n) }

// AddRange puts the numbers between a and b, in whatever order, into s. Zero
// is no number and is left out.
func (s *Set[N]) AddRange(a, b N) {
	if a > b {
		a, b = b, a
	}
	a = max(a, 1)
	if b == 0 {
		return
	}
	set := *s
	if n := len(set); n == 0 || a > set[n-1].Stop && a-set[n-1].Stop > 1 {
		*s = append(set, Range[N]{a, b})
		return
	}
	// set[i:j] are the ranges that overlap or touch a:b.
	i := sort.Search(len(set), func(i int) bool { return set[i].Stop >= a-1 })
	j := i + sort.Search(len(set)-i, func(k int) bool { return set[i+k].Start > b && set[i+k].Start-b > 1 })
	if i == j {
		*s = slices.Insert(set, i, Range[N]{a, b})
		return
	}
	set[i] = Range[N]{min(a, set[i].Start), max(b, set[j-1].Stop)}
	*s = slices.Delete(set, i+1, j)
}

// AddSet puts all of t into s.
func (s *Set[N]) AddSet(t Set[N]) {
	for _, r := range t {
		s.AddRange(r.Start, r.Stop)
	}
}

// Contains reports whether n is in s.
func (s Set[N]) Contains(n N) bool {
	i := sort.Search(len(s), func(i int) bool { return s[i].Stop >= n })
	return i < len(s) && s[i].Start <= n
}

// Count returns how many numbers are in s.
func (s Set[N]) Count() int {
	n := 0
	for _, r := range s {
		n += int(r.Stop-r.Start) + 1
	}
	return n
}

// Min returns the smallest number of s, or zero if it is empty.
func (s Set[N]) Min() N {
	if len(s) == 0 {
		return 0
	}
	return s[0].Start
}

// Max returns the largest number of s, or zero if it is empty.
func (s Set[N]) Max() N {
	if len(s) == 0 {
		return 0
	}
	return s[len(s)-1].Stop
}

// All yields the numbers of s in rising order.
func (s Set[N]) All() iter.Seq[N] {
	return func(yield func(N) bool) {
		for _, r := range s {
			for n := r.Start; ; n++ {
				if !yield(n) {
					return
				}
				if n == r.Stop {
					break
				}
			}
		}
	}
}

// Intersect returns the numbers that are in both s and t.
func (s Set[N]) Intersect(t Set[N]) Set[N] {
	var out Set[N]
	for i, j := 0, 0; i < len(s) && j < len(t); {
		lo, hi := max(s[i].Start, t[j].Start), min(s[i].Stop, t[j].Stop)
		if lo <= hi {
			out = append(out, Range[N]{lo, hi})
		}
		if s[i].Stop < t[j].Stop {
			i++
		} else {
			j++
		}
	}
	return out
}

// Minus returns the numbers of s that are not in t.
func (s Set[N]) Minus(t Set[N]) Set[N] {
	var out Set[N]
	for _, r := range s {
		for len(t) > 0 && t[0].Stop < r.Start {
			t = t[1:]
		}
		start, rest := r.Start, true
		for _, cut := range t {
			if cut.Start > r.Stop {
				break
			}
			if cut.Start > start {
				out = append(out, Range[N]{start, cut.Start - 1})
			}
			if rest = cut.Stop < r.Stop; !rest {
				break
			}
			start = cut.Stop + 1
		}
		if rest {
			out = append(out, Range[N]{start, r.Stop})
		}
	}
	return out
}

// Clone returns a copy of s.
func (s Set[N]) Clone() Set[N] { return slices.Clone(s) }

// AppendTo appends s to b in the form of the grammar's sequence-set. An empty
// set has no such form and appends nothing.
func (s Set[N]) AppendTo(b []byte) []byte {
	for i, r := range s {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(r.Start), 10)
		if r.Stop != r.Start {
			b = append(b, ':')
			b = strconv.AppendUint(b, uint64(r.Stop), 10)
		}
	}
	return b
}

// String returns s in the form of the grammar's sequence-set.
func (s Set[N]) String() string { return string(s.AppendTo(nil)) }
