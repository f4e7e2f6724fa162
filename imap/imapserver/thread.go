package imapserver

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// A ThreadSession is a session with [FeatureThread].
type ThreadSession interface {
	// Thread searches as Search does, and returns the hits in their threads
	// (RFC 5256 §3). Numbers are of the kind asked for.
	Thread(ctx context.Context, by imap.ThreadAlgorithm, search *imap.SearchCriteria, kind imap.NumKind) ([]imap.ThreadNode, error)
}

// thread runs THREAD and UID THREAD (RFC 5256 §3).
func (c *conn) thread(ctx context.Context, req *request) error {
	if c.opts.Features&FeatureThread == 0 {
		return errUnknownCommand
	}
	s := &searchCommand{c: c, req: req}
	by, err := s.parseThread(ctx)
	if err != nil {
		return err
	}
	if err := s.checkSorted(); err != nil {
		return err
	}
	if s.criteria.Uses(imap.SearchModSeq) {
		c.enableCondStore()
	}
	var nodes []imap.ThreadNode
	err = c.long(ctx, req, func(ctx context.Context) (err error) {
		nodes, err = c.session.(ThreadSession).Thread(ctx, by, &s.criteria, req.kind())
		return err
	})
	if err != nil {
		return err
	}
	writeThreads(c.w, nodes)
	return nil
}

// parseThread takes the arguments.
func (s *searchCommand) parseThread(ctx context.Context) (by imap.ThreadAlgorithm, err error) {
	r := s.c.r
	if err := r.SP(); err != nil {
		return "", err
	}
	name, err := r.Atom()
	if err != nil {
		return "", err
	}
	switch by = imap.ThreadAlgorithm(upperASCII(name)); by {
	case imap.ThreadOrderedSubject, imap.ThreadReferences, imap.ThreadRefs:
	default:
		return "", imapwire.Syntax("unknown threading algorithm")
	}
	if !s.c.offers("THREAD=" + string(by)) {
		return "", imapwire.Syntax("unknown threading algorithm")
	}
	if err := r.SP(); err != nil {
		return "", err
	}
	if err := s.parseCriteria(ctx); err != nil {
		return "", err
	}
	return by, s.c.end(s.req)
}

// writeThreads writes the THREAD response (RFC 5256 §4): an only child stands
// behind its parent, siblings each in parentheses.
func writeThreads(w *imapwire.Writer, nodes []imap.ThreadNode) {
	w.Raw("* THREAD")
	if len(nodes) > 0 {
		w.SP()
	}
	t := threadWriter{w: w, nodes: nodes, children: countChildren(nodes)}
	for i := range nodes {
		t.write(i)
	}
	t.close(0)
	w.CRLF()
}

// countChildren returns how many children each node has.
func countChildren(nodes []imap.ThreadNode) []int32 {
	children := make([]int32, len(nodes))
	var path []int // the nodes above, and the last one
	for i, n := range nodes {
		path = append(path[:n.Depth], i)
		if n.Depth > 0 {
			children[path[n.Depth-1]]++
		}
	}
	return children
}

// A threadWriter writes nodes one after the other.
type threadWriter struct {
	w        *imapwire.Writer
	nodes    []imap.ThreadNode
	children []int32
	path     []pathNode // the nodes above, and the last one
}

// A pathNode is a node whose children are being written.
type pathNode struct {
	index int
	list  bool // it has opened a list
}

func (t *threadWriter) write(i int) {
	n := t.nodes[i]
	t.close(int(n.Depth))
	first := i > 0 && t.nodes[i-1].Depth < n.Depth
	only := n.Depth > 0 && t.children[t.path[n.Depth-1].index] == 1
	if first && t.nodes[i-1].Num != 0 {
		t.w.SP()
	}
	if !only {
		t.w.Byte('(')
	}
	if n.Num != 0 {
		t.w.Number(uint64(n.Num))
	}
	t.path = append(t.path, pathNode{i, !only})
}

// close ends the lists of nodes from a depth on.
func (t *threadWriter) close(depth int) {
	for len(t.path) > depth {
		if t.path[len(t.path)-1].list {
			t.w.Byte(')')
		}
		t.path = t.path[:len(t.path)-1]
	}
}
