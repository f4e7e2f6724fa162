package tlspolicy

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/dns/dnstest"
)

func digest256(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
func digest512(b []byte) []byte { s := sha512.Sum512(b); return s[:] }

func TestVerify(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	good := ca.issue(t, issueOptions{names: []string{"mx.example.org"}}).certificate
	forDomain := ca.issue(t, issueOptions{names: []string{"example.org"}}).certificate
	wrong := ca.issue(t, issueOptions{names: []string{"else.example"}}).certificate
	expired := ca.issue(t, issueOptions{names: []string{"mx.example.org"}, expired: true}).certificate
	var (
		keyOf = func(c *x509.Certificate) dns.TLSA {
			return dns.TLSA{Usage: 3, Selector: 1, MatchingType: 1, Data: digest256(c.RawSubjectPublicKeyInfo)}
		}
		anchor    = dns.TLSA{Usage: 2, MatchingType: 2, Data: digest512(ca.certificate.Raw)}
		wholeCert = dns.TLSA{Usage: 3, Data: good.Raw}
	)
	for _, c := range []struct {
		name    string
		records []dns.TLSA
		chain   []*x509.Certificate
		want    ResultType
	}{
		{"key of the server", []dns.TLSA{keyOf(good)}, []*x509.Certificate{good}, ""},
		{"whole certificate", []dns.TLSA{wholeCert}, []*x509.Certificate{good}, ""},
		{"the second record", []dns.TLSA{keyOf(wrong), keyOf(good)}, []*x509.Certificate{good}, ""},
		{"the key counts, not name and date", []dns.TLSA{keyOf(expired)}, []*x509.Certificate{expired}, ""},
		{"another key", []dns.TLSA{keyOf(good)}, []*x509.Certificate{wrong}, TLSAInvalid},
		{"the key of the authority is not the server's", []dns.TLSA{keyOf(ca.certificate)}, []*x509.Certificate{good, ca.certificate}, TLSAInvalid},
		{"anchor", []dns.TLSA{anchor}, []*x509.Certificate{good, ca.certificate}, ""},
		{"anchor, named for the domain", []dns.TLSA{anchor}, []*x509.Certificate{forDomain, ca.certificate}, ""},
		{"anchor, wrong name", []dns.TLSA{anchor}, []*x509.Certificate{wrong, ca.certificate}, CertificateHostMismatch},
		{"anchor, expired", []dns.TLSA{anchor}, []*x509.Certificate{expired, ca.certificate}, CertificateExpired},
		{"anchor not sent", []dns.TLSA{anchor}, []*x509.Certificate{good}, TLSAInvalid},
		{"anchor sent, but it signed nothing", []dns.TLSA{anchor}, []*x509.Certificate{other.issue(t, issueOptions{names: []string{"mx.example.org"}}).certificate, ca.certificate}, CertificateNotTrusted},
		{"no certificate", []dns.TLSA{anchor}, nil, TLSAInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := &DANE{Name: "mx.example.org", Records: c.records}
			err := d.Verify(c.chain, "example.org", today)
			if c.want == "" && err != nil || c.want != "" && (err == nil || ResultOf(err) != c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestLookupDANE(t *testing.T) {
	t.Parallel()
	record := dns.TLSA{Usage: 3, Selector: 1, MatchingType: 1, Data: make([]byte, 32)}
	table := dnstest.New(dnstest.Zones{
		A: map[string][]string{
			"mx.test": {"192.0.2.1"}, "none.test": {"192.0.2.1"}, "insecure.test": {"192.0.2.1"}, "real.test": {"192.0.2.1"},
			"broken.test": {"192.0.2.1"}, "odd.test": {"192.0.2.1"}, "unsigned.test": {"192.0.2.1"}, "half.test": {"192.0.2.1"}, "cut.test": {"192.0.2.1"},
		},
		CNAME: map[string]string{"alias.test": "real.test", "out.test": "unsigned.test"},
		TLSA: map[string][]dns.TLSA{
			"_25._tcp.mx.test": {record}, "_25._tcp.insecure.test": {record}, "_25._tcp.real.test": {record},
			"_25._tcp.odd.test": {{Usage: 1, Data: []byte("x")}, {Usage: 3, MatchingType: 1, Data: []byte("short")}},
			"_25._tcp.out.test": {record}, "_25._tcp.half.test": {record}, "_25._tcp.cut.test": {record},
		},
		Insecure: map[string]bool{"insecure.test": true, "unsigned.test": true, "_25._tcp.half.test": true},
		Fail:     map[string]dnstest.Failure{"TLSA _25._tcp.broken.test": dnstest.ServFail, "AAAA cut.test": dnstest.ServFail},
	})
	with := func(name string) *DANE { return &DANE{Name: name, Records: []dns.TLSA{record}} }
	for host, want := range map[string]struct {
		dane *DANE
		err  ResultType
	}{
		"mx.test":       {dane: with("mx.test")},
		"none.test":     {},
		"insecure.test": {},
		"alias.test":    {dane: with("real.test")},
		"out.test":      {dane: with("out.test")},
		"half.test":     {},
		"odd.test":      {dane: &DANE{Name: "odd.test"}},
		"broken.test":   {err: DNSSECInvalid},
		"cut.test":      {err: DNSSECInvalid},
		"nothing.test":  {},
	} {
		got, err := LookupDANE(t.Context(), table, host, 25)
		if diff := cmp.Diff(want.dane, got); diff != "" || (err != nil) != (want.err != "") || err != nil && ResultOf(err) != want.err {
			t.Errorf("%s: %v\n%s", host, err, diff)
		}
	}
}
