package retrieval

import (
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/mailstead/mailstead/internal/model/directory"
)

// A gate lets one session at a time into each maildrop, and keeps the pauses
// between logins. It lives in memory: after a restart nobody is inside, and
// nobody has to wait.
type gate struct {
	mu     sync.Mutex
	inside map[directory.AccountID]bool
	last   map[directory.AccountID]visit // of accounts with a delay
	sweep  int                           // length of last at which it is swept
}

// A visit is a login, and until when there may not be another.
type visit struct {
	until  time.Time
	before time.Time // until, of the visit before
}

// sweepFrom is the least number of visits that are looked through.
const sweepFrom = 1024

func newGate() *gate {
	return &gate{
		inside: make(map[directory.AccountID]bool),
		last:   make(map[directory.AccountID]visit),
		sweep:  sweepFrom,
	}
}

// Errors of Open.
var (
	// ErrInUse says that another session has the maildrop (RFC 2449 §8.1.2).
	ErrInUse = errors.New("retrieval: maildrop is in use")
	// ErrTooEarly says that the last login was too short a time ago
	// (RFC 2449 §8.1.1).
	ErrTooEarly = errors.New("retrieval: too soon after the last login")
)

// enter lets a session in, or not. The next login must wait for delay.
func (g *gate) enter(id directory.AccountID, now time.Time, delay time.Duration) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside[id] {
		return ErrInUse
	}
	old := g.last[id]
	if delay > 0 && now.Before(old.until) {
		return ErrTooEarly
	}
	g.inside[id] = true
	if delay > 0 {
		g.clean(now)
		g.last[id] = visit{until: now.Add(delay), before: old.until}
	}
	return nil
}

// inUse reports whether a session is inside.
func (g *gate) inUse(id directory.AccountID) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inside[id]
}

// clean drops visits that are over, now and then.
func (g *gate) clean(now time.Time) {
	if len(g.last) < g.sweep {
		return
	}
	maps.DeleteFunc(g.last, func(_ directory.AccountID, v visit) bool { return !now.Before(v.until) })
	g.sweep = max(2*len(g.last), sweepFrom)
}

// leave lets the next one in.
func (g *gate) leave(id directory.AccountID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.inside, id)
}

// giveUp is leave for a session that was let in for nothing: the login does not
// count (RFC 2449 §6.5: the delay begins with the "+OK").
func (g *gate) giveUp(id directory.AccountID) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.inside, id)
	if v, ok := g.last[id]; ok {
		g.last[id] = visit{until: v.before}
	}
}
