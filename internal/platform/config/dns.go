package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// DNS says who answers the server's questions.
type DNS struct {
	Servers []string `toml:"servers" comment:"Recursive servers, as \"address\" or \"address:port\". Empty: those of /etc/resolv.conf."`
	TrustAD bool     `toml:"trust-ad" comment:"Believe what these servers say of DNSSEC (the AD bit), which DANE stands on. A server on this\nmachine is always believed; set it only if nobody can change packets on the way to the others."`
}

func (d *DNS) check(r *report) {
	if _, err := d.Addresses(); err != nil {
		r.add("servers", "%v", err)
	}
}

// Addresses returns the servers with their ports, 53 where none is said.
func (d *DNS) Addresses() ([]netip.AddrPort, error) {
	var addresses []netip.AddrPort
	for _, s := range d.Servers {
		a, err := serverAddress(s)
		if err != nil {
			return nil, err
		}
		addresses = append(addresses, a)
	}
	return addresses, nil
}

func serverAddress(s string) (netip.AddrPort, error) {
	if ip, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return netip.AddrPortFrom(ip, 53), nil
	}
	a, err := netip.ParseAddrPort(s)
	if err != nil {
		err = fmt.Errorf("%q is neither an address nor address:port", s)
	}
	return a, err
}
