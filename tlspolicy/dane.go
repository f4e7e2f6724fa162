package tlspolicy

import (
	"context"
	"errors"
	"net/netip"
	"strconv"

	"github.com/mailstead/mailstead/dns"
)

// Values of the fields of a TLSA record (RFC 7218).
const (
	usageTA       = 2 // DANE-TA: a trust anchor
	usageEE       = 3 // DANE-EE: the server's own
	selectorCert  = 0 // the whole certificate
	selectorSPKI  = 1 // its public key
	matchingFull  = 0
	matching256   = 1
	matching512   = 2
	maxTLSA       = 64      // records that are looked at
	maxAssociated = 8 << 10 // bytes of a record
)

// DANE is what a host has published of its certificate in a signed zone.
type DANE struct {
	// Name is where the records stand: the TLSA base domain without its
	// port (RFC 7672 §2.2). A certificate that DANE-TA vouches for has to be
	// for this name, or for the domain that the mail goes to (§3.2.2).
	Name string
	// Records are those that can be used with SMTP (§3.1). If there are
	// none, the connection must be encrypted but cannot be verified (§2.2).
	Records []dns.TLSA
}

// LookupDANE returns the TLSA records of a host that has been found in the DNS
// securely: the caller has seen that the answer which named the host was
// authentic (RFC 7672 §2.2.1). It returns nil if DANE does not apply, and a
// Failure if nobody can tell: then the host must not be used (§2.1.2).
func LookupDANE(ctx context.Context, r dns.Resolver, host string, port uint16) (*DANE, error) {
	canonical, authentic, err := resolveHost(ctx, r, host)
	if err != nil || canonical == "" {
		return nil, err
	}
	for _, name := range baseDomains(host, canonical, authentic) {
		if d, err := lookupTLSA(ctx, r, name, port); d != nil || err != nil {
			return d, err
		}
	}
	return nil, nil
}

// resolveHost returns the name that has the addresses of a host, empty if there
// are none, and whether a signed zone says so. A failure of one lookup counts:
// who can suppress an answer must not be able to switch DANE off.
func resolveHost(ctx context.Context, r dns.Resolver, host string) (canonical string, authentic bool, err error) {
	authentic = true
	for _, look := range []func(context.Context, string) (dns.Answer[netip.Addr], error){r.LookupA, r.LookupAAAA} {
		answer, err := look(ctx, host)
		if errors.Is(err, dns.ErrTemporary) {
			return "", false, Failure{Type: DNSSECInvalid, Err: err}
		}
		if err == nil {
			canonical, authentic = answer.Canonical, authentic && answer.Authentic
		}
	}
	return canonical, authentic, nil
}

// baseDomains returns where TLSA records are looked for (RFC 7672 §2.2.2,
// §2.2.3): at the end of the aliases if all of them are signed, and at the name
// itself. Where the addresses are in no signed zone there can be no records,
// and some servers fail when they are asked.
func baseDomains(host, canonical string, authentic bool) []string {
	switch {
	case canonical != host && authentic:
		return []string{canonical, host}
	case canonical != host || authentic:
		return []string{host}
	}
	return nil
}

// lookupTLSA returns the records of one base domain; nil if there are none that
// are authentic.
func lookupTLSA(ctx context.Context, r dns.Resolver, name string, port uint16) (*DANE, error) {
	answer, err := r.LookupTLSA(ctx, "_"+strconv.Itoa(int(port))+"._tcp."+name)
	switch {
	case errors.Is(err, dns.ErrTemporary):
		return nil, Failure{Type: DNSSECInvalid, Err: err}
	case err != nil || !answer.Authentic:
		return nil, nil
	}
	d := &DANE{Name: name}
	for _, record := range answer.Records {
		if usable(record) && len(d.Records) < maxTLSA {
			d.Records = append(d.Records, record)
		}
	}
	return d, nil
}

// usable reports whether a record says something to an SMTP client: the usages
// that stand on public authorities do not (RFC 7672 §3.1.3), nor do records
// whose digest has the wrong length.
func usable(r dns.TLSA) bool {
	if r.Usage != usageTA && r.Usage != usageEE || r.Selector > selectorSPKI {
		return false
	}
	switch r.MatchingType {
	case matchingFull:
		return len(r.Data) > 0 && len(r.Data) <= maxAssociated
	case matching256:
		return len(r.Data) == 32
	case matching512:
		return len(r.Data) == 64
	}
	return false
}
