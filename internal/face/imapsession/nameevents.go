package imapsession

import (
	"cmp"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// A move is a change of name that a client is told with the old name. It
// applies it to all that stands below (RFC 5465 §5.4).
type move struct{ from, to string }

// of returns where a move takes a name.
func (m move) of(name string) (string, bool) {
	if name == m.from {
		return m.to, true
	}
	rest, below := strings.CutPrefix(name, m.from+string(mailstore.Delimiter))
	return m.to + string(mailstore.Delimiter) + rest, below
}

// tellNames tells of mailboxes that have come, gone or changed their name
// (RFC 5465 §5.4). To gain or lose the right to know of a mailbox is the same
// as if it came or went.
func (e *events) tellNames(boxes []*boxEvents) {
	boxes = slices.DeleteFunc(slices.Clone(boxes), func(b *boxEvents) bool {
		return b.happens&imap.EventMailboxName == 0
	})
	e.moves = e.findMoves(boxes)
	for _, m := range e.moves { // first, for they change what other names mean
		e.tellMove(m)
	}
	for _, b := range boxes {
		before, had := e.visible(e.old, b.id)
		after, has := e.visible(e.now, b.id)
		switch {
		case had && has && before.box.Name != after.box.Name:
			e.tellRenamed(before.box.Name, after.box.Name)
		case had != has && has:
			e.tellAffected(after.box.Name)
		case had != has:
			e.tellAffected(before.box.Name)
		case had && before.observable() != after.observable():
			e.tellName(after.box.Name)
		}
		if had {
			e.tellLeft(before.box.Name, has, after)
		}
	}
}

// findMoves returns the changes of name that can be told as such: neither name means
// another mailbox before or after, and no mailbox above has moved.
func (e *events) findMoves(boxes []*boxEvents) []move {
	var candidates []move
	for _, b := range boxes {
		before, had := e.visible(e.old, b.id)
		after, has := e.visible(e.now, b.id)
		if !had || !has || before.box.Name == after.box.Name {
			continue
		}
		_, taken := e.old.Find(after.box.Name)
		_, again := e.now.Find(before.box.Name)
		if !taken && !again {
			candidates = append(candidates, move{before.box.Name, after.box.Name})
		}
	}
	slices.SortFunc(candidates, func(a, b move) int { return cmp.Compare(len(a.from), len(b.from)) })
	var moves []move
	for _, c := range candidates {
		if _, moved := carried(moves, c.from); !moved {
			moves = append(moves, c)
		}
	}
	return moves
}

// carried returns where the moves take a name.
func carried(moves []move, name string) (to string, moved bool) {
	for _, m := range moves { // none is below another
		if to, moved = m.of(name); moved {
			return to, true
		}
	}
	return "", false
}

// tellMove tells of a new name with the old one.
func (e *events) tellMove(m move) {
	if wanted := e.wanted(e.prefix+m.from) | e.wanted(e.prefix+m.to); wanted&imap.EventMailboxName == 0 {
		return
	}
	d := e.nameData(m.to)
	d.OldName = e.prefix + m.from
	e.w.List(d)
}

// tellRenamed tells of both names, unless the moves have told it.
func (e *events) tellRenamed(from, to string) {
	if there, moved := carried(e.moves, from); moved && there == to {
		return
	}
	e.tellAffected(from)
	e.tellAffected(to)
}

// tellLeft tells that a mailbox is not where a client believes that it was taken
// by a move of one above it.
func (e *events) tellLeft(from string, exists bool, now target) {
	if there, moved := carried(e.moves, from); moved && (!exists || now.box.Name != there) {
		e.tellName(there)
	}
}

// tellAffected tells of a name and the level above it.
func (e *events) tellAffected(name string) {
	if i := strings.LastIndexByte(name, mailstore.Delimiter); i >= 0 {
		e.tellName(name[:i])
	}
	e.tellName(name)
}

// tellName tells what a name is now, once.
func (e *events) tellName(name string) {
	if slices.Contains(e.told, name) || e.wanted(e.prefix+name)&imap.EventMailboxName == 0 {
		return
	}
	e.told = append(e.told, name)
	e.w.List(e.nameData(name))
}

// nameData is what LIST tells of a name, as far as the client has the rights to
// know of it.
func (e *events) nameData(name string) *imap.ListData {
	d := e.listData(e.prefix + name)
	m, exists := e.now.Find(name)
	if !exists {
		return d
	}
	switch t := e.watched.at(e.session.account.ID(), m); {
	case !t.rights.Has(imap.RightLookup):
		d.Attrs = []imap.MailboxAttr{imap.AttrNonExistent, imap.AttrNoAccess}
	case !t.observable():
		d.Attrs = append(d.Attrs, imap.AttrNoAccess)
	}
	return d
}
