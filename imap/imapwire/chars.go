package imapwire

// Classes of characters (RFC 9051 §9), as bits in charClass.
const (
	classAtom    = 1 << iota // ATOM-CHAR
	classAString             // ASTRING-CHAR: with "]"
	classList                // list-char: with "]", "%" and "*"
	classTag                 // ASTRING-CHAR but "+"
	classQuoted              // stands in a quoted string as it is
)

// charClass has the classes of each byte. 8-bit bytes have none.
var charClass = func() (t [256]uint8) {
	for c := byte(0x20); c < 0x7f; c++ {
		switch c {
		case '"', '\\':
		case ' ', '(', ')', '{':
			t[c] = classQuoted
		case '%', '*':
			t[c] = classQuoted | classList
		case ']':
			t[c] = classQuoted | classAString | classList | classTag
		case '+':
			t[c] = classQuoted | classAtom | classAString | classList
		default:
			t[c] = classQuoted | classAtom | classAString | classList | classTag
		}
	}
	return t
}()

// IsAtomChar reports whether c is an ATOM-CHAR.
func IsAtomChar(c byte) bool { return charClass[c]&classAtom != 0 }

// isQuotedAsIs reports whether s stands between quotes as it is: in ASCII,
// without control characters and without anything to escape.
func isQuotedAsIs(s string) bool {
	for i := range len(s) {
		if charClass[s[i]]&classQuoted == 0 {
			return false
		}
	}
	return true
}
