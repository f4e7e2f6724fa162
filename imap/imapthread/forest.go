package imapthread

// A forest is trees whose nodes know their parents, and whose roots are found
// in logarithmic time however deep the trees are: a link/cut tree (Sleator and
// Tarjan). It is how a link is seen to close a loop, in threads made by those
// who wish us ill.
//
// Each tree is cut into paths, and each path is a splay tree by depth: left is
// nearer to the root.
type forest struct {
	up          []int32 // in the splay tree, or from its root to another path
	left, right []int32
}

const none = -1

// add adds a node that is a tree by itself.
func (f *forest) add() {
	f.up = append(f.up, none)
	f.left = append(f.left, none)
	f.right = append(f.right, none)
}

// link makes a root the child of a node of another tree.
func (f *forest) link(child, parent int32) {
	f.expose(child)
	f.expose(parent)
	f.up[child] = parent
}

// cut parts a node from its parent.
func (f *forest) cut(node int32) {
	f.expose(node)
	above := f.left[node]
	f.left[node], f.up[above] = none, none
}

// root returns the root of a node's tree.
func (f *forest) root(node int32) int32 {
	f.expose(node)
	for f.left[node] != none {
		node = f.left[node]
	}
	f.splay(node)
	return node
}

// expose makes the path from the root to a node one splay tree, with the node
// on top and nothing below it.
func (f *forest) expose(node int32) {
	last := int32(none)
	for n := node; n != none; n = f.up[n] {
		f.splay(n)
		f.right[n] = last
		last = n
	}
	f.splay(node)
}

// isTop reports whether a node is the top of its splay tree.
func (f *forest) isTop(n int32) bool {
	p := f.up[n]
	return p == none || f.left[p] != n && f.right[p] != n
}

func (f *forest) splay(n int32) {
	for !f.isTop(n) {
		p := f.up[n]
		if !f.isTop(p) {
			g := f.up[p]
			if (f.left[g] == p) == (f.left[p] == n) {
				f.rotate(p)
			} else {
				f.rotate(n)
			}
		}
		f.rotate(n)
	}
}

// rotate lifts a node above its parent in the splay tree.
func (f *forest) rotate(n int32) {
	p := f.up[n]
	g := f.up[p]
	if !f.isTop(p) {
		if f.left[g] == p {
			f.left[g] = n
		} else {
			f.right[g] = n
		}
	}
	inner := &f.right[n]
	outer := &f.left[p]
	if f.right[p] == n {
		inner, outer = &f.left[n], &f.right[p]
	}
	*outer = *inner
	if *inner != none {
		f.up[*inner] = p
	}
	*inner = p
	f.up[p], f.up[n] = n, g
}
