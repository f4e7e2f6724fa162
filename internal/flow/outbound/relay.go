package outbound

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/mailstead/mailstead/address"
)

// A Relay is a next hop for all mail: a smarthost.
type Relay struct {
	Host string
	Port uint16 // default 25
	// TLS says how the connection is protected.
	TLS RelayTLS
	// User and Password, if set, authenticate us. They are sent only over
	// TLS to a host whose certificate is verified, or within this machine.
	User, Password string
}

// RelayTLS says how a connection to a relay is protected.
type RelayTLS int

// The ways.
const (
	TLSOpportunistic RelayTLS = iota // STARTTLS if it is offered, with any certificate
	TLSEncrypted                     // STARTTLS, with any certificate
	TLSRequired                      // STARTTLS, with a valid certificate
	TLSImplicit                      // from the first byte, with a valid certificate
)

func (r *Relay) port() uint16 { return cmp.Or(r.Port, 25) }

// String returns host:port.
func (r *Relay) String() string { return net.JoinHostPort(r.Host, strconv.Itoa(int(r.port()))) }

// ParseRelay reads host, or host:port, of a relay without a password.
func ParseRelay(s string) (*Relay, error) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return &Relay{Host: ip.String()}, nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = s, "25"
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return nil, fmt.Errorf("%q is not host:port", s)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return &Relay{Host: ip.String(), Port: uint16(n)}, nil
	}
	d, err := address.ParseDomain(host)
	if err != nil {
		return nil, fmt.Errorf("%q is not host:port", s)
	}
	return &Relay{Host: d.String(), Port: uint16(n)}, nil
}
