package limit

import (
	"errors"
	"net/netip"
	"sync"
)

// Errors of Connections.Acquire.
var (
	ErrTotal   = errors.New("limit: too many connections")
	ErrNetwork = errors.New("limit: too many connections from one network")
)

// Connections counts open connections. One value may serve several listeners.
// The methods may be called concurrently.
type Connections struct {
	total, perNetwork int

	mu       sync.Mutex
	open     int
	networks map[netip.Prefix]int // only those with open connections
}

// NewConnections limits connections in all and from one network. A limit of
// zero is none.
func NewConnections(total, perNetwork int) *Connections {
	return &Connections{total: total, perNetwork: perNetwork, networks: make(map[netip.Prefix]int)}
}

// Acquire counts a connection, or returns ErrTotal or ErrNetwork and counts
// nothing. What was counted must be given back by Release.
func (c *Connections) Acquire(ip netip.Addr) error {
	network := Network(ip)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.total > 0 && c.open >= c.total:
		return ErrTotal
	case c.perNetwork > 0 && c.networks[network] >= c.perNetwork:
		return ErrNetwork
	}
	c.open++
	c.networks[network]++
	return nil
}

// Release counts a connection off.
func (c *Connections) Release(ip netip.Addr) {
	network := Network(ip)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.networks[network] == 0 {
		panic("limit: release without acquire")
	}
	c.open--
	if c.networks[network]--; c.networks[network] == 0 {
		delete(c.networks, network)
	}
}

// Open counts the open connections.
func (c *Connections) Open() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open
}
