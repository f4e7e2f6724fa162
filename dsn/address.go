package dsn

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// ParseAddress reads "type; address", which is the value of a recipient field
// and, once its xtext is decoded, of the ORCPT parameter (RFC 3461 §4.2). An
// address of the type "utf-8" may come in any of the three forms of RFC 6533
// §3; it is returned with all its characters as they are. Type is in lower
// case, and empty if there was none.
func ParseAddress(s string) Address {
	kind, value := cutType(s)
	switch {
	case kind == "utf-8":
		value = decodeUnitext(value)
	case len(value) > 2 && value[0] == '<' && value[len(value)-1] == '>':
		// QUIRK: some systems write the brackets of SMTP.
		value = value[1 : len(value)-1]
	}
	return Address{Type: kind, Address: value}
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
