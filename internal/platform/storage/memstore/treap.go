package memstore

import (
	"bytes"
	"hash/maphash"
)

// A node is the root of an immutable treap: ordered by key, and a heap by
// priority. The priority is a hash of the key, which keeps the tree balanced
// whatever the order of insertion is.
type node struct {
	key, value  []byte
	priority    uint64
	left, right *node
}

// seed makes the priorities of this process unforeseeable.
var seed = maphash.MakeSeed()

func newNode(key, value []byte) *node {
	return &node{
		key:      bytes.Clone(key),
		value:    append([]byte{}, value...),
		priority: maphash.Bytes(seed, key),
	}
}

func (n *node) get(key []byte) (*node, bool) {
	for n != nil {
		switch c := bytes.Compare(key, n.key); {
		case c < 0:
			n = n.left
		case c > 0:
			n = n.right
		default:
			return n, true
		}
	}
	return nil, false
}

func (n *node) with(left, right *node) *node {
	return &node{key: n.key, value: n.value, priority: n.priority, left: left, right: right}
}

// split returns the keys below key, and those from key on.
func (n *node) split(key []byte) (below, from *node) {
	if n == nil {
		return nil, nil
	}
	if bytes.Compare(n.key, key) < 0 {
		b, f := n.right.split(key)
		return n.with(n.left, b), f
	}
	b, f := n.left.split(key)
	return b, n.with(f, n.right)
}

// join is the union of two trees; all keys of l are below those of r.
func join(l, r *node) *node {
	switch {
	case l == nil:
		return r
	case r == nil:
		return l
	case l.priority > r.priority:
		return l.with(l.left, join(l.right, r))
	default:
		return r.with(join(l, r.left), r.right)
	}
}

func (n *node) set(key, value []byte) *node {
	below, from := n.split(key)
	_, above := from.split(successor(key))
	return join(join(below, newNode(key, value)), above)
}

func (n *node) deleteRange(start, end []byte) *node {
	if bytes.Compare(start, end) >= 0 {
		return n
	}
	below, from := n.split(start)
	_, above := from.split(end)
	return join(below, above)
}

// successor is the smallest key above key.
func successor(key []byte) []byte { return append(bytes.Clone(key), 0) }

// ascend calls fn for the keys k with start <= k < end, as long as fn returns
// nil. An empty end is no bound.
func (n *node) ascend(start, end []byte, fn func(*node) error) error {
	if n == nil {
		return nil
	}
	fromStart, belowEnd := n.within(start, end)
	if fromStart {
		if err := n.left.ascend(start, end, fn); err != nil {
			return err
		}
		if belowEnd {
			if err := fn(n); err != nil {
				return err
			}
		}
	}
	if belowEnd {
		return n.right.ascend(start, end, fn)
	}
	return nil
}

// descend is ascend from the last key to the first.
func (n *node) descend(start, end []byte, fn func(*node) error) error {
	if n == nil {
		return nil
	}
	fromStart, belowEnd := n.within(start, end)
	if belowEnd {
		if err := n.right.descend(start, end, fn); err != nil {
			return err
		}
		if fromStart {
			if err := fn(n); err != nil {
				return err
			}
		}
	}
	if fromStart {
		return n.left.descend(start, end, fn)
	}
	return nil
}

func (n *node) within(start, end []byte) (fromStart, belowEnd bool) {
	return bytes.Compare(n.key, start) >= 0, len(end) == 0 || bytes.Compare(n.key, end) < 0
}
