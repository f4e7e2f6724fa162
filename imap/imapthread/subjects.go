package imapthread

import (
	"cmp"
	"slices"
)

// roots returns the nodes without parents in the order of their sent dates, a
// dummy by its first child, and for each dummy that child.
func (b *builder) roots() (roots []int32, first map[int32]int32) {
	first = make(map[int32]int32)
	for _, n := range b.sent {
		switch p := b.parent[n]; {
		case p == none:
			roots = append(roots, n)
		case b.isDummy(p):
			if _, known := first[p]; !known {
				first[p] = n
				roots = append(roots, p) // in the place of the child
			}
		}
	}
	return roots, first
}

// mergeSubjects is steps 4 and 5: threads of one base subject become one.
func (b *builder) mergeSubjects() {
	m := merger{builder: b, table: make(map[uint64]int32), into: make(map[int32]int32)}
	var roots []int32
	roots, m.first = b.roots()
	for _, n := range roots {
		m.enter(n)
	}
	for _, n := range roots {
		m.merge(n)
	}
	for n := range b.messages {
		if to, ok := m.into[b.parent[n]]; ok {
			b.parent[n] = to
		}
	}
}

// A merger merges threads by their subjects.
type merger struct {
	*builder
	first map[int32]int32  // of a dummy: its first child
	table map[uint64]int32 // the subject table
	into  map[int32]int32  // dummies that were deleted: who has their children
}

// subject returns the thread subject of a root (step 5.B.i).
func (m *merger) subject(n int32) uint64 { return m.messages[m.speaker(n)].Subject }

// speaker returns the message that stands for a root.
func (m *merger) speaker(n int32) int32 {
	if m.isDummy(n) {
		return m.first[n]
	}
	return n
}

// isReply reports whether a node is a message that is a reply or forward.
func (m *merger) isReply(n int32) bool { return !m.isDummy(n) && m.messages[n].Reply }

// enter is step 5.B for one root.
func (m *merger) enter(n int32) {
	subject := m.subject(n)
	if subject == 0 {
		return
	}
	old, ok := m.table[subject]
	if !ok || !m.isDummy(old) && (m.isDummy(n) || m.isReply(old) && !m.isReply(n)) {
		m.table[subject] = n
	}
}

// merge is step 5.C for one root, if it still is one.
func (m *merger) merge(n int32) {
	subject := m.subject(n)
	if subject == 0 || m.parent[n] != none {
		return
	}
	switch with := m.table[subject]; {
	case with == n:
	case m.isDummy(with) && m.isDummy(n):
		m.into[n] = with
	case m.isDummy(with), m.isReply(n) && !m.isReply(with):
		m.parent[n] = with
	default:
		dummy := m.add()
		m.parent[n], m.parent[with] = dummy, dummy
		m.first[dummy] = n
		m.table[subject] = dummy
	}
}

// latest sorts roots by the newest internal date in their threads, which is
// what REFS does in place of step 4. Of equal dates the later message counts.
func (b *builder) latest(roots []int32) {
	newest := make([]int32, len(b.parent))
	for n := range newest {
		newest[n] = none
	}
	for n := range b.messages {
		root := b.rootOf(int32(n))
		if old := newest[root]; old == none || b.messages[old].Received <= b.messages[n].Received {
			newest[root] = int32(n)
		}
	}
	slices.SortFunc(roots, func(x, y int32) int {
		a, c := newest[x], newest[y]
		return cmp.Or(cmp.Compare(b.messages[a].Received, b.messages[c].Received), cmp.Compare(a, c))
	})
}
