package tlspolicy

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"time"

	"github.com/mailstead/mailstead/dns"
)

var errNoMatch = errors.New("no TLSA record matches")

// Verify checks the certificates that a server has shown, its own first. The
// domain is the one that the mail goes to. A certificate that DANE-EE names
// needs neither a name nor a date (RFC 7672 §3.1.1).
func (d *DANE) Verify(chain []*x509.Certificate, domain string, now time.Time) error {
	if len(chain) == 0 {
		return Failure{Type: TLSAInvalid, Err: errors.New("the server has no certificate")}
	}
	failure := Failure{Type: TLSAInvalid, Err: errNoMatch}
	for _, record := range d.Records {
		var err error
		switch record.Usage {
		case usageEE:
			err = matchEnd(record, chain[0])
		case usageTA:
			err = d.verifyAnchored(record, chain, domain, now)
		}
		if err == nil {
			return nil
		}
		if !errors.Is(err, errNoMatch) {
			failure = Failure{Type: ResultOf(err), Err: err}
		}
	}
	return failure
}

func matchEnd(record dns.TLSA, leaf *x509.Certificate) error {
	if matches(record, leaf) {
		return nil
	}
	return errNoMatch
}

// verifyAnchored checks that the server's certificate descends from the trust
// anchor of a record, which the server has to send (RFC 7672 §3.1.2).
func (d *DANE) verifyAnchored(record dns.TLSA, chain []*x509.Certificate, domain string, now time.Time) error {
	err := error(errNoMatch)
	for i, c := range chain {
		if !matches(record, c) {
			continue
		}
		if err = descends(chain[0], chain[1:], chain[i], now); err == nil {
			return d.checkName(chain[0], domain)
		}
	}
	return err
}

func descends(leaf *x509.Certificate, between []*x509.Certificate, anchor *x509.Certificate, now time.Time) error {
	o := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now}
	o.Roots.AddCert(anchor)
	for _, c := range between {
		o.Intermediates.AddCert(c)
	}
	_, err := leaf.Verify(o)
	return err
}

// checkName accepts the TLSA base domain and the next-hop domain (RFC 7672
// §3.2.2).
func (d *DANE) checkName(leaf *x509.Certificate, domain string) error {
	err := leaf.VerifyHostname(d.Name)
	if err != nil && domain != "" && leaf.VerifyHostname(domain) == nil {
		return nil
	}
	return err
}

// matches compares a certificate, or its key, with a record.
func matches(record dns.TLSA, c *x509.Certificate) bool {
	data := c.Raw
	if record.Selector == selectorSPKI {
		data = c.RawSubjectPublicKeyInfo
	}
	switch record.MatchingType {
	case matching256:
		sum := sha256.Sum256(data)
		return subtle.ConstantTimeCompare(sum[:], record.Data) == 1
	case matching512:
		sum := sha512.Sum512(data)
		return subtle.ConstantTimeCompare(sum[:], record.Data) == 1
	}
	return bytes.Equal(data, record.Data)
}
