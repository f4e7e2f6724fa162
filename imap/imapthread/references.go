package imapthread

// A builder makes threads by REFERENCES (RFC 5256 §3), step by step. Nodes are
// the messages, by their index, and then dummies.
type builder struct {
	messages []Message
	sent     []int32 // the messages by sent date
	parent   []int32 // of each node, none for roots
	children []int32 // how many each node has, until pruned
	byID     map[uint64]int32
	forest   forest
	top      []int32 // see rootOf
}

func newBuilder(messages []Message) *builder {
	b := &builder{messages: messages, sent: bySent(messages), byID: make(map[uint64]int32, len(messages))}
	for range messages {
		b.add()
	}
	return b
}

// add adds a node without a parent.
func (b *builder) add() int32 {
	b.parent = append(b.parent, none)
	b.children = append(b.children, 0)
	b.forest.add()
	return int32(len(b.parent)) - 1
}

// isDummy reports whether a node is no message.
func (b *builder) isDummy(n int32) bool { return int(n) >= len(b.messages) }

// connect is step 1. A Message-ID names the first message that has it.
func (b *builder) connect() {
	for i := range b.messages {
		id := b.messages[i].ID
		if _, taken := b.byID[id]; id != 0 && !taken {
			b.byID[id] = int32(i)
		}
	}
	for i := range b.messages {
		b.connectOne(int32(i), b.messages[i].References)
	}
}

// connectOne links what a message refers to, and the message itself.
func (b *builder) connectOne(n int32, references []uint64) {
	last := int32(none)
	for _, id := range references { // step 1.A
		ref := b.named(id)
		if last != none && b.parent[ref] == none {
			b.link(ref, last)
		}
		last = ref
	}
	if b.parent[n] == last { // step 1.B
		return
	}
	b.unlink(n)
	if last != none {
		b.link(n, last)
	}
}

// named returns the node with a Message-ID, a dummy if no message has it.
func (b *builder) named(id uint64) int32 {
	n, ok := b.byID[id]
	if !ok {
		n = b.add()
		b.byID[id] = n
	}
	return n
}

// link makes a root the child of a node, unless that closes a loop. It cannot
// if the child has no children.
func (b *builder) link(child, parent int32) {
	if child == parent || b.children[child] > 0 && b.forest.root(parent) == child {
		return
	}
	b.forest.link(child, parent)
	b.parent[child] = parent
	b.children[parent]++
}

func (b *builder) unlink(child int32) {
	if p := b.parent[child]; p != none {
		b.forest.cut(child)
		b.children[p]--
		b.parent[child] = none
	}
}

// prune is steps 2 and 3: what remains of the dummies are roots with at least
// two children.
func (b *builder) prune() {
	above := make([]int32, len(b.parent))
	for n := range b.messages {
		above[n] = b.pruned(int32(n))
	}
	orphans := make(map[int32]int) // by dummy: its children
	for n := range b.messages {
		if p := above[n]; p != none && b.isDummy(p) {
			orphans[p]++
		}
	}
	for n := range b.messages {
		if p := above[n]; p != none && orphans[p] == 1 {
			above[n] = none
		}
	}
	for n := len(b.messages); n < len(above); n++ {
		above[n] = none
	}
	b.parent = above
}

// pruned returns the message that a node is below, or the dummy at the root if
// there is no message on the way. It shortens the way for those that come
// after.
func (b *builder) pruned(n int32) int32 {
	top := b.parent[n]
	for top != none && b.isDummy(top) && b.parent[top] != none {
		top = b.parent[top]
	}
	for p := b.parent[n]; p != none && p != top; {
		next := b.parent[p]
		b.parent[p] = top
		p = next
	}
	return top
}
