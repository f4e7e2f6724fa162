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
	return lookup(ctx, c, name, wire.TypeMX, takeMX)
}

// LookupA implements [Resolver].
func (c *Client) LookupA(ctx context.Context, name string) (Answer[netip.Addr], error) {
	return lookup(ctx, c, name, wire.TypeA, takeA)
}

// LookupAAAA implements [Resolver].
func (c *Client) LookupAAAA(ctx context.Context, name string) (Answer[netip.Addr], error) {
	return lookup(ctx, c, name, wire.TypeAAAA, takeAAAA)
}

// LookupTXT implements [Resolver].
func (c *Client) LookupTXT(ctx context.Context, name string) (Answer[string], error) {
	return lookup(ctx, c, name, wire.TypeTXT, takeTXT)
}

// LookupPTR implements [Resolver].
func (c *Client) LookupPTR(ctx context.Context, addr netip.Addr) (Answer[string], error) {
	return lookup(ctx, c, ReverseName(addr), wire.TypePTR, takePTR)
}

// LookupTLSA implements [Resolver].
func (c *Client) LookupTLSA(ctx context.Context, name string) (Answer[TLSA], error) {
	return lookup(ctx, c, name, wire.TypeTLSA, takeTLSA)
}

// lookup asks for the records of one type. The function take turns one into a
// value, or reports that it is useless.
func lookup[T any](ctx context.Context, c *Client, name string, qtype uint16, take func(wire.RR) (T, bool)) (Answer[T], error) {
	answer, kind, err := find(ctx, c, name, qtype, take)
	if kind != nil {
		return answer, &Error{Name: name, Type: wire.TypeToString[qtype], Kind: kind, Err: err}
	}
	return answer, nil
}

// find does the work of lookup. It returns the kind of failure, if there is
// one, and the cause.
func find[T any](ctx context.Context, c *Client, name string, qtype uint16, take func(wire.RR) (T, bool)) (answer Answer[T], kind, cause error) {
	canonical, err := Canonical(name)
	if err != nil {
		return answer, ErrInvalidName, nil
	}
	reply, err := c.ask(ctx, canonical, qtype)
	if err != nil {
		return answer, ErrTemporary, err
	}
	return read(c, reply, canonical, qtype, take)
}
