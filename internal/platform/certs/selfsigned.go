package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Validity of a self-signed certificate, and how long before its end a new one
// is made. Some clients take none that is valid for more than 825 days, from an
// hour before it was made.
const (
	selfSignedFor   = 824 * 24 * time.Hour
	selfSignedSpare = 30 * 24 * time.Hour
)

// SelfSigned returns the self-signed certificate in a folder, for localhost,
// the loopback addresses and hostname. It makes the folder and the certificate
// if there is none, or if the one that is there is about to expire, is not valid
// yet or is for another hostname. Only the owner can read the key.
func SelfSigned(folder, hostname string, now time.Time) (Pair, error) {
	pair := Pair{
		CertFile: filepath.Join(folder, "self-signed.pem"),
		KeyFile:  filepath.Join(folder, "self-signed.key"),
	}
	if serves(pair, hostname, now) {
		return pair, nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return Pair{}, fmt.Errorf("certs: %w", err)
	}
	if err := makeSelfSigned(pair, hostname, now); err != nil {
		return Pair{}, fmt.Errorf("certs: self-signed certificate: %w", err)
	}
	return pair, nil
}

// serves tells whether a pair is there and does for hostname. Whatever is wrong
// with it, a new one puts it right.
func serves(pair Pair, hostname string, now time.Time) bool {
	c, err := tls.LoadX509KeyPair(pair.CertFile, pair.KeyFile)
	if err != nil {
		return false
	}
	// One that was made while the clock was wrong is not valid yet.
	return now.After(c.Leaf.NotBefore) && now.Before(c.Leaf.NotAfter.Add(-selfSignedSpare)) && c.Leaf.VerifyHostname(hostname) == nil
}

func makeSelfSigned(pair Pair, hostname string, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := selfSignedTemplate(hostname, now)
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	// The key goes first: a certificate without its key would look whole.
	if err := writePEM(pair.KeyFile, "PRIVATE KEY", secret, 0o600); err != nil {
		return err
	}
	return writePEM(pair.CertFile, "CERTIFICATE", certificate, 0o644)
}

func selfSignedTemplate(hostname string, now time.Time) *x509.Certificate {
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: hostname, Organization: []string{"Mailstead self-signed"}},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(selfSignedFor),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true, // so that a client can be told to trust it
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if ip := net.ParseIP(hostname); ip != nil {
		template.IPAddresses = append(template.IPAddresses, ip)
	} else if hostname != "localhost" {
		template.DNSNames = append(template.DNSNames, hostname)
	}
	return template
}

// writePEM replaces a file whole or not at all.
func writePEM(name, kind string, content []byte, mode os.FileMode) error {
	temporary, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // gone already when all went well
	if err := fill(temporary, &pem.Block{Type: kind, Bytes: content}, mode); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), name)
}

// fill writes and closes a file. CreateTemp made it readable by its owner only.
func fill(file *os.File, block *pem.Block, mode os.FileMode) error {
	defer file.Close()
	if err := file.Chmod(mode); err != nil {
		return err
	}
	if err := pem.Encode(file, block); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return file.Close()
}
