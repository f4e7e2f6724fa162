package wiretest

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"testing"
	"time"
)

// ServerName is the host name in the certificates of TLS.
const ServerName = "mail.example"

// TLS returns configurations for the two sides of a connection: a throwaway
// certificate for ServerName, and a client that trusts nothing else.
func TLS(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	return TLSWith(t, Certificate{})
}

// A Certificate is one that TLSWith makes. Zero values are those of TLS.
type Certificate struct {
	Name     string    // of the host; ServerName
	NotAfter time.Time // in 2199
}

// TLSWith is TLS with a certificate that is wrong in some way. The client looks
// for ServerName all the same.
func TLSWith(t testing.TB, c Certificate) (server, client *tls.Config) {
	t.Helper()
	server, client, err := throwaway(c)
	if err != nil {
		t.Fatal(err)
	}
	return server, client
}

func throwaway(c Certificate) (server, client *tls.Config, err error) {
	// Valid at any time, so also in the past of a synctest bubble.
	if c.NotAfter.IsZero() {
		c.NotAfter = time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	c.Name = cmp.Or(c.Name, ServerName)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: c.Name},
		DNSNames:              []string{c.Name},
		NotBefore:             time.Date(1989, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:              c.NotAfter,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, fmt.Errorf("throwaway certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("throwaway certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	cert := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
	return &tls.Config{Certificates: []tls.Certificate{cert}},
		&tls.Config{RootCAs: roots, ServerName: ServerName}, nil
}
