package server

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/flow/outbound"
	"github.com/mailstead/mailstead/internal/platform/config"
)

// routes builds the routes of the configuration.
func (s *Server) routes() (outbound.Routes, error) {
	pools, err := s.pools()
	if err != nil {
		return nil, err
	}
	var list outbound.Routes
	for i := range s.config.Outbound.Routes {
		c := &s.config.Outbound.Routes[i]
		r := &outbound.Route{
			Name: c.Name,
			Match: outbound.Match{
				Recipients: c.Recipients, Senders: c.Senders, Accounts: c.Accounts, Hosts: c.MX, Attempts: c.AfterAttempts,
			},
			Direct: c.Via == "mx", TLS: routeTLS(c.TLS), Sources: pools[c.Pool], Lifetime: c.Lifetime.Duration,
			Concurrency: c.Concurrency, PerDestination: c.PerDestination, PerMinute: c.PerMinute,
		}
		for _, pause := range c.Retry {
			r.Pauses = append(r.Pauses, pause.Duration)
		}
		if c.Hello != "" {
			if r.Hello, err = address.ParseDomain(c.Hello); err != nil {
				return nil, fmt.Errorf("route %s: %w", c.Name, err)
			}
		}
		if c.Via != "" && c.Via != "mx" {
			if r.Relay, err = nextHop(c.Via, c.User, c.Password, r.TLS); err != nil {
				return nil, fmt.Errorf("route %s: %w", c.Name, err)
			}
		}
		list = append(list, r)
	}
	return list, nil
}

func routeTLS(name string) outbound.RelayTLS {
	switch name {
	case "require":
		return outbound.TLSEncrypted
	case "verify":
		return outbound.TLSRequired
	case "implicit":
		return outbound.TLSImplicit
	}
	return outbound.TLSOpportunistic
}

// nextHop describes a relay; password names a file.
func nextHop(hostPort, user, password string, demand outbound.RelayTLS) (*outbound.Relay, error) {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port of %s: %w", hostPort, err)
	}
	relay := &outbound.Relay{Host: host, Port: uint16(number), User: user, TLS: demand}
	if password != "" {
		relay.Password, err = firstLine(password)
	}
	return relay, err
}

// pools builds the pools of addresses, by their names.
func (s *Server) pools() (map[string]*outbound.SourcePool, error) {
	pools := make(map[string]*outbound.SourcePool)
	uses := outbound.NewUses(s.queue)
	for i := range s.config.Outbound.Pools {
		c := &s.config.Outbound.Pools[i]
		p := &outbound.SourcePool{Name: c.Name, WarmUp: c.WarmUp, Start: startOf(c), Uses: uses}
		for _, text := range c.Addresses {
			a, err := netip.ParseAddr(text)
			if err != nil {
				return nil, fmt.Errorf("pool %s: %w", c.Name, err)
			}
			p.Addresses = append(p.Addresses, a)
		}
		pools[c.Name] = p
	}
	for _, c := range s.config.Outbound.Pools {
		pools[c.Name].Overflow = pools[c.Overflow]
	}
	return pools, nil
}

// startOf is the first day of a pool's plan; the check of the configuration has
// seen that there is one where there is a plan.
func startOf(p *config.Pool) time.Time {
	start, _ := p.Start()
	return start
}
