package config

import "net/netip"

// A Listener is a service and where it listens.
type Listener struct {
	Listen        []string `toml:"listen" comment:"Addresses, such as \":25\" or \"127.0.0.1:2525\"; an empty list switches it off."`
	ProxyTrusted  []string `toml:"proxy-trusted" comment:"Networks of load balancers that send the PROXY protocol, such as \"10.0.0.0/8\"."`
	MaxConns      int      `toml:"max-connections" comment:"Connections at a time in all."`
	MaxPerAddress int      `toml:"max-connections-per-address" comment:"Connections at a time of one IPv4 address or IPv6 /64 network."`
}

func listener(addresses ...string) Listener {
	if addresses == nil {
		addresses = []string{}
	}
	return Listener{Listen: addresses, ProxyTrusted: []string{}, MaxConns: 10000, MaxPerAddress: 100}
}

// Trusted returns the networks that may send the PROXY protocol.
func (l *Listener) Trusted() []netip.Prefix {
	var all []netip.Prefix
	for _, s := range l.ProxyTrusted {
		if p, err := netip.ParsePrefix(s); err == nil {
			all = append(all, p)
		}
	}
	return all
}

func (l *Listener) check(r *report) {
	for _, a := range l.Listen {
		if !isAddress(a) {
			r.add("listen", "%q is not an address such as \":25\"", a)
		}
	}
	for _, s := range l.ProxyTrusted {
		if _, err := netip.ParsePrefix(s); err != nil {
			r.add("proxy-trusted", "%q is not a network such as \"10.0.0.0/8\"", s)
		}
	}
	if l.MaxConns < 1 {
		r.add("max-connections", "must be at least 1")
	}
	if l.MaxPerAddress < 1 {
		r.add("max-connections-per-address", "must be at least 1")
	}
}
