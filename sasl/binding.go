package sasl

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"github.com/xdg-go/scram"
)

// A ChannelBinding names the TLS connection under an exchange (RFC 5056), so
// that whoever sits between cannot pass the exchange on.
type ChannelBinding struct {
	Type string // as registered: "tls-exporter" or "tls-server-end-point"
	Data []byte // not secret, the same on both sides
}

// TLSExporter returns the binding of RFC 9266. It fails below TLS 1.3 unless
// the connection has the extended master secret.
func TLSExporter(state tls.ConnectionState) (ChannelBinding, error) {
	b, err := scram.NewTLSExporterBinding(&state)
	if err != nil {
		return ChannelBinding{}, fmt.Errorf("sasl: channel binding: %w", err)
	}
	return ChannelBinding{string(b.Type), b.Data}, nil
}

// TLSServerEndPoint returns the binding of RFC 5929 §4. leaf is the server's
// own certificate, on the client the first of the peer's. It fails for
// certificates for whose signature the RFC names no hash, such as Ed25519.
func TLSServerEndPoint(leaf *x509.Certificate) (ChannelBinding, error) {
	state := tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf}}
	b, err := scram.NewTLSServerEndpointBinding(&state)
	if err != nil {
		return ChannelBinding{}, fmt.Errorf("sasl: channel binding: %w", err)
	}
	return ChannelBinding{string(b.Type), b.Data}, nil
}

func (b ChannelBinding) scram() scram.ChannelBinding {
	return scram.ChannelBinding{Type: scram.ChannelBindingType(b.Type), Data: b.Data}
}
