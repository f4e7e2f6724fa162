package dsn

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrXText says that a text is not encoded as it should be.
var ErrXText = errors.New("dsn: malformed xtext")

// EncodeXText encodes the value of an ENVID or ORCPT parameter (RFC 3461 §4).
func EncodeXText(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < '!' || c > '~' || c == '+' || c == '=' {
			const hex = "0123456789ABCDEF"
			b.Write([]byte{'+', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// DecodeXText undoes EncodeXText. It returns ErrXText for what can not be
// xtext.
func DecodeXText(s string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < '!' || c > '~' || c == '=':
			return "", ErrXText
		case c != '+':
			b.WriteByte(c)
		default:
			n, ok := hexPair(s[i+1:])
			if !ok {
				return "", ErrXText
			}
			b.WriteByte(n)
			i += 2
		}
	}
	return b.String(), nil
}

// hexPair reads the two upper case digits that RFC 3461 §4 asks for.
func hexPair(s string) (byte, bool) {
	if len(s) < 2 || strings.ToUpper(s[:2]) != s[:2] {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:2], 16, 8)
	return byte(n), err == nil
}

// ParseORCPT reads the value of an ORCPT parameter: a type, a semicolon and
// the address as xtext, or in one of the forms of RFC 6533 §3 if the type is
// "utf-8".
func ParseORCPT(s string) (Address, error) {
	kind, value, ok := strings.Cut(s, ";")
	if !ok || kind == "" || value == "" {
		return Address{}, ErrXText
	}
	if strings.EqualFold(kind, "utf-8") {
		return Address{Type: "utf-8", Address: decodeUnitext(value)}, nil
	}
	decoded, err := DecodeXText(value)
	if err != nil || strings.ContainsAny(decoded, "\r\n\x00") {
		return Address{}, ErrXText
	}
	return Address{Type: strings.ToLower(kind), Address: decoded}, nil
}

// decodeUnitext replaces each \x{HEXPOINT} by its character (RFC 6533 §3).
// What does not conform is left as it is, and so are control characters.
func decodeUnitext(s string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, `\x{`)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		digits, rest, closed := strings.Cut(after, "}")
		n, err := strconv.ParseUint(digits, 16, 32)
		if !closed || err != nil || len(digits) < 2 || len(digits) > 6 || n < ' ' || n == 0x7f || !utf8.ValidRune(rune(n)) {
			b.WriteString(`\x{`)
			s = after
			continue
		}
		b.WriteRune(rune(n))
		s = rest
	}
}
