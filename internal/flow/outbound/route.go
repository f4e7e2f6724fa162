package outbound

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/dsn"
)

// Enhanced status codes for what goes wrong before another server is reached
// (RFC 3463, and RFC 7505 §4.2 for the null MX).
var (
	codeNoDomain    = dsn.Code{Class: 5, Subject: 1, Detail: 2}
	codeNullMX      = dsn.Code{Class: 5, Subject: 1, Detail: 10}
	codeNoRoute     = dsn.Code{Class: 5, Subject: 4, Detail: 4}
	codeNoRelay     = dsn.Code{Class: 4, Subject: 4, Detail: 4}
	codeLoop        = dsn.Code{Class: 5, Subject: 4, Detail: 6}
	codeDNS         = dsn.Code{Class: 4, Subject: 4, Detail: 3}
	codeUnreachable = dsn.Code{Class: 4, Subject: 4, Detail: 1}
	codeBroken      = dsn.Code{Class: 4, Subject: 4, Detail: 2}
	codeContent     = dsn.Code{Class: 5, Subject: 6, Detail: 0}
	codeExpired     = dsn.Code{Class: 5, Subject: 4, Detail: 7}
	codeSecurity    = dsn.Code{Class: 4, Subject: 7, Detail: 0}
	codeCeiling     = dsn.Code{Class: 4, Subject: 7, Detail: 1}
	codeSystem      = dsn.Code{Class: 4, Subject: 3, Detail: 0}
)

// A router finds the hosts that take mail for a domain.
type router struct {
	resolver dns.Resolver
	self     []address.Domain // our own names
	maxHosts int
}

// A host is a place to try. Name is empty for an address literal.
type host struct {
	name string
	addr netip.Addr // if it is known already
	// authentic says that DNSSEC vouches for the name.
	authentic bool
}

// route returns the hosts of a destination in the order in which they are to
// be tried (RFC 5321 §5.1), or why there are none.
func (r *router) route(ctx context.Context, destination address.Domain) ([]host, *Result) {
	if ip, ok := destination.Literal(); ok {
		return []host{{addr: ip}}, nil
	}
	domain := destination.String()
	answer, err := r.resolver.LookupMX(ctx, domain)
	switch {
	case err == nil:
		return r.fromMX(domain, answer.Records, answer.Authentic)
	case errors.Is(err, dns.ErrNoSuchName), errors.Is(err, dns.ErrInvalidName):
		return nil, refusal(Permanent, codeNoDomain, "The domain %s does not exist.", domain, err)
	case errors.Is(err, dns.ErrNotFound):
		// The implicit MX: the domain is its own host. Whether its own
		// records are signed is seen when they are looked up.
		return r.fromMX(domain, []dns.MX{{Host: domain}}, answer.Authentic)
	}
	return nil, refusal(Temporary, codeDNS, "The hosts that take mail for %s could not be looked up.", domain, err)
}

func refusal(kind Kind, code dsn.Code, format, domain string, err error) *Result {
	r := failure(kind, code, fmt.Sprintf(format, domain), err)
	r.Unreached = kind == Temporary
	return &r
}

// fromMX sorts the hosts by preference, those of equal preference at random,
// and leaves out ourselves and all that are not preferred to us.
func (r *router) fromMX(domain string, records []dns.MX, authentic bool) ([]host, *Result) {
	if len(records) == 1 && records[0].IsNull() {
		return nil, refusal(Permanent, codeNullMX, "The domain %s accepts no mail.", domain, nil)
	}
	rand.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	slices.SortStableFunc(records, func(a, b dns.MX) int { return cmp.Compare(a.Preference, b.Preference) })
	if i := slices.IndexFunc(records, r.isSelf); i >= 0 {
		best := records[i].Preference
		records = slices.DeleteFunc(records, func(mx dns.MX) bool { return mx.Preference >= best })
		if len(records) == 0 {
			return nil, refusal(Permanent, codeLoop, "Mail for %s would come back to this system, which does not know that domain.", domain, nil)
		}
	}
	var hosts []host
	for _, mx := range records {
		if !mx.IsNull() && len(hosts) < r.maxHosts {
			hosts = append(hosts, host{name: mx.Host, authentic: authentic})
		}
	}
	return hosts, nil
}

func (r *router) isSelf(mx dns.MX) bool {
	return slices.ContainsFunc(r.self, func(d address.Domain) bool { return d.String() == mx.Host })
}
