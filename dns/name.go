package dns

import (
	"fmt"
	"net/netip"
	"strings"
)

// Limits of RFC 1035 §2.3.4, in the form that is written with dots.
const (
	maxName  = 253
	maxLabel = 63
)

// Canonical returns a name in lower case and without its final dot. It returns
// ErrInvalidName if the text is not a name that can be looked up. The
// characters of host names and the underscore are not the only ones allowed: a
// name is any labels of printable ASCII, except the few characters that have a
// meaning of their own where names are written down.
func Canonical(name string) (string, error) {
	trimmed := strings.TrimSuffix(name, ".")
	if trimmed == "" || len(trimmed) > maxName {
		return "", ErrInvalidName
	}
	label, upper := 0, false
	for i := range len(trimmed) {
		switch c := trimmed[i]; {
		case c == '.':
			if label == 0 {
				return "", ErrInvalidName
			}
			label = 0
			continue
		case c <= ' ' || c >= 0x7f || strings.IndexByte(`\"'();@`, c) >= 0:
			return "", ErrInvalidName
		case 'A' <= c && c <= 'Z':
			upper = true
		}
		if label++; label > maxLabel {
			return "", ErrInvalidName
		}
	}
	if label == 0 {
		return "", ErrInvalidName
	}
	if upper {
		trimmed = strings.ToLower(trimmed)
	}
	return trimmed, nil
}

// ReverseName returns the name whose PTR records name the address: under
// in-addr.arpa (RFC 1035 §3.5) or ip6.arpa (RFC 3596 §2.5). The zero Addr has
// none.
func ReverseName(addr netip.Addr) string {
	addr = addr.Unmap()
	if !addr.IsValid() {
		return ""
	}
	raw := addr.AsSlice()
	var b strings.Builder
	for i := len(raw) - 1; i >= 0; i-- {
		if addr.Is4() {
			fmt.Fprintf(&b, "%d.", raw[i])
		} else {
			fmt.Fprintf(&b, "%x.%x.", raw[i]&15, raw[i]>>4)
		}
	}
	if addr.Is4() {
		return b.String() + "in-addr.arpa"
	}
	return b.String() + "ip6.arpa"
}
