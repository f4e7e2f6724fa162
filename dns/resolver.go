package dns

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// A Resolver looks up records. Its methods may be called concurrently. All
// errors are an [*Error]. An Answer that comes with ErrNotFound has no records,
// but its Authentic and TTL are those of the denial.
type Resolver interface {
	// LookupMX returns the mail exchanges of a domain in the order of the
	// server, which means nothing (RFC 5321 §5.1).
	LookupMX(ctx context.Context, name string) (Answer[MX], error)

	// LookupA and LookupAAAA return the addresses of a host. See
	// [LookupIP] for both.
	LookupA(ctx context.Context, name string) (Answer[netip.Addr], error)
	LookupAAAA(ctx context.Context, name string) (Answer[netip.Addr], error)

	// LookupTXT returns the texts of a name. The character strings of one
	// record are joined without a space, as RFC 7208 §3.3 has it.
	LookupTXT(ctx context.Context, name string) (Answer[string], error)

	// LookupPTR returns the names of an address. Nothing says that these
	// names point back.
	LookupPTR(ctx context.Context, addr netip.Addr) (Answer[string], error)

	// LookupTLSA returns the certificates that a host is bound to, such as
	// those of "_25._tcp.mx.example.org" (RFC 6698 §3). They are worth
	// something only if the answer is authentic.
	LookupTLSA(ctx context.Context, name string) (Answer[TLSA], error)
}

// An Answer is what a lookup found.
type Answer[T any] struct {
	Records []T
	// Canonical is the name that has the records: the one that was asked
	// for, or the end of its chain of CNAMEs.
	Canonical string
	// Authentic says that a trusted resolver has validated the answer
	// with DNSSEC.
	Authentic bool
	// TTL is how long the answer may be kept.
	TTL time.Duration
}

// An MX names a host that takes mail for a domain. Lower preferences are
// tried first.
type MX struct {
	Preference uint16
	Host       string
}

// IsNull reports whether the record is the only one of a domain that takes no
// mail (RFC 7505 §3).
func (mx MX) IsNull() bool { return mx.Host == "." }

// A TLSA binds a TLS server to a certificate or a key (RFC 6698 §2.1).
type TLSA struct {
	Usage        uint8
	Selector     uint8
	MatchingType uint8
	Data         []byte // the certificate association data
}

// LookupIP returns all addresses of a host, IPv6 first. It succeeds if one of
// the two lookups does; the answer is authentic only if both are.
func LookupIP(ctx context.Context, r Resolver, name string) (Answer[netip.Addr], error) {
	type outcome struct {
		answer Answer[netip.Addr]
		err    error
	}
	six := make(chan outcome, 1)
	go func() {
		a, err := r.LookupAAAA(ctx, name)
		six <- outcome{a, err}
	}()
	a4, err4 := r.LookupA(ctx, name)
	o6 := <-six
	merged := Answer[netip.Addr]{
		Records:   append(o6.answer.Records, a4.Records...),
		Canonical: a4.Canonical,
		Authentic: a4.Authentic && o6.answer.Authentic,
		TTL:       min(a4.TTL, o6.answer.TTL),
	}
	switch {
	case len(merged.Records) > 0:
		return merged, nil
	case err4 != nil && !errors.Is(err4, ErrNotFound):
		return merged, err4
	case o6.err != nil && !errors.Is(o6.err, ErrNotFound):
		return merged, o6.err
	default:
		return merged, err4
	}
}
