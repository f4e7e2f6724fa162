package message

import "strings"

// isAtext tells whether c may stand in an atom (RFC 5322 §3.2.3). Octets above
// 127 may, as RFC 6532 §3.2 extends it.
func isAtext(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c >= 0x80:
		return true
	}
	return strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// isDotAtom tells whether s is a dot-atom-text (RFC 5322 §3.2.3).
func isDotAtom(s string) bool {
	afterDot := true
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '.' && !afterDot:
			afterDot = true
		case isAtext(s[i]):
			afterDot = false
		default:
			return false
		}
	}
	return !afterDot
}

// quoteLocalPart returns s as a local-part.
func quoteLocalPart(s string) string {
	if isDotAtom(s) {
		return s
	}
	return quoteString(s)
}

// quoteString returns s as a quoted-string (RFC 5322 §3.2.4). Control
// characters, which cannot stand in one, are left out.
func quoteString(s string) string {
	b := make([]byte, 0, len(s)+2)
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= ' ' && c != 0x7f || c == '\t':
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}
