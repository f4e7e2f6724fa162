package dns

import (
	"encoding/hex"
	"net/netip"
	"strings"

	wire "github.com/miekg/dns"
)

// Each of these functions turns a record into a value, or reports that it is
// useless: of another type than it says, or with a name that can not be used.

func takeMX(rr wire.RR) (MX, bool) {
	mx, ok := rr.(*wire.MX)
	if !ok {
		return MX{}, false
	}
	if mx.Mx == "." {
		return MX{mx.Preference, "."}, true
	}
	host, err := Canonical(mx.Mx)
	return MX{mx.Preference, host}, err == nil
}

func takeA(rr wire.RR) (netip.Addr, bool) {
	a, ok := rr.(*wire.A)
	if !ok {
		return netip.Addr{}, false
	}
	return netip.AddrFromSlice(a.A.To4())
}

func takeAAAA(rr wire.RR) (netip.Addr, bool) {
	a, ok := rr.(*wire.AAAA)
	if !ok {
		return netip.Addr{}, false
	}
	return netip.AddrFromSlice(a.AAAA)
}

func takeTXT(rr wire.RR) (string, bool) {
	txt, ok := rr.(*wire.TXT)
	if !ok {
		return "", false
	}
	return joinText(txt.Txt), true
}

func takePTR(rr wire.RR) (string, bool) {
	ptr, ok := rr.(*wire.PTR)
	if !ok {
		return "", false
	}
	name, err := Canonical(ptr.Ptr)
	return name, err == nil
}

func takeTLSA(rr wire.RR) (TLSA, bool) {
	a, ok := rr.(*wire.TLSA)
	if !ok {
		return TLSA{}, false
	}
	data, err := hex.DecodeString(a.Certificate)
	return TLSA{a.Usage, a.Selector, a.MatchingType, data}, err == nil
}

// joinText joins the character strings of a TXT record and undoes the escapes
// with which the wire library presents them.
func joinText(parts []string) string {
	joined := strings.Join(parts, "")
	if !strings.Contains(joined, `\`) {
		return joined
	}
	var b strings.Builder
	for i := 0; i < len(joined); i++ {
		if joined[i] != '\\' || i+1 == len(joined) {
			b.WriteByte(joined[i])
			continue
		}
		if n, ok := threeDigits(joined[i+1:]); ok {
			b.WriteByte(n)
			i += 3
			continue
		}
		i++
		b.WriteByte(joined[i])
	}
	return b.String()
}

func threeDigits(s string) (byte, bool) {
	if len(s) < 3 {
		return 0, false
	}
	n := 0
	for i := range 3 {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return byte(n), n < 256
}
