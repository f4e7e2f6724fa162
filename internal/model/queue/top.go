package queue

import (
	"cmp"
	"slices"
)

// A topList keeps the largest groups of a sorted stream of names.
type topList struct {
	size   int
	groups []group // at most size, and the current one at the end
	name   string
	n      int
}

type group struct {
	name string
	n    int
}

func (t *topList) count(name []byte) {
	if t.n > 0 && t.name == string(name) {
		t.n++
		return
	}
	t.close()
	t.name, t.n = string(name), 1
}

// close puts the current group in its place.
func (t *topList) close() {
	if t.n == 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(t.groups, t.n, func(g group, n int) int { return cmp.Compare(n, g.n) })
	if at < t.size {
		t.groups = slices.Insert(t.groups, at, group{t.name, t.n})
		t.groups = t.groups[:min(len(t.groups), t.size)]
	}
	t.n = 0
}

func (t *topList) list() []HopCount {
	t.close()
	var counts []HopCount
	for _, g := range t.groups {
		counts = append(counts, HopCount{Hop(g.name), g.n})
	}
	return counts
}
