package certs

import (
	"crypto/tls"
	"strings"
)

// An index finds certificates by name.
type index struct {
	all    []*tls.Certificate
	byName map[string][]*tls.Certificate // lower-case, also "*.example.org"
}

func newIndex(certificates []*tls.Certificate) *index {
	x := &index{all: certificates, byName: make(map[string][]*tls.Certificate)}
	for _, c := range certificates {
		for _, name := range c.Leaf.DNSNames {
			name = strings.ToLower(name)
			x.byName[name] = append(x.byName[name], c)
		}
	}
	return x
}

// pick prefers a certificate with the name that the client asks for and a key
// that it can use, then one with the name, then any that it can use.
func (x *index) pick(hello *tls.ClientHelloInfo) *tls.Certificate {
	named := x.named(strings.ToLower(strings.TrimSuffix(hello.ServerName, ".")))
	candidates := named
	if len(named) == 0 {
		candidates = x.all
	}
	for _, c := range candidates {
		if usable(hello, c) {
			return c
		}
	}
	return candidates[0]
}

// named returns the certificates of a name, or of the wildcard in the place of
// its first label (RFC 9525 §6.3).
func (x *index) named(name string) []*tls.Certificate {
	if found := x.byName[name]; len(found) > 0 {
		return found
	}
	_, parent, ok := strings.Cut(name, ".")
	if !ok {
		return nil
	}
	return x.byName["*."+parent]
}

// usable tells whether a client can use the key of a certificate. The name is
// left out, because for a client that asks for none of ours the first
// certificate is still the best answer.
func usable(hello *tls.ClientHelloInfo, c *tls.Certificate) bool {
	nameless := *hello
	nameless.ServerName = ""
	return nameless.SupportsCertificate(c) == nil
}
