package dnstest

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"

	"github.com/mailstead/mailstead/dns"
)

// A Resolver is a [dns.Resolver] that answers from Zones.
type Resolver struct {
	mu    sync.Mutex
	zones Zones
	asked []string
}

var _ dns.Resolver = (*Resolver)(nil)

// New returns a resolver for the zones. The maps must not be changed later,
// except in [Resolver.Update].
func New(z Zones) *Resolver { return &Resolver{zones: z} }

// Update changes the zones while no question is being answered.
func (r *Resolver) Update(change func(*Zones)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.zones)
}

// Asked returns the questions so far, in order, as "MX example.org".
func (r *Resolver) Asked() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

// LookupMX implements [dns.Resolver].
func (r *Resolver) LookupMX(ctx context.Context, name string) (dns.Answer[dns.MX], error) {
	return lookup(ctx, r, "MX", name, func(z *Zones, name string) []dns.MX { return slices.Clone(z.MX[name]) })
}

// LookupA implements [dns.Resolver].
func (r *Resolver) LookupA(ctx context.Context, name string) (dns.Answer[netip.Addr], error) {
	return lookup(ctx, r, "A", name, func(z *Zones, name string) []netip.Addr { return addresses(z.A[name]) })
}

// LookupAAAA implements [dns.Resolver].
func (r *Resolver) LookupAAAA(ctx context.Context, name string) (dns.Answer[netip.Addr], error) {
	return lookup(ctx, r, "AAAA", name, func(z *Zones, name string) []netip.Addr { return addresses(z.AAAA[name]) })
}

// LookupTXT implements [dns.Resolver].
func (r *Resolver) LookupTXT(ctx context.Context, name string) (dns.Answer[string], error) {
	return lookup(ctx, r, "TXT", name, func(z *Zones, name string) []string { return slices.Clone(z.TXT[name]) })
}

// LookupPTR implements [dns.Resolver].
func (r *Resolver) LookupPTR(ctx context.Context, addr netip.Addr) (dns.Answer[string], error) {
	return lookup(ctx, r, "PTR", dns.ReverseName(addr), func(z *Zones, name string) []string {
		return slices.Clone(z.pointers(name))
	})
}

// LookupTLSA implements [dns.Resolver].
func (r *Resolver) LookupTLSA(ctx context.Context, name string) (dns.Answer[dns.TLSA], error) {
	return lookup(ctx, r, "TLSA", name, func(z *Zones, name string) []dns.TLSA { return slices.Clone(z.TLSA[name]) })
}

func lookup[T any](ctx context.Context, r *Resolver, kind, name string, table func(*Zones, string) []T) (dns.Answer[T], error) {
	canonical, err := dns.Canonical(name)
	if err != nil {
		return dns.Answer[T]{}, &dns.Error{Name: name, Type: kind, Kind: dns.ErrInvalidName}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, kind+" "+canonical)
	fail := func(a dns.Answer[T], kindOf, err error) (dns.Answer[T], error) {
		return a, &dns.Error{Name: name, Type: kind, Kind: kindOf, Err: err}
	}
	if err := ctx.Err(); err != nil {
		return fail(dns.Answer[T]{}, dns.ErrTemporary, err)
	}
	answer := dns.Answer[T]{Authentic: true, TTL: r.zones.ttl()}
	for _, link := range r.zones.chase(canonical) {
		if r.zones.failure(kind, link) != 0 {
			return fail(dns.Answer[T]{}, dns.ErrTemporary, errors.New("set by the test"))
		}
		answer.Canonical = link
		answer.Authentic = answer.Authentic && !r.zones.Insecure[link]
	}
	if !r.zones.exists(answer.Canonical) {
		return fail(answer, dns.ErrNoSuchName, nil)
	}
	answer.Records = table(&r.zones, answer.Canonical)
	if len(answer.Records) == 0 {
		return fail(answer, dns.ErrNotFound, nil)
	}
	return answer, nil
}
