package imapclient

import (
	"context"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapwire"
)

// Thread runs THREAD, or UID THREAD if kind is imap.NumUID. program is what
// stands behind that word in the grammar of RFC 5256 §5, such as "REFERENCES
// UTF-8 UNSEEN", in ASCII without literals.
func (c *Client) Thread(ctx context.Context, kind imap.NumKind, program string) ([]imap.ThreadNode, error) {
	p, err := c.searching(ctx, kind, "THREAD", program)
	if err != nil {
		return nil, err
	}
	return p.threads, nil
}

// threadData takes a THREAD response (RFC 5256 §5, thread-data).
func (c *Client) threadData() error {
	s := c.current.search
	if s == nil {
		return imapwire.Syntax("THREAD response was not asked for")
	}
	if !c.r.Accept(' ') {
		return c.r.End()
	}
	var t threadReader
	for !c.r.AtEnd() {
		switch {
		case c.r.Accept('('):
			t.begin()
		case c.r.Accept(')'):
			if !t.end() {
				return imapwire.Syntax("thread has no start")
			}
		case c.r.Accept(' '):
		default:
			n, err := c.hit(s)
			if err != nil {
				return err
			}
			if len(t.lists) == 0 {
				return imapwire.Syntax("number outside of a thread")
			}
			t.add(n)
		}
	}
	c.current.threads = t.nodes
	if len(t.lists) > 0 {
		return imapwire.Syntax("thread has no end")
	}
	return nil
}

// A threadReader makes nodes of nested lists, without recursion.
type threadReader struct {
	nodes []imap.ThreadNode
	depth uint32   // of the next node
	lists []uint32 // those that are open: the depth at their start
	empty bool     // the last one opened has no member yet
}

// begin begins a list. In one without members it is a child of a parent that is
// not in the answer.
func (t *threadReader) begin() {
	if t.empty {
		t.add(0)
	}
	t.lists = append(t.lists, t.depth)
	t.empty = true
}

func (t *threadReader) add(n uint32) {
	t.nodes = append(t.nodes, imap.ThreadNode{Num: n, Depth: t.depth})
	t.depth++
	t.empty = false
}

func (t *threadReader) end() bool {
	last := len(t.lists) - 1
	if last < 0 || t.empty {
		return false
	}
	t.depth, t.lists = t.lists[last], t.lists[:last]
	return true
}
