package outbound

import (
	"net/netip"
	"sync"
	"time"
)

// A hostMemory remembers which addresses could not be reached a short time ago,
// whatever destination was asked for.
type hostMemory struct {
	now func() time.Time

	mu    sync.Mutex
	hosts map[netip.AddrPort]*hostFailure
}

// A hostFailure is what is known of an address.
type hostFailure struct {
	times  int // in a row
	until  time.Time
	result Result
}

// How long an address is left alone: always shorter than a destination whose
// only host it is, so that the destination's next attempt is a real one.
const (
	firstAvoid   = 20 * time.Second
	longestAvoid = 2 * time.Minute
	maxHosts     = 20_000
)

func newHostMemory(now func() time.Time) *hostMemory {
	return &hostMemory{now: now, hosts: map[netip.AddrPort]*hostFailure{}}
}

// failing returns what was known when an address was last tried, if that is to
// be left alone for now.
func (m *hostMemory) failing(a netip.AddrPort) (Result, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.hosts[a]
	if f == nil || !m.now().Before(f.until) {
		return Result{}, false
	}
	r := f.result
	r.Suspended = true
	return r, true
}

// failed notes that an address could not be reached.
func (m *hostMemory) failed(a netip.AddrPort, r Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	f := m.hosts[a]
	if f == nil {
		m.makeRoom(now)
		f = &hostFailure{}
		m.hosts[a] = f
	}
	f.times++
	f.until = now.Add(min(firstAvoid<<min(f.times-1, 10), longestAvoid))
	f.result = r
}

// makeRoom forgets what is old, or everything if nothing is.
func (m *hostMemory) makeRoom(now time.Time) {
	if len(m.hosts) < maxHosts {
		return
	}
	for a, f := range m.hosts {
		if now.Sub(f.until) > longestAvoid {
			delete(m.hosts, a)
		}
	}
	if len(m.hosts) >= maxHosts {
		clear(m.hosts)
	}
}

// forget lets all addresses be tried.
func (m *hostMemory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.hosts)
}

// reached notes that an address works.
func (m *hostMemory) reached(a netip.AddrPort) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.hosts, a)
}
