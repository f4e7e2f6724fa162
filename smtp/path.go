package smtp

import (
	"strings"

	"github.com/mailstead/mailstead/address"
)

// A ReversePath is the argument of MAIL: where a failure is reported to. The
// zero value is the null path "<>" of messages that no one must answer with
// another (RFC 5321 §4.5.5).
type ReversePath struct {
	Address address.Address
}

// IsNull tells whether p is "<>".
func (p ReversePath) IsNull() bool { return p.Address.IsZero() }

// String returns the path in angle brackets.
func (p ReversePath) String() string { return "<" + p.Address.String() + ">" }

// A ForwardPath is the argument of RCPT. Its address has no domain when the
// client wrote "<Postmaster>", which every server takes for its own
// (RFC 5321 §4.1.1.3).
type ForwardPath struct {
	Address address.Address
}

// IsPostmaster tells whether p is the reserved "<Postmaster>" without domain.
func (p ForwardPath) IsPostmaster() bool {
	return p.Address.Domain.IsZero() && !p.Address.IsZero()
}

// String returns the path in angle brackets.
func (p ForwardPath) String() string {
	if p.IsPostmaster() {
		return "<" + p.Address.Local.String() + ">"
	}
	return "<" + p.Address.String() + ">"
}

// ParseReversePath reads the Reverse-path at the start of s (RFC 5321 §4.1.2)
// and returns what follows it, the parameters. The error is an *Error.
func ParseReversePath(s string) (p ReversePath, rest string, err error) {
	if rest, ok := strings.CutPrefix(s, "<>"); ok {
		return ReversePath{}, rest, nil
	}
	a, rest, err := parsePath(s)
	if err != nil {
		return ReversePath{}, "", pathError(err, EnhancedCode{5, 1, 7})
	}
	return ReversePath{Address: a}, rest, nil
}

// ParseForwardPath reads the Forward-path at the start of s, or "<Postmaster>"
// in any case (RFC 5321 §4.1.1.3). The error is an *Error.
func ParseForwardPath(s string) (p ForwardPath, rest string, err error) {
	const postmaster = "<postmaster>"
	if len(s) >= len(postmaster) && strings.EqualFold(s[:len(postmaster)], postmaster) {
		return ForwardPath{Address: address.Address{Local: "postmaster"}}, s[len(postmaster):], nil
	}
	a, rest, err := parsePath(s)
	if err != nil {
		return ForwardPath{}, "", pathError(err, EnhancedCode{5, 1, 3})
	}
	return ForwardPath{Address: a}, rest, nil
}

func pathError(err error, code EnhancedCode) error {
	return NewError(501, code, "Syntax error in path: "+strings.TrimPrefix(err.Error(), "address: "))
}

// parsePath reads "<" [A-d-l ":"] Mailbox ">". A source route is accepted and
// ignored (RFC 5321 §4.1.1.3, appendix C).
func parsePath(s string) (address.Address, string, error) {
	s, ok := strings.CutPrefix(s, "<")
	if !ok {
		return address.Address{}, "", &address.SyntaxError{Reason: "no angle bracket before the address"}
	}
	s, err := skipRoute(s)
	if err != nil {
		return address.Address{}, "", err
	}
	a, rest, err := address.ParsePrefix(s)
	if err != nil {
		return address.Address{}, "", err
	}
	rest, ok = strings.CutPrefix(rest, ">")
	if !ok {
		return address.Address{}, "", &address.SyntaxError{Reason: "no angle bracket after the address"}
	}
	return a, rest, nil
}

// skipRoute takes "@a,@b:" from the front of s, if s has such a route.
func skipRoute(s string) (string, error) {
	if !strings.HasPrefix(s, "@") {
		return s, nil
	}
	route, rest, ok := strings.Cut(s, ":")
	if !ok {
		return "", &address.SyntaxError{Reason: "source route does not end"}
	}
	for hop := range strings.SplitSeq(route, ",") {
		domain, ok := strings.CutPrefix(hop, "@")
		if !ok {
			return "", &address.SyntaxError{Reason: "malformed source route"}
		}
		if _, err := address.ParseDomain(domain); err != nil {
			return "", err
		}
	}
	return rest, nil
}
