package address

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxLocalPart is the length in octets that every host accepts for a local
// part (RFC 5321 §4.5.3.1.1). New accounts should keep to it. Parsing lets
// longer ones pass, up to MaxAddress: mailing lists encode the recipient into
// the return address and overstep it, and RFC 5321 §4.5.3.1 asks not to
// impose limits where that can be avoided.
const MaxLocalPart = 64

// A LocalPart is what stands left of the @, with quotes and backslashes
// undone and its case as written.
type LocalPart string

// ParseLocalPart reads a Dot-string or a Quoted-string (RFC 5321 §4.1.2, with
// UTF-8 by RFC 6531 §3.3).
func ParseLocalPart(s string) (LocalPart, error) {
	local, rest, err := scanLocalPart(s)
	if err != nil {
		return "", err
	}
	if rest != "" {
		return "", syntaxError("unexpected text after the local part")
	}
	return local, nil
}

// Canonical returns the local part in lower case and Unicode normal form C.
func (l LocalPart) Canonical() LocalPart {
	if lowerASCII(string(l)) {
		return l
	}
	return LocalPart(norm.NFC.String(strings.ToLower(norm.NFC.String(string(l)))))
}

// Split parts a subaddress (RFC 5233 §1) at the first of the separators, which
// are single characters such as "+" or "+-". Without one, or when it stands
// first, ok is false and user is l.
func (l LocalPart) Split(separators string) (user LocalPart, detail string, ok bool) {
	i := strings.IndexAny(string(l), separators)
	if i <= 0 {
		return l, "", false
	}
	_, width := utf8.DecodeRuneInString(string(l[i:]))
	return l[:i], string(l[i+width:]), true
}

// IsASCII tells whether the local part needs no SMTPUTF8.
func (l LocalPart) IsASCII() bool { return isASCII(string(l)) }

// String returns the local part as it goes on the wire: quoted when it has to
// be, and only then (RFC 5321 §4.1.2).
func (l LocalPart) String() string {
	if isDotString(string(l)) {
		return string(l)
	}
	var b strings.Builder
	b.Grow(len(l) + 4)
	b.WriteByte('"')
	for i := 0; i < len(l); i++ {
		if l[i] == '"' || l[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(l[i])
	}
	b.WriteByte('"')
	return b.String()
}

// scanLocalPart reads the local part at the start of s.
func scanLocalPart(s string) (LocalPart, string, error) {
	if strings.HasPrefix(s, `"`) {
		return scanQuoted(s[1:])
	}
	end := 0
	for end < len(s) && (s[end] == '.' || isAtext(s[end])) {
		end++
	}
	switch local := s[:end]; {
	case local == "":
		return "", "", syntaxError("empty local part")
	case len(local) > MaxAddress:
		return "", "", syntaxError("local part too long")
	case !isDotString(local):
		return "", "", syntaxError("malformed local part")
	default:
		return LocalPart(local), s[end:], nil
	}
}

// scanQuoted reads a Quoted-string whose opening quote is already taken.
func scanQuoted(s string) (LocalPart, string, error) {
	var b strings.Builder
	for i := 0; i < len(s) && i < MaxAddress; i++ {
		c := s[i]
		switch {
		case c == '"':
			return checkQuoted(b.String(), s[i+1:])
		case c == '\\':
			i++
			if i == len(s) || s[i] < ' ' || s[i] > '~' {
				return "", "", syntaxError("malformed quoted pair in the local part")
			}
			c = s[i]
		case c < ' ' || c == 0x7f:
			return "", "", syntaxError("control character in the local part")
		}
		b.WriteByte(c)
	}
	return "", "", syntaxError("quoted local part does not end")
}

func checkQuoted(local, rest string) (LocalPart, string, error) {
	if !validText(local) {
		return "", "", syntaxError("local part is not valid UTF-8")
	}
	return LocalPart(local), rest, nil
}

// isDotString tells whether s can stand as a local part without quotes.
func isDotString(s string) bool {
	if s == "" || !validText(s) {
		return false
	}
	dot := true
	for i := 0; i < len(s); i++ {
		if s[i] == '.' {
			if dot {
				return false
			}
			dot = true
			continue
		}
		if !isAtext(s[i]) {
			return false
		}
		dot = false
	}
	return !dot
}

// isAtext tells whether c may stand in an Atom (RFC 5322 §3.2.3), counting
// each octet of a character beyond ASCII (RFC 6531 §3.3).
func isAtext(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c >= utf8.RuneSelf:
		return true
	}
	return strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// validText tells whether s is UTF-8 without the C1 controls, which
// RFC 5198 §2 keeps out of text on the network.
func validText(s string) bool {
	if isASCII(s) {
		return true
	}
	if !utf8.ValidString(s) {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 && r < 0xa0 }) < 0
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// lowerASCII tells whether s is ASCII without upper-case letters.
func lowerASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf || 'A' <= s[i] && s[i] <= 'Z' {
			return false
		}
	}
	return true
}
