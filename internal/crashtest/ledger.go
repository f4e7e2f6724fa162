package crashtest

import (
	"fmt"
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
func (l *Ledger) inbox(account string) *Mailbox {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.boxes[account][0]
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

// Dying lets connections break from now on. What is heard still counts.
func (l *Ledger) Dying() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dying = true
}

// Thaw begins the next life of the server.
func (l *Ledger) Thaw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frozen, l.dying, l.vanished = false, false, nil
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
