package imaptest

import (
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
)

// delimiter separates the levels of names.
const delimiter = "/"

// A listEntry is a mailbox, or a name that is subscribed to.
type listEntry struct {
	name        string
	attrs       []imap.MailboxAttr
	subscribed  bool
	nonExistent bool // only subscribed to
}

// list returns what LIST answers (RFC 9051 §6.3.9), sorted by name.
func list(opts *imap.ListOptions, entries []listEntry) []imap.ListData {
	s := selection{opts: opts, nodes: make(map[string]*listNode)}
	for i := range entries {
		s.add(&entries[i])
	}
	var out []imap.ListData
	for name, n := range s.nodes {
		if s.matches(name) && (n.selected || n.childInfo) {
			out = append(out, s.data(name, n))
		}
	}
	slices.SortFunc(out, func(a, b imap.ListData) int { return strings.Compare(a.Mailbox, b.Mailbox) })
	return out
}

// A selection is a list that is running.
type selection struct {
	opts  *imap.ListOptions
	nodes map[string]*listNode
}

// A listNode is a name: an entry's, or that of a level above one.
type listNode struct {
	entry       *listEntry // nil if there is no such mailbox
	selected    bool       // the selection options mean it
	hasChildren bool
	childInfo   bool // something selected below does not match the patterns
}

func (s *selection) node(name string) *listNode {
	n := s.nodes[name]
	if n == nil {
		n = new(listNode)
		s.nodes[name] = n
	}
	return n
}

// add takes an entry and tells the levels above of it.
func (s *selection) add(e *listEntry) {
	n := s.node(e.name)
	n.entry = e
	n.selected = s.selects(e)
	hidden := s.opts.RecursiveMatch && n.selected && !s.matches(e.name)
	for name := e.name; ; {
		i := strings.LastIndex(name, delimiter)
		if i <= 0 {
			return
		}
		name = name[:i]
		above := s.node(name)
		above.hasChildren = above.hasChildren || !e.nonExistent
		above.childInfo = above.childInfo || hidden
	}
}

// selects reports whether the selection options mean e.
func (s *selection) selects(e *listEntry) bool {
	if s.opts.SpecialUse && !slices.ContainsFunc(e.attrs, isSpecialUse) {
		return false
	}
	if s.opts.Subscribed {
		return e.subscribed
	}
	return !e.nonExistent
}

func isSpecialUse(a imap.MailboxAttr) bool {
	_, ok := a.SpecialUse()
	return ok
}

func (s *selection) matches(name string) bool {
	for _, p := range s.opts.Patterns {
		if imap.MatchMailbox(name, s.opts.Reference+p, '/') {
			return true
		}
	}
	return false
}

// data makes the answer for a name.
func (s *selection) data(name string, n *listNode) imap.ListData {
	d := imap.ListData{Mailbox: name, Delim: '/', ChildSubscribed: n.childInfo}
	if n.entry == nil || n.entry.nonExistent {
		d.Attrs = append(d.Attrs, imap.AttrNonExistent)
	}
	if n.entry != nil {
		for _, a := range n.entry.attrs {
			if s.opts.ReturnSpecialUse || !isSpecialUse(a) {
				d.Attrs = append(d.Attrs, a)
			}
		}
		if s.opts.ReturnSubscribed && n.entry.subscribed {
			d.Attrs = append(d.Attrs, imap.AttrSubscribed)
		}
	}
	if s.opts.ReturnChildren {
		if n.hasChildren {
			d.Attrs = append(d.Attrs, imap.AttrHasChildren)
		} else {
			d.Attrs = append(d.Attrs, imap.AttrHasNoChildren)
		}
	}
	return d
}
