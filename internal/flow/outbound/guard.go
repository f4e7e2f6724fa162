package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mailstead/mailstead/dsn"
	"github.com/mailstead/mailstead/message"
	"github.com/mailstead/mailstead/tlspolicy"
)

// Policies say whose word about TLS counts. The zero value believes nobody.
type Policies struct {
	// DANE looks for TLSA records (RFC 7672).
	DANE bool
	// STS knows the MTA-STS policies of domains; nil does not ask.
	STS *STSKeeper
	// Sessions hears how sessions with other servers went (RFC 8460); nil
	// does not count them.
	Sessions func(domain string, s TLSSession)
}

// A TLSSession is how one session went, as a report has it.
type TLSSession struct {
	Policy tlspolicy.AppliedPolicy
	// Failure is nil if nothing was wrong.
	Failure *tlspolicy.FailureDetail
}

// A guard is what must be true of the connections to one host: what its owner
// has published, and what the sender demands.
type guard struct {
	domain  string
	applied tlspolicy.AppliedPolicy
	dane    *tlspolicy.DANE // with records that can be used
	encrypt bool            // there are TLSA records, but none that can be used (RFC 7672 §2.2)
	sts     *tlspolicy.Policy
	require bool // REQUIRETLS (RFC 8689 §4.2.1)
	proven  bool // the name of the host comes from a signed zone or a policy
}

var (
	codeTLSNeeded = dsn.Code{Class: 5, Subject: 7, Detail: 10}
	errNoSTARTTLS = errors.New("the server offers no STARTTLS")
)

// String names what makes connections different: one that was opened under one
// guard serves only parcels that have the same.
func (g *guard) String() string {
	if g == nil {
		return ""
	}
	switch {
	case g.dane != nil:
		return "dane " + g.domain
	case g.enforced():
		return "sts"
	case g.require:
		return "verified"
	case g.encrypt:
		return "encrypted " + g.domain
	case g.sts != nil:
		return "testing " + g.domain
	}
	return ""
}

func (g *guard) enforced() bool { return g != nil && g.sts != nil && g.sts.Mode == tlspolicy.Enforce }

// strict reports whether a connection without TLS is out of the question.
func (g *guard) strict() bool {
	return g != nil && (g.dane != nil || g.encrypt || g.enforced() || g.require)
}

// guard finds out what must be true of connections to a host. The result is why
// the host must not be used.
func (d *delivery) guard(ctx context.Context, h host) (*guard, *Result) {
	g := &guard{domain: d.parcel.Destination.String(), require: d.requiresTLS(), proven: h.authentic}
	g.applied = tlspolicy.AppliedPolicy{Type: tlspolicy.PolicyNone, Domain: g.domain}
	if h.name == "" || h.name == "localhost" {
		return g, d.demand(g)
	}
	if err := d.lookUpDANE(ctx, g, h); err != nil {
		return nil, d.policyFailure(g, h, err)
	}
	if g.dane == nil {
		if err := d.lookUpSTS(ctx, g, h); err != nil {
			return nil, d.policyFailure(g, h, err)
		}
	}
	if g.strict() && !g.require && d.optionalTLS() {
		g.dane, g.sts, g.encrypt = nil, nil, false
	}
	return g, d.demand(g)
}

// requiresTLS reports whether the sender demands TLS. A notification, which has
// no sender, does its best (RFC 8689 §5).
func (d *delivery) requiresTLS() bool {
	return d.parcel.Message.Options.RequireTLS && !d.parcel.Message.Sender.IsNull()
}

// demand refuses a host whose name anyone could have made up, if the sender
// demands TLS.
func (d *delivery) demand(g *guard) *Result {
	if !g.require || g.dane != nil || g.proven {
		return nil
	}
	return refusal(Permanent, codeTLSNeeded, "The sender demands TLS, and nothing proves which hosts take mail for %s.", g.domain, nil)
}

// lookUpDANE looks for TLSA records, if the name of the host is signed. Records
// of which none can be used prove nothing: what an MTA-STS policy or the sender
// demands counts as well then.
func (d *delivery) lookUpDANE(ctx context.Context, g *guard, h host) (err error) {
	if !d.options.Policies.DANE || !h.authentic {
		return nil
	}
	g.dane, err = tlspolicy.LookupDANE(ctx, d.options.Resolver, h.name, d.options.Port)
	if g.dane != nil {
		g.applied = tlspolicy.AppliedPolicy{Type: tlspolicy.PolicyTLSA, Domain: g.domain, String: daneLines(g.dane)}
		if g.encrypt = len(g.dane.Records) == 0; g.encrypt {
			g.dane = nil
		}
	}
	if err != nil {
		g.applied.Type = tlspolicy.PolicyTLSA
	}
	return err
}

func daneLines(dane *tlspolicy.DANE) []string {
	var lines []string
	for _, r := range dane.Records {
		lines = append(lines, fmt.Sprintf("%d %d %d %X", r.Usage, r.Selector, r.MatchingType, r.Data))
	}
	return lines
}

// lookUpSTS applies the policy of the destination to a host: one that is not
// named there must not be used (RFC 8461 §4.1).
func (d *delivery) lookUpSTS(ctx context.Context, g *guard, h host) error {
	if d.options.Policies.STS == nil {
		return nil
	}
	policy, err := d.options.Policies.STS.Policy(ctx, g.domain)
	if err != nil {
		unknown := *g
		unknown.applied.Type = tlspolicy.PolicySTS
		d.count(&unknown, h.name, "", err)
	}
	if policy == nil || policy.Mode == tlspolicy.None {
		return nil
	}
	g.sts = policy
	g.applied = tlspolicy.AppliedPolicy{Type: tlspolicy.PolicySTS, Domain: g.domain, String: policy.Lines(), MXHost: policy.MX}
	if policy.Matches(h.name) {
		g.proven = true
		return nil
	}
	err = tlspolicy.Failure{Type: tlspolicy.ValidationFailure, Err: fmt.Errorf("the policy of %s does not name the host %s", g.domain, h.name)}
	if policy.Mode == tlspolicy.Enforce && !d.optionalTLS() {
		return err
	}
	d.count(g, h.name, "", err)
	return nil
}

// policyFailure is what it means that a policy forbids a host.
func (d *delivery) policyFailure(g *guard, h host, err error) *Result {
	d.count(g, h.name, "", err)
	return refusal(Temporary, codeSecurity, "What the domain publishes about TLS forbids to use the host %s now.", h.name, err)
}

// maxHeader is how much of a header is searched for TLS-Required.
const maxHeader = 64 << 10

// optionalTLS reports whether the message says that it would rather arrive than
// be kept to a policy: "TLS-Required: No" (RFC 8689 §3, §4.2.2).
func (d *delivery) optionalTLS() bool {
	if d.parcel.Content == nil {
		return false
	}
	raw, err := io.ReadAll(io.LimitReader(d.parcel.Content.Reader(), maxHeader))
	if err != nil {
		return false
	}
	value, _ := message.Header(raw).Get("TLS-Required")
	return strings.EqualFold(strings.TrimSpace(string(value)), "no")
}

// apply makes a protection as strong as a guard wants it.
func (g *guard) apply(p protection) protection {
	p.guard = g
	switch {
	case g == nil:
	case g.dane != nil, g.encrypt && !g.enforced() && !g.require:
		p.tls = max(p.tls, TLSEncrypted)
	case g.enforced(), g.require:
		p.tls = max(p.tls, TLSRequired)
	}
	return p
}

// verification returns what checks a server's certificate in place of the TLS
// library, or nil. Where a policy is only tested, a failure is noted and the
// connection goes on (RFC 8461 §5).
func (g *guard) verification(name string, roots *x509.CertPool, now func() time.Time, tested *error) func(tls.ConnectionState) error {
	switch {
	case g == nil:
	case g.dane != nil:
		return func(cs tls.ConnectionState) error { return g.dane.Verify(cs.PeerCertificates, g.domain, now()) }
	case g.sts != nil && g.sts.Mode == tlspolicy.Testing && !g.require:
		return func(cs tls.ConnectionState) error {
			*tested = verifyName(cs.PeerCertificates, name, roots, now())
			return nil
		}
	}
	return nil
}

// verifyName does what the TLS library does without InsecureSkipVerify.
func verifyName(chain []*x509.Certificate, name string, roots *x509.CertPool, now time.Time) error {
	if len(chain) == 0 {
		return tlspolicy.Failure{Type: tlspolicy.CertificateNotTrusted}
	}
	o := x509.VerifyOptions{Roots: roots, DNSName: name, CurrentTime: now, Intermediates: x509.NewCertPool()}
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := chain[0].Verify(o)
	return err
}

// count tells how a session went: err is nil if TLS was there and nothing was
// wrong with it.
func (s *SMTP) count(g *guard, hostname, ip string, err error) {
	if g == nil || g.domain == "" || s.options.Policies.Sessions == nil {
		return
	}
	session := TLSSession{Policy: g.applied}
	if err != nil {
		session.Failure = &tlspolicy.FailureDetail{Type: resultType(err), ReceivingHostname: hostname, ReceivingIP: ip, Sessions: 1}
	}
	s.options.Policies.Sessions(g.domain, session)
}

func resultType(err error) tlspolicy.ResultType {
	if errors.Is(err, errNoSTARTTLS) {
		return tlspolicy.STARTTLSNotSupported
	}
	return tlspolicy.ResultOf(err)
}
