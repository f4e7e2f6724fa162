package crashtest

import (
	"errors"
	"slices"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// HopDomain is the domain of the mail that the server is to send on.
const HopDomain = "far.test"

// A journey is what was seen of a letter on its way to the next hop.
type journey struct {
	arrivals int
	now      bool // the last arrival was in this life of the server
	recorded bool // since then someone has seen that the queue has it no more
}

// NewHop returns the mail system that the server sends on to, which takes part
// in keeping the ledger.
func (l *Ledger) NewHop() *mailtest.Elsewhere {
	e := mailtest.NewElsewhere()
	e.Take = func(m mailtest.Received) error { return l.arrived(m.Text) }
	return e
}

// arrived notes that a letter has come to the next hop. Its reply is on the way
// when this returns.
func (l *Ledger) arrived(text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.frozen {
		return errors.New("the sender has no power")
	}
	token := tokenOf([]byte(text))
	letter := l.letters[token]
	if letter == nil {
		l.failLocked("next hop: got %q, which nobody has sent", text)
		return nil
	}
	if err := letter.check([]byte(text)); err != nil {
		l.failLocked("next hop: got %s: %v", token, err)
	}
	j := l.journeys[token]
	if j == nil {
		j = new(journey)
		l.journeys[token] = j
	}
	switch {
	case j.now:
		l.failLocked("next hop: %s came twice from one life of the server", token)
	case j.recorded:
		l.failLocked("next hop: %s came again after the queue had been told", token)
	case j.arrivals > 0:
		l.tally.Twice++
	}
	*j = journey{arrivals: j.arrivals + 1, now: true}
	return nil
}

// beyond returns the letters that have come to the next hop.
func (l *Ledger) beyond() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var tokens []string
	for token, j := range l.journeys {
		if !j.recorded {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

// A vanishing is letters that the queue was seen without. The store shows what
// it writes a little before it is safe; it is safe when a commit has been
// acknowledged that began later.
type vanishing struct {
	tokens []string
	after  int // the number of the last operation that had begun
}

// recorded notes that the queue has not got letters any more which it has sent.
func (l *Ledger) recorded(sent []string, queued map[string]bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := vanishing{after: l.begun}
	for _, token := range sent {
		if !queued[token] {
			v.tokens = append(v.tokens, token)
		}
	}
	if !l.frozen && len(v.tokens) > 0 {
		l.vanished = append(l.vanished, v)
	}
}

// committed notes that an operation is safe, and what vanished before it began.
func (l *Ledger) committed(op *Op) {
	if op.moves[0].before.box != nil {
		return // it may have changed nothing in fact
	}
	l.vanished = slices.DeleteFunc(l.vanished, func(v vanishing) bool {
		if v.after >= op.number {
			return false
		}
		for _, token := range v.tokens {
			l.journeys[token].recorded = true
		}
		return true
	})
}
