package crashtest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"

	"github.com/mailstead/mailstead/imap"
)

// A Ledger is what clients know of a server. Its methods may be called
// concurrently, except Check.
type Ledger struct {
	accounts []string

	mu       sync.Mutex
	next     int // for tokens and names
	letters  map[string]*Letter
	copies   map[*Copy]bool
	boxes    map[string][]*Mailbox // by account
	away     *Mailbox              // the next hop
	open     map[*Op]bool
	begun    int // operations
	sights   sights
	journeys map[string]*journey // of what has been seen at the next hop, by token
	vanished []vanishing
	frozen   bool
	dying    bool // connections may break
	doubt    bool // a refusal may not be the truth
	failures []string
	tally    Tally
}

// A Tally counts what has happened.
type Tally struct {
	Acknowledged, Refused, InDoubt, Checked, Twice int
}

// NewLedger returns the ledger of a server with accounts that have an empty
// INBOX each.
func NewLedger(accounts ...string) *Ledger {
	l := &Ledger{
		accounts: accounts, letters: make(map[string]*Letter), copies: make(map[*Copy]bool),
		boxes: make(map[string][]*Mailbox), away: &Mailbox{name: "next hop"}, open: make(map[*Op]bool),
		sights: newSights(), journeys: make(map[string]*journey),
	}
	for _, a := range accounts {
		l.boxes[a] = []*Mailbox{{account: a, name: imap.Inbox}}
	}
	return l
}

// A Mailbox is a mailbox of an account, whatever it is called.
type Mailbox struct {
	account  string
	name     string // empty if there is none
	users    int    // operations on what is in it
	taken    bool   // by an operation on the mailbox itself
	renamed  bool   // or may have been
	validity imap.UIDValidity
}

func (b *Mailbox) String() string { return b.account + "/" + b.name }

// A Copy is a letter in a place.
type Copy struct {
	letter *Letter
	at     place
	taken  bool // by an operation
	moves  int  // how often it has come to another mailbox
}

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

// A place is a mailbox and what is said there of a copy; the zero place is
// nowhere.
type place struct {
	box   *Mailbox
	flags string
}

func (p place) String() string {
	if p.box == nil {
		return "nowhere"
	}
	return fmt.Sprintf("%s (%s)", p.box, p.flags)
}

// An Op is what one command of a client shall change.
type Op struct {
	what   string
	number int
	moves  []move
	names  []naming
	within *Mailbox // that must stay while the operation is open
	// each says that the copies may change one by one.
	each bool
}

type move struct {
	copy          *Copy
	before, after place
}

type naming struct {
	box           *Mailbox
	before, after string
}

// newLetter returns a letter and its text.
func (l *Ledger) newLetter(from string, random *rand.Rand) (*Letter, string) {
	letter, text := newLetter(l.newName("t"), from, random)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.letters[letter.Token] = &letter
	return &letter, text
}

func (l *Ledger) newName(prefix string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	return prefix + strconv.Itoa(l.next)
}

// inbox returns an account's INBOX.
func (l *Ledger) inbox(account string) *Mailbox { return l.boxes[account][0] }

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
	if !l.frozen && !l.doubt {
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
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	if a < b {
		return -1
	}
	return 1
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

// anyBox returns one of an account's mailboxes that nobody is renaming or
// removing, and keeps it so until the caller leaves it.
func (l *Ledger) anyBox(account string, random *rand.Rand) *Mailbox {
	l.mu.Lock()
	defer l.mu.Unlock()
	free := slices.DeleteFunc(slices.Clone(l.boxes[account]), func(b *Mailbox) bool { return b.taken })
	box := free[random.IntN(len(free))]
	box.users++
	return box
}

// leave lets a mailbox of anyBox go.
func (l *Ledger) leave(box *Mailbox) {
	l.mu.Lock()
	defer l.mu.Unlock()
	box.users--
}

// name returns what a mailbox is called.
func (l *Ledger) name(box *Mailbox) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return box.name
}

// Freeze lets nothing count any more that is heard from now on: what is
// acknowledged later may be lost.
func (l *Ledger) Freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frozen = true
}

// Frozen reports whether that is so.
func (l *Ledger) Frozen() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.frozen
}

// Dying lets connections break from now on. What is heard still counts.
func (l *Ledger) Dying() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dying = true
}

// Doubt says that from now on what the server refuses may have been done: its
// disk is in a state that it does not know.
func (l *Ledger) Doubt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.doubt = true
}

// Thaw begins the next life of the server.
func (l *Ledger) Thaw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frozen, l.dying, l.doubt, l.vanished = false, false, false, nil
	for _, j := range l.journeys {
		j.now = false
	}
}

// failf notes that the server has not kept its word.
func (l *Ledger) failf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failLocked(format, args...)
}

func (l *Ledger) failLocked(format string, args ...any) {
	l.failures = append(l.failures, fmt.Sprintf(format, args...))
}

// Failures returns what is wrong.
func (l *Ledger) Failures() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.failures)
}

// Tally returns the counts.
func (l *Ledger) Tally() Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tally
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
			parts = append(parts, part{&Op{what: op.what, number: op.number, each: op.each}, err})
			l.open[parts[at].op] = true
		}
		parts[at].op.moves = append(parts[at].op.moves, m)
	}
	delete(l.open, op)
	return parts
}
