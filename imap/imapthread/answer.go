package imapthread

import "github.com/mailstead/mailstead/imap"

// MaxNesting is how deep the branches of a thread nest in an answer.
const MaxNesting = 100

// answer is step 6: it walks through the threads, siblings by sent date.
func (b *builder) answer(latest bool) []imap.ThreadNode {
	roots, _ := b.roots()
	if latest {
		b.latest(roots)
	}
	w := walk{builder: b}
	w.gather()
	w.nodes = make([]imap.ThreadNode, 0, len(b.messages)+len(roots)/8)
	for _, root := range roots {
		w.thread(root)
	}
	return w.nodes
}

// A walk goes through threads without recursion.
type walk struct {
	*builder
	start []int32 // of a node's children in list
	list  []int32
	stack []step
	nodes []imap.ThreadNode
}

// A step is a node that is still to be visited.
type step struct {
	node    int32
	depth   uint32
	nesting uint16
	flat    bool // the subtree stands at this depth
}

// gather lists the children of each node, by sent date.
func (w *walk) gather() {
	w.start = make([]int32, len(w.parent)+1)
	for _, p := range w.parent {
		if p != none {
			w.start[p+1]++
		}
	}
	for n := range w.parent {
		w.start[n+1] += w.start[n]
	}
	w.list = make([]int32, w.start[len(w.parent)])
	next := append([]int32(nil), w.start...)
	for _, n := range w.sent {
		if p := w.parent[n]; p != none {
			w.list[next[p]] = n
			next[p]++
		}
	}
}

func (w *walk) thread(root int32) {
	w.stack = append(w.stack[:0], step{node: root, nesting: 1})
	for len(w.stack) > 0 {
		s := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		w.visit(s)
	}
}

// visit adds a node to the answer, and puts its children on the stack.
func (w *walk) visit(s step) {
	node := imap.ThreadNode{Num: uint32(s.node) + 1, Depth: s.depth}
	if w.isDummy(s.node) {
		node.Num = 0
	}
	w.nodes = append(w.nodes, node)
	children := w.list[w.start[s.node]:w.start[s.node+1]]
	if !s.flat {
		s.depth++
		if len(children) > 1 {
			s.nesting++
			s.flat = s.nesting >= MaxNesting
		}
	}
	for i := len(children) - 1; i >= 0; i-- {
		s.node = children[i]
		w.stack = append(w.stack, s)
	}
}

// rootOf returns the root of a node's thread, and shortens the way to it for
// the next call.
func (b *builder) rootOf(n int32) int32 {
	if b.top == nil {
		b.top = append([]int32(nil), b.parent...)
	}
	root := n
	for b.top[root] != none {
		root = b.top[root]
	}
	for n != root {
		n, b.top[n] = b.top[n], root
	}
	return root
}
