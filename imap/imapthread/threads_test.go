package imapthread_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapthread"
)

// A node is one of a plain tree of threads.
type node struct {
	m        *imapthread.Message // nil for a dummy
	seq      int
	parent   *node
	children []*node
}

func (n *node) adopt(child *node) {
	child.parent = n
	n.children = append(n.children, child)
}

func (n *node) leave() {
	if p := n.parent; p != nil {
		p.children = slices.DeleteFunc(p.children, func(c *node) bool { return c == n })
		n.parent = nil
	}
}

func (n *node) isBelow(other *node) bool {
	for ; n != nil; n = n.parent {
		if n == other {
			return true
		}
	}
	return false
}

// slow does THREAD=REFERENCES and THREAD=REFS as RFC 5256 §3 tells it, step by
// step.
type slow struct {
	messages []imapthread.Message
	ids      map[uint64]*node
	all      []*node
	root     *node
}

func (s *slow) named(id uint64) *node {
	if s.ids[id] == nil {
		s.ids[id] = &node{}
		s.all = append(s.all, s.ids[id])
	}
	return s.ids[id]
}

func (s *slow) link() {
	s.ids = make(map[uint64]*node)
	nodes := make([]*node, len(s.messages))
	for i := range s.messages {
		nodes[i] = &node{m: &s.messages[i], seq: i + 1}
		if id := s.messages[i].ID; id != 0 && s.ids[id] == nil {
			s.ids[id] = nodes[i]
		}
	}
	s.all = slices.Clone(nodes)
	for i, m := range s.messages {
		var last *node
		for _, id := range m.References {
			ref := s.named(id)
			if last != nil && ref.parent == nil && !last.isBelow(ref) {
				last.adopt(ref)
			}
			last = ref
		}
		if n := nodes[i]; n.parent != last || last == nil {
			n.leave()
			if last != nil && !last.isBelow(n) {
				last.adopt(n)
			}
		}
	}
	s.root = &node{}
	for _, n := range s.all {
		if n.parent == nil {
			s.root.adopt(n)
		}
	}
}

func (s *slow) prune(n *node) {
	for again := true; again; {
		again = false
		for i, c := range n.children {
			if c.m != nil || n == s.root && len(c.children) > 1 {
				continue
			}
			n.children = slices.Replace(n.children, i, i+1, c.children...)
			for _, moved := range c.children {
				moved.parent = n
			}
			again = true
			break
		}
	}
	for _, c := range n.children {
		s.prune(c)
	}
	if n == s.root { // what was pruned below may leave one child
		for _, c := range n.children {
			if c.m == nil && len(c.children) < 2 {
				s.prune(n)
				return
			}
		}
	}
}

// head is the message that a node is sorted by.
func head(n *node) *node {
	for n.m == nil {
		n = n.children[0]
	}
	return n
}

func sortBySent(list []*node) {
	slices.SortFunc(list, func(a, b *node) int {
		a, b = head(a), head(b)
		if a.m.Sent != b.m.Sent {
			return int(a.m.Sent - b.m.Sent)
		}
		return a.seq - b.seq
	})
}

func (s *slow) sortAll(n *node) {
	for _, c := range n.children {
		s.sortAll(c)
	}
	sortBySent(n.children)
}

func (s *slow) subjects() {
	for _, c := range s.root.children {
		sortBySent(c.children)
	}
	sortBySent(s.root.children)
	table := make(map[uint64]*node)
	reply := func(n *node) bool { return n.m != nil && n.m.Reply }
	for _, n := range s.root.children {
		subject := head(n).m.Subject
		if subject == 0 {
			continue
		}
		if old := table[subject]; old == nil || old.m != nil && (n.m == nil || reply(old) && !reply(n)) {
			table[subject] = n
		}
	}
	for _, n := range slices.Clone(s.root.children) {
		if n.parent != s.root {
			continue
		}
		subject := head(n).m.Subject
		old := table[subject]
		switch {
		case subject == 0 || old == n:
		case old.m == nil && n.m == nil:
			for _, c := range slices.Clone(n.children) {
				c.leave()
				old.adopt(c)
			}
			n.leave()
		case old.m == nil, reply(n) && !reply(old):
			n.leave()
			old.adopt(n)
		default:
			dummy := &node{}
			n.leave()
			old.leave()
			dummy.adopt(n)
			dummy.adopt(old)
			s.root.adopt(dummy)
			table[subject] = dummy
		}
	}
}

// newest returns the largest internal date, and the last message with it.
func newest(n *node) (received int64, seq int) {
	if n.m != nil {
		received, seq = n.m.Received, n.seq
	}
	for _, c := range n.children {
		if r, s := newest(c); seq == 0 || r > received || r == received && s > seq {
			received, seq = r, s
		}
	}
	return received, seq
}

func (s *slow) String() string {
	var b strings.Builder
	var write func(n *node, depth int)
	write = func(n *node, depth int) {
		fmt.Fprintf(&b, "%d@%d ", n.seq, depth)
		for _, c := range n.children {
			write(c, depth+1)
		}
	}
	for _, n := range s.root.children {
		write(n, 0)
	}
	return b.String()
}

func slowThreads(by imap.ThreadAlgorithm, messages []imapthread.Message) string {
	s := &slow{messages: messages}
	s.link()
	s.prune(s.root)
	if by == imap.ThreadReferences {
		s.subjects()
	}
	s.sortAll(s.root)
	if by == imap.ThreadRefs {
		slices.SortFunc(s.root.children, func(a, b *node) int {
			x, i := newest(a)
			y, j := newest(b)
			if x != y {
				return int(x - y)
			}
			return i - j
		})
	}
	return s.String()
}

func format(nodes []imap.ThreadNode) string {
	var b strings.Builder
	for _, n := range nodes {
		fmt.Fprintf(&b, "%d@%d ", n.Num, n.Depth)
	}
	return b.String()
}

// randomMessages returns messages that refer to each other in all the ways that
// they should not: in circles, to themselves, with Message-IDs that come twice.
func randomMessages(random *rand.Rand) []imapthread.Message {
	n := 1 + random.IntN(14)
	messages := make([]imapthread.Message, n)
	for i := range messages {
		m := &messages[i]
		m.ID = uint64(random.IntN(n + 4))
		for range random.IntN(4) {
			m.References = append(m.References, uint64(1+random.IntN(n+6)))
		}
		m.Subject = uint64(random.IntN(5))
		m.Reply = random.IntN(2) == 0
		m.Sent, m.Received = int64(random.IntN(6)), int64(random.IntN(6))
	}
	return messages
}

func TestThreadsRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30_000) {
		messages := randomMessages(rand.New(rand.NewPCG(seed, 5)))
		for _, by := range []imap.ThreadAlgorithm{imap.ThreadReferences, imap.ThreadRefs} {
			got, want := format(imapthread.Threads(by, messages)), slowThreads(by, messages)
			if got != want {
				t.Fatalf("seed %d, %s of %+v:\n%s\nwant\n%s", seed, by, messages, got, want)
			}
		}
	}
}

func TestOrderedSubject(t *testing.T) {
	t.Parallel()
	got := format(imapthread.Threads(imap.ThreadOrderedSubject, []imapthread.Message{
		{Subject: 1, Sent: 5}, {Subject: 2, Sent: 1}, {Subject: 1, Sent: 3}, {Subject: 1, Sent: 4}, {Subject: 3, Sent: 3},
	}))
	if want := "2@0 3@0 4@1 1@1 5@0 "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestThreadsHostile wants no thread to take quadratic time or a deep stack:
// most of these would take minutes.
func TestThreadsHostile(t *testing.T) {
	t.Parallel()
	const n = 100_000
	for name, make := range map[string]func(i int) imapthread.Message{
		"chain": func(i int) imapthread.Message {
			return imapthread.Message{ID: uint64(i) + 1, References: []uint64{uint64(i)}}
		},
		"backward": func(i int) imapthread.Message {
			return imapthread.Message{ID: uint64(n - i), References: []uint64{uint64(n - i - 1)}}
		},
		"circle": func(i int) imapthread.Message {
			return imapthread.Message{ID: uint64(i) + 1, References: []uint64{uint64(i+1)%n + 1}}
		},
		"dummies": func(i int) imapthread.Message {
			return imapthread.Message{ID: uint64(i) + 1, References: []uint64{uint64(2*n + i), uint64(2*n + i + 1), uint64(2*n + i + 2)}}
		},
		// A long chain, then trees that are put below its end one by one.
		"deep": func(i int) imapthread.Message {
			switch {
			case i < n/2:
				return imapthread.Message{ID: uint64(i) + 1, References: []uint64{uint64(i)}}
			case i < n*3/4:
				return imapthread.Message{ID: uint64(i) + 1, References: []uint64{uint64(i + n/4 + 1)}}
			}
			return imapthread.Message{ID: uint64(i) + 1, References: []uint64{n/2 - 1}}
		},
		// A branch at each level.
		"comb": func(i int) imapthread.Message {
			return imapthread.Message{ID: uint64(i) + 1, References: []uint64{uint64(i &^ 1)}}
		},
		"star":    func(i int) imapthread.Message { return imapthread.Message{ID: uint64(i) + 1, References: []uint64{1}} },
		"subject": func(i int) imapthread.Message { return imapthread.Message{ID: uint64(i) + 1, Subject: 7} },
		"two roots": func(i int) imapthread.Message {
			return imapthread.Message{ID: uint64(i) + 1, Subject: uint64(i/2) + 1, Reply: i%3 == 0}
		},
	} {
		messages := make2(n, make)
		for _, by := range []imap.ThreadAlgorithm{imap.ThreadReferences, imap.ThreadRefs, imap.ThreadOrderedSubject} {
			checkNesting(t, name, imapthread.Threads(by, messages), n)
		}
	}
}

func make2(n int, make1 func(int) imapthread.Message) []imapthread.Message {
	messages := make([]imapthread.Message, n)
	for i := range messages {
		messages[i] = make1(i)
	}
	return messages
}

// checkNesting wants each message once, depths that rise one by one, and no more
// branches above each other than allowed.
func checkNesting(t *testing.T, name string, nodes []imap.ThreadNode, n int) {
	t.Helper()
	seen := make([]bool, n+1)
	var last uint32
	for i, node := range nodes {
		if node.Num != 0 && seen[node.Num] || node.Depth > last+1 || i == 0 && node.Depth > 0 {
			t.Fatalf("%s: node %d is %+v", name, i, node)
		}
		seen[node.Num] = true
		last = node.Depth
	}
	if i := slices.Index(seen[1:], false); i >= 0 {
		t.Errorf("%s: message %d is missing", name, i+1)
	}
	if most := nesting(nodes); most > imapthread.MaxNesting {
		t.Errorf("%s: nested %d deep", name, most)
	}
}

// nesting returns how deep the lists of an answer nest.
func nesting(nodes []imap.ThreadNode) (most int) {
	siblings := make([]int, len(nodes))  // of the parent at a node: its children
	path := make([]int, 0, len(nodes)+1) // indexes of the nodes above
	up := make([]int, len(nodes))
	for i, n := range nodes {
		path = append(path[:n.Depth], i)
		up[i] = -1
		if n.Depth > 0 {
			up[i] = path[n.Depth-1]
			siblings[up[i]]++
		}
	}
	level := make([]int, len(nodes))
	for i := range nodes {
		switch {
		case up[i] < 0:
			level[i] = 1
		case siblings[up[i]] > 1:
			level[i] = level[up[i]] + 1
		default:
			level[i] = level[up[i]]
		}
		most = max(most, level[i])
	}
	return most
}

func TestReferences(t *testing.T) {
	t.Parallel()
	h := imapthread.NewHash()
	id := func(s string) uint64 { return h.ID(s) }
	if id(`"01KF8JCEOCBS0045PS"@xxx.yyy.com`) != id("01KF8JCEOCBS0045PS@xxx.yyy.com") || id(`"a\"b"@c`) != id(`a"b@c`[:1]+`\"b@c`) {
		t.Error("quoting makes a difference")
	}
	if id("a@b") == id("A@b") {
		t.Error("case makes no difference")
	}
	for _, one := range []struct {
		references, inReplyTo string
		want                  []uint64
	}{
		{"<a@x> <b@x>", "<c@x>", []uint64{id("a@x"), id("b@x")}},
		{"none at all", "mail of <c@x> from <d@x>", []uint64{id("c@x")}},
		{"", "", nil},
	} {
		if got := h.References(one.references, one.inReplyTo); !slices.Equal(got, one.want) {
			t.Errorf("%q, %q: %v", one.references, one.inReplyTo, got)
		}
	}
	var many strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&many, "<%d@x> ", i)
	}
	got := h.References(many.String(), "")
	if len(got) != imapthread.MaxReferences || got[0] != id("0@x") || got[1] != id("801@x") || got[199] != id("999@x") {
		t.Errorf("%d of many references", len(got))
	}
}

func FuzzThreads(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{0, 0, 1, 1, 2, 2, 3, 3, 9, 9})
	f.Fuzz(func(t *testing.T, data []byte) {
		var messages []imapthread.Message
		for len(data) >= 4 && len(messages) < 50 {
			m := imapthread.Message{ID: uint64(data[0] % 32), Subject: uint64(data[1] % 4), Reply: data[1]&4 != 0, Sent: int64(data[2] % 8), Received: int64(data[2] >> 5)}
			n := min(int(data[3]%5), len(data)-4)
			for _, c := range data[4 : 4+n] {
				m.References = append(m.References, uint64(c%32)+1)
			}
			data = data[4+n:]
			messages = append(messages, m)
		}
		if len(messages) == 0 {
			return
		}
		for _, by := range []imap.ThreadAlgorithm{imap.ThreadReferences, imap.ThreadRefs} {
			if got, want := format(imapthread.Threads(by, messages)), slowThreads(by, messages); got != want {
				t.Errorf("%s of %+v:\n%s\nwant\n%s", by, messages, got, want)
			}
		}
	})
}
