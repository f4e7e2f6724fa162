package limit

import "net/netip"

// Network returns the network that counts as one peer: the address itself in
// IPv4 (also when it is written as IPv6), the /64 in IPv6. The zero Addr, of a
// peer without an IP address, is in the zero Prefix.
func Network(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	network, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}
