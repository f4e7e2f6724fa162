package dnstest

import (
	"net/netip"
	"time"

	"github.com/mailstead/mailstead/dns"
)

// Zones is everything that this small world knows.
type Zones struct {
	MX    map[string][]dns.MX
	A     map[string][]string // IPv4 addresses
	AAAA  map[string][]string // IPv6 addresses
	TXT   map[string][]string
	PTR   map[string][]string // keyed by address
	TLSA  map[string][]dns.TLSA
	CNAME map[string]string

	// Fail makes questions fail. The key is the type and the name with a
	// space between them: "MX example.org". The name alone stands for all
	// types.
	Fail map[string]Failure
	// Insecure lists the names whose answers are not authentic.
	Insecure map[string]bool
	// TTL of all answers and denials; default one minute.
	TTL time.Duration
}

// A Failure is a way in which a question goes wrong.
type Failure int

// The failures. A resolver in the process turns each of them into an error that
// matches [dns.ErrTemporary]; only the server knows the difference.
const (
	ServFail Failure = iota + 1 // the server says SERVFAIL
	Refused                     // the server says REFUSED
	Silent                      // the server does not answer
)

// failure returns the failure set for a question, or zero.
func (z *Zones) failure(kind, name string) Failure {
	if f, ok := z.Fail[kind+" "+name]; ok {
		return f
	}
	return z.Fail[name]
}

// chase follows CNAMEs. The result begins with name; it is longer than one
// only if there are aliases, and bounded even if they go round in a circle.
func (z *Zones) chase(name string) []string {
	chain := []string{name}
	for len(chain) < 20 {
		next, ok := z.CNAME[name]
		if !ok {
			break
		}
		chain = append(chain, next)
		name = next
	}
	return chain
}

// exists reports whether any table has the name.
func (z *Zones) exists(name string) bool {
	if _, ok := z.CNAME[name]; ok {
		return true
	}
	return len(z.MX[name]) > 0 || len(z.A[name]) > 0 || len(z.AAAA[name]) > 0 ||
		len(z.TXT[name]) > 0 || len(z.TLSA[name]) > 0 || len(z.pointers(name)) > 0
}

// pointers returns the PTR records of a name in one of the reverse trees.
func (z *Zones) pointers(name string) []string {
	for text, names := range z.PTR {
		if addr, err := netip.ParseAddr(text); err == nil && dns.ReverseName(addr) == name {
			return names
		}
	}
	return nil
}

func (z *Zones) ttl() time.Duration {
	if z.TTL == 0 {
		return time.Minute
	}
	return z.TTL
}

func addresses(texts []string) []netip.Addr {
	var addrs []netip.Addr
	for _, text := range texts {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	return addrs
}
