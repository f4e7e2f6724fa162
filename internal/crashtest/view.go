package crashtest

import (
	"cmp"
	"slices"

	"github.com/mailstead/mailstead/imap"
)

// A view is what a client sees of a mailbox: numbers of messages, by their
// letters' tokens.
type view struct {
	box     *Mailbox
	numbers map[string]imap.UID
	moves   map[*Copy]int // of the copies there, just before the client looked
}

// view returns the view of a client that is about to look.
func (l *Ledger) view(box *Mailbox) *view {
	v := &view{box: box, numbers: make(map[string]imap.UID), moves: make(map[*Copy]int)}
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.copies {
		if c.at.box == box {
			v.moves[c] = c.moves
		}
	}
	return v
}

// number returns the number of a copy, if it has not left since the client
// looked: it could have come back with another.
func (v *view) number(c *Copy) (imap.UID, bool) {
	moves, there := v.moves[c]
	uid, seen := v.numbers[c.letter.Token]
	return uid, there && seen && moves == c.moves
}

// take picks up to n free copies that a client sees in a mailbox, and
// begins an operation that does with each what plan says; nothing if it says
// nothing. It returns their UIDs, or no operation if there are none.
func (l *Ledger) take(what string, v *view, n int, plan func(*Copy) []move) (*Op, imap.UIDSet) {
	l.mu.Lock()
	defer l.mu.Unlock()
	op := &Op{what: what, within: v.box}
	var uids imap.UIDSet
	for _, c := range l.inBox(v.box) {
		uid, ok := v.number(c)
		if !ok || c.taken || uids.Count() == n {
			continue
		}
		if moves := plan(c); len(moves) > 0 {
			op.moves = append(op.moves, moves...)
			uids.Add(uid)
		}
	}
	if len(op.moves) == 0 || l.frozen {
		return nil, nil
	}
	l.beginLocked(op)
	return op, uids
}

// inBox returns the copies in a mailbox, in the order of their tokens.
func (l *Ledger) inBox(box *Mailbox) []*Copy {
	var list []*Copy
	for c := range l.copies {
		if c.at.box == box {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *Copy) int { return cmpTokens(a.letter.Token, b.letter.Token) })
	return list
}

func cmpTokens(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// holds reports whether a letter is in a mailbox, or may come there.
func (l *Ledger) holds(box *Mailbox, letter *Letter) bool {
	for c := range l.copies {
		if c.letter == letter && c.at.box == box {
			return true
		}
	}
	for op := range l.open {
		for _, m := range op.moves {
			if m.copy.letter == letter && m.after.box == box {
				return true
			}
		}
	}
	return false
}
