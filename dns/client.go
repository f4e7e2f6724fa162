package dns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	wire "github.com/miekg/dns"
)

// Options of a [Client]. Zero values stand for the defaults.
type Options struct {
	// Servers are the recursive servers to ask, the best one first. There
	// must be at least one.
	Servers []netip.AddrPort
	// Timeout bounds the wait for one server; default 4 seconds.
	Timeout time.Duration
	// Rounds is how often all servers are asked in turn; default 2.
	Rounds int
	// MaxRecords bounds the records taken from an answer; default 256.
	MaxRecords int
	// MaxCNAMEs bounds the chain of aliases; default 8.
	MaxCNAMEs int
	// TrustAuthentic believes the AD bit of servers that are not on this
	// machine. Set it only if nobody can change packets on the way.
	TrustAuthentic bool
}

// A Client is a [Resolver] that asks recursive servers, over UDP, and over TCP
// when the answer is long or suspicious. It keeps nothing between lookups.
type Client struct {
	options Options
}

// NewClient returns a client. It fails if there is no server to ask.
func NewClient(o Options) (*Client, error) {
	if len(o.Servers) == 0 {
		return nil, errors.New("dns: no servers given")
	}
	o.Timeout = cmp.Or(o.Timeout, 4*time.Second)
	o.Rounds = cmp.Or(o.Rounds, 2)
	o.MaxRecords = cmp.Or(o.MaxRecords, 256)
	o.MaxCNAMEs = cmp.Or(o.MaxCNAMEs, 8)
	return &Client{options: o}, nil
}

// ReadResolvConf returns the options that a file like /etc/resolv.conf asks
// for: servers, timeout and attempts. Search lists are for people at a prompt,
// and are not used.
func ReadResolvConf(path string) (Options, error) {
	conf, err := wire.ClientConfigFromFile(path)
	if err != nil {
		return Options{}, fmt.Errorf("dns: %w", err)
	}
	o := Options{
		Timeout: time.Duration(conf.Timeout) * time.Second,
		Rounds:  conf.Attempts,
	}
	for _, s := range conf.Servers {
		addr, err := netip.ParseAddr(s)
		if err != nil {
			return Options{}, fmt.Errorf("dns: %s: name server: %w", path, err)
		}
		o.Servers = append(o.Servers, netip.AddrPortFrom(addr, 53))
	}
	if len(o.Servers) == 0 {
		return Options{}, fmt.Errorf("dns: %s names no server", path)
	}
	return o, nil
}

// LookupMX implements [Resolver].
func (c *Client) LookupMX(ctx context.Context, name string) (Answer[MX], error) {
	return lookup(ctx, c, name, wire.TypeMX, func(rr wire.RR) (MX, bool) {
		mx, ok := rr.(*wire.MX)
		if !ok {
			return MX{}, false
		}
		if mx.Mx == "." {
			return MX{mx.Preference, "."}, true
		}
		host, err := Canonical(mx.Mx)
		return MX{mx.Preference, host}, err == nil
	})
}

// LookupA implements [Resolver].
func (c *Client) LookupA(ctx context.Context, name string) (Answer[netip.Addr], error) {
	return lookup(ctx, c, name, wire.TypeA, func(rr wire.RR) (netip.Addr, bool) {
		a, ok := rr.(*wire.A)
		if !ok {
			return netip.Addr{}, false
		}
		return netip.AddrFromSlice(a.A.To4())
	})
}

// LookupAAAA implements [Resolver].
func (c *Client) LookupAAAA(ctx context.Context, name string) (Answer[netip.Addr], error) {
	return lookup(ctx, c, name, wire.TypeAAAA, func(rr wire.RR) (netip.Addr, bool) {
		a, ok := rr.(*wire.AAAA)
		if !ok {
			return netip.Addr{}, false
		}
		return netip.AddrFromSlice(a.AAAA)
	})
}

// LookupTXT implements [Resolver].
func (c *Client) LookupTXT(ctx context.Context, name string) (Answer[string], error) {
	return lookup(ctx, c, name, wire.TypeTXT, func(rr wire.RR) (string, bool) {
		txt, ok := rr.(*wire.TXT)
		if !ok {
			return "", false
		}
		return joinText(txt.Txt), true
	})
}

// LookupPTR implements [Resolver].
func (c *Client) LookupPTR(ctx context.Context, addr netip.Addr) (Answer[string], error) {
	return lookup(ctx, c, ReverseName(addr), wire.TypePTR, func(rr wire.RR) (string, bool) {
		ptr, ok := rr.(*wire.PTR)
		if !ok {
			return "", false
		}
		name, err := Canonical(ptr.Ptr)
		return name, err == nil
	})
}

// lookup asks for the records of one type. The function take turns one into a
// value, or reports that it is useless.
func lookup[T any](ctx context.Context, c *Client, name string, qtype uint16, take func(wire.RR) (T, bool)) (Answer[T], error) {
	fail := func(a Answer[T], kind, err error) (Answer[T], error) {
		return a, &Error{Name: name, Type: wire.TypeToString[qtype], Kind: kind, Err: err}
	}
	canonical, err := Canonical(name)
	if err != nil {
		return fail(Answer[T]{}, ErrInvalidName, nil)
	}
	reply, err := c.ask(ctx, canonical, qtype)
	if err != nil {
		return fail(Answer[T]{}, ErrTemporary, err)
	}
	found, err := c.follow(reply, canonical, qtype)
	if err != nil {
		return fail(Answer[T]{}, ErrTemporary, err)
	}
	answer := Answer[T]{Canonical: found.name, Authentic: reply.AuthenticatedData, TTL: found.ttl}
	for _, rr := range found.records {
		if v, ok := take(rr); ok {
			answer.Records = append(answer.Records, v)
		}
	}
	switch {
	case reply.Rcode == wire.RcodeNameError:
		answer.Records = nil
		return fail(answer, ErrNoSuchName, nil)
	case len(found.records) == 0:
		return fail(answer, ErrNotFound, nil)
	case len(answer.Records) == 0:
		return fail(answer, ErrTemporary, errors.New("no record of the answer is usable"))
	}
	return answer, nil
}
