package address

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

const (
	maxDomain = 253 // RFC 1035 §2.3.4: 255 octets on the wire are 253 in text
	maxLabel  = 63
)

// A Domain is a domain name or an address literal in canonical form. The zero
// value is no domain.
type Domain struct {
	name string
}

// ParseDomain reads a domain name, of A-labels or U-labels, or an address
// literal such as [192.0.2.1] or [IPv6:2001:db8::1] (RFC 5321 §4.1.3).
func ParseDomain(s string) (Domain, error) {
	if strings.HasPrefix(s, "[") {
		return parseLiteral(s)
	}
	if !utf8.ValidString(s) {
		return Domain{}, syntaxError("domain is not valid UTF-8")
	}
	name := lower(s)
	if !isASCII(name) || strings.Contains(name, "xn--") {
		// Only labels that IDNA is about pass through it: its rule against
		// "--" in third place must not refuse plain LDH names in use.
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return Domain{}, syntaxError("invalid internationalized domain")
		}
		name = ascii
	}
	if err := checkName(name); err != nil {
		return Domain{}, err
	}
	return Domain{name: name}, nil
}

// LiteralOf returns the address literal of an IP address, which must be valid.
func LiteralOf(ip netip.Addr) Domain {
	ip = ip.WithZone("")
	if ip.Is4() {
		return Domain{name: "[" + ip.String() + "]"}
	}
	return Domain{name: "[IPv6:" + ip.String() + "]"}
}

// IsZero tells whether d is no domain.
func (d Domain) IsZero() bool { return d.name == "" }

// Literal returns the IP address of an address literal; ok is false for a
// domain name.
func (d Domain) Literal() (ip netip.Addr, ok bool) {
	if !strings.HasPrefix(d.name, "[") {
		return netip.Addr{}, false
	}
	text := strings.TrimPrefix(d.name[1:len(d.name)-1], "IPv6:")
	ip, err := netip.ParseAddr(text)
	return ip, err == nil
}

// String returns the canonical form: lower-case A-labels without a final dot,
// or the literal with its brackets.
func (d Domain) String() string { return d.name }

// Unicode returns the domain for people, with U-labels where it has any.
func (d Domain) Unicode() string {
	if !strings.Contains(d.name, "xn--") {
		return d.name
	}
	name, err := idna.Lookup.ToUnicode(d.name)
	if err != nil {
		return d.name
	}
	return name
}

// MarshalText returns String.
func (d Domain) MarshalText() ([]byte, error) { return []byte(d.name), nil }

// UnmarshalText is ParseDomain; an empty text gives the zero Domain.
func (d *Domain) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Domain{}
		return nil
	}
	parsed, err := ParseDomain(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

func parseLiteral(s string) (Domain, error) {
	inner, ok := strings.CutSuffix(s[1:], "]")
	if !ok {
		return Domain{}, syntaxError("address literal does not end")
	}
	text, is6 := inner, false
	if len(inner) > 5 && strings.EqualFold(inner[:5], "IPv6:") {
		text, is6 = inner[5:], true
	}
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" || ip.Is6() != is6 {
		return Domain{}, syntaxError("malformed address literal")
	}
	return LiteralOf(ip), nil
}

// checkName holds a lower-case ASCII name against RFC 5321 §4.1.2.
func checkName(name string) error {
	if name == "" {
		return syntaxError("empty domain")
	}
	if len(name) > maxDomain {
		return syntaxError("domain too long")
	}
	for label := range strings.SplitSeq(name, ".") {
		if err := checkLabel(label); err != nil {
			return err
		}
	}
	return nil
}

func checkLabel(label string) error {
	switch {
	case label == "":
		return syntaxError("empty label in the domain")
	case len(label) > maxLabel:
		return syntaxError("label too long in the domain")
	case label[0] == '-' || label[len(label)-1] == '-':
		return syntaxError("label begins or ends with a hyphen in the domain")
	}
	for i := 0; i < len(label); i++ {
		if c := label[i]; !isLetterDigit(c) && c != '-' {
			return syntaxError("invalid character in the domain")
		}
	}
	return nil
}

// scanDomain returns the domain at the start of s, unchecked, and the rest.
func scanDomain(s string) (domain, rest string) {
	if strings.HasPrefix(s, "[") {
		if i := strings.IndexByte(s, ']'); i >= 0 {
			return s[:i+1], s[i+1:]
		}
		return s, ""
	}
	end := 0
	for end < len(s) && (isLetterDigit(s[end]) || s[end] == '-' || s[end] == '.' || s[end] == '_' || s[end] >= utf8.RuneSelf) {
		end++
	}
	return s[:end], s[end:]
}

func isLetterDigit(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// lower is strings.ToLower for the ASCII letters only: the others are IDNA's
// to map.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return strings.Map(lowerRune, s)
		}
	}
	return s
}

func lowerRune(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}
