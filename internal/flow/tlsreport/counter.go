package tlsreport

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/mailstead/mailstead/internal/model/peers"
	"github.com/mailstead/mailstead/tlspolicy"
)

// CounterOptions are what a Counter is made of; all must be set.
type CounterOptions struct {
	Peers  *peers.Store
	Now    func() time.Time
	Logger *slog.Logger
}

// A Counter counts sessions. Its methods may be called concurrently.
type Counter struct {
	CounterOptions
	writing sync.Mutex // held while counts are written

	mu      sync.Mutex
	days    map[peers.Day]map[string]*peers.Sessions
	domains int
}

// Bounds of what is counted.
const (
	flushEvery = 10 * time.Second
	maxDomains = 20_000 // between two writes
)

// NewCounter returns a Counter. Run writes what it counts.
func NewCounter(o CounterOptions) *Counter {
	return &Counter{CounterOptions: o, days: map[peers.Day]map[string]*peers.Sessions{}}
}

// Note counts one session with a host of a domain. The failure is nil if
// nothing was wrong.
func (c *Counter) Note(domain string, policy tlspolicy.AppliedPolicy, failure *tlspolicy.FailureDetail) {
	day := peers.DayOf(c.Now())
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.days[day] == nil {
		c.days[day] = map[string]*peers.Sessions{}
	}
	sessions := c.days[day][domain]
	if sessions == nil {
		if c.domains >= maxDomains {
			return
		}
		c.domains++
		sessions = new(peers.Sessions)
		c.days[day][domain] = sessions
	}
	if failure == nil {
		sessions.Add(policy, 1)
		return
	}
	sessions.Add(policy, 0, *failure)
}

// Run writes the counts now and then until the context ends, and once more.
func (c *Counter) Run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.Flush()
		case <-ctx.Done():
			c.Flush()
			return
		}
	}
}

// Flush writes what has been counted so far.
func (c *Counter) Flush() {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	days := c.days
	c.days, c.domains = map[peers.Day]map[string]*peers.Sessions{}, 0
	c.mu.Unlock()
	for day, counts := range days {
		if err := c.Peers.AddSessions(day, counts); err != nil {
			c.Logger.Warn("TLS sessions not counted", "domains", len(counts), "err", err)
		}
	}
}
