package config

import (
	"net/netip"
	"time"
)

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

// Limits bound what one peer may ask.
type Limits struct {
	MessageSize    Size     `toml:"message-size" comment:"Size of one message."`
	Recipients     int      `toml:"recipients" comment:"Recipients of one message."`
	ReceivedFields int      `toml:"received-fields" comment:"Received fields in a message, above which it is in a loop."`
	AuthFailures   int      `toml:"auth-failures" comment:"Failed logins before a connection is closed."`
	ProtocolErrors int      `toml:"protocol-errors" comment:"Commands in error before a connection is closed."`
	DrainTime      Duration `toml:"drain-time" comment:"How long a stopping server waits for what is in flight."`
}

func (l *Limits) check(r *report) {
	if l.MessageSize < 64<<10 {
		r.add("message-size", "must be at least 64KB")
	}
	if l.Recipients < 100 {
		r.add("recipients", "must be at least 100 (RFC 5321 §4.5.3.1.8)")
	}
	if l.ReceivedFields < 10 {
		r.add("received-fields", "must be at least 10")
	}
	if l.AuthFailures < 1 {
		r.add("auth-failures", "must be at least 1")
	}
	if l.ProtocolErrors < 1 {
		r.add("protocol-errors", "must be at least 1")
	}
	if l.DrainTime.Duration > time.Hour {
		r.add("drain-time", "must be at most an hour")
	}
}
