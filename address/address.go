package address

import (
	"strings"
)

// MaxAddress is the most octets an address may have: a path is limited to 256
// with its angle brackets (RFC 5321 §4.5.3.1.3).
const MaxAddress = 254

// A SyntaxError tells why a text is no address. Its text quotes nothing of the
// input and may be shown to the peer.
type SyntaxError struct {
	Reason string
}

func (e *SyntaxError) Error() string { return "address: " + e.Reason }

func syntaxError(reason string) error { return &SyntaxError{Reason: reason} }

// An Address is a Mailbox of RFC 5321 §4.1.2: a local part at a domain.
type Address struct {
	Local  LocalPart
	Domain Domain
}

// Parse reads a whole mailbox, without angle brackets. The error is a
// *SyntaxError.
func Parse(s string) (Address, error) {
	a, rest, err := ParsePrefix(s)
	if err != nil {
		return Address{}, err
	}
	if rest != "" {
		return Address{}, syntaxError("unexpected text after the domain")
	}
	return a, nil
}

// ParsePrefix reads the mailbox at the start of s and returns what follows it.
// The mailbox ends before the first octet that can be no part of a domain,
// such as ">" or a space.
func ParsePrefix(s string) (a Address, rest string, err error) {
	local, rest, err := scanLocalPart(s)
	if err != nil {
		return Address{}, "", err
	}
	rest, ok := strings.CutPrefix(rest, "@")
	if !ok {
		return Address{}, "", syntaxError("no @ after the local part")
	}
	text, rest := scanDomain(rest)
	if len(s)-len(rest) > MaxAddress {
		return Address{}, "", syntaxError("address too long")
	}
	domain, err := ParseDomain(text)
	if err != nil {
		return Address{}, "", err
	}
	return Address{Local: local, Domain: domain}, rest, nil
}

// Canonical returns the address under which a directory that ignores case
// finds it.
func (a Address) Canonical() Address {
	return Address{Local: a.Local.Canonical(), Domain: a.Domain}
}

// IsZero tells whether a is no address at all.
func (a Address) IsZero() bool { return a == Address{} }

// IsASCII tells whether a can travel without the SMTPUTF8 extension: the
// domain always can, as A-labels, so it is the local part that decides
// (RFC 6531 §3.2).
func (a Address) IsASCII() bool { return a.Local.IsASCII() }

// String returns the address as it goes into an SMTP command, with the domain
// as A-labels. Parse(a.String()) is a again. The zero Address is "".
func (a Address) String() string {
	if a.IsZero() {
		return ""
	}
	return a.Local.String() + "@" + a.Domain.String()
}

// Unicode returns the address for people, with the domain as U-labels.
func (a Address) Unicode() string {
	if a.IsZero() {
		return ""
	}
	return a.Local.String() + "@" + a.Domain.Unicode()
}

// MarshalText returns String.
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText is Parse; an empty text gives the zero Address.
func (a *Address) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Address{}
		return nil
	}
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}
