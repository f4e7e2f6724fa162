package crashtest

import (
	"maps"
	"slices"
)

// An Op is what one command of a client shall change.
type Op struct {
	what   string
	number int
	moves  []move
	names  []naming
	within *Mailbox // that must stay while the operation is open
}

type move struct {
	copy          *Copy
	before, after place
}

type naming struct {
	box           *Mailbox
	before, after string
}

// begin opens an operation, whose copies and mailboxes were taken.
func (l *Ledger) begin(op *Op) *Op {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.beginLocked(op)
	return op
}

func (l *Ledger) beginLocked(op *Op) {
	l.begun++
	op.number = l.begun
	l.open[op] = true
	for _, m := range op.moves {
		l.copies[m.copy], m.copy.taken = true, true
		if m.after.box != nil {
			m.after.box.users++
		}
	}
	if op.within != nil {
		op.within.users++
	}
}

// arrive begins the arrival of letters at places.
func (l *Ledger) arrive(what string, letters []*Letter, places ...place) *Op {
	op := &Op{what: what}
	for _, letter := range letters {
		for _, p := range places {
			op.moves = append(op.moves, move{copy: &Copy{letter: letter}, after: p})
		}
	}
	return l.begin(op)
}

// acknowledge ends an operation that the server says is done.
func (l *Ledger) acknowledge(op *Op) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.frozen {
		l.tally.Acknowledged++
		if len(op.moves) > 0 {
			l.committed(op)
		}
		l.settle(op, func(move) bool { return true }, true)
	}
}

// refuse ends an operation that the server says is not done.
func (l *Ledger) refuse(op *Op) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.frozen {
		l.tally.Refused++
		l.settle(op, func(move) bool { return false }, false)
	}
}

// settle ends an operation: done says which of its copies have changed, named
// whether its mailboxes have.
func (l *Ledger) settle(op *Op, done func(move) bool, named bool) {
	delete(l.open, op)
	for _, n := range op.names {
		n.box.taken, n.box.name = false, n.before
		if named {
			n.box.name = n.after
		}
		if n.box.name == "" {
			l.forgetBox(n.box)
		}
	}
	for _, m := range op.moves {
		m.copy.taken, m.copy.at = false, m.before
		if done(m) {
			m.copy.at = m.after
		}
		if m.before.box != m.after.box {
			m.copy.moves++
		}
		if m.after.box != nil {
			m.after.box.users--
		}
		if m.copy.at.box == nil {
			delete(l.copies, m.copy)
		}
	}
	if op.within != nil {
		op.within.users--
	}
}

func (l *Ledger) forgetBox(box *Mailbox) {
	l.boxes[box.account] = slices.DeleteFunc(l.boxes[box.account], func(b *Mailbox) bool { return b == box })
}

// openOps returns the operations in doubt.
func (l *Ledger) openOps() []*Op { return slices.Collect(maps.Keys(l.open)) }

// A part is what has become of some of the copies of an operation.
type part struct {
	op  *Op
	err error
}

// split makes an operation two or three: of copies that have got the same kind
// of answer.
func (l *Ledger) split(op *Op, answer func(i int) error) []part {
	l.mu.Lock()
	defer l.mu.Unlock()
	var parts []part
	kind := func(err error) int {
		switch {
		case err == nil:
			return 0
		case refused(err):
			return 1
		}
		return 2
	}
	for i, m := range op.moves {
		err := answer(i)
		at := slices.IndexFunc(parts, func(p part) bool { return kind(p.err) == kind(err) })
		if at < 0 {
			at = len(parts)
			parts = append(parts, part{&Op{what: op.what, number: op.number}, err})
			l.open[parts[at].op] = true
		}
		parts[at].op.moves = append(parts[at].op.moves, m)
	}
	delete(l.open, op)
	return parts
}
