package imapwire

// Classes of characters (RFC 9051 §9), as bits in charClass.
const (
	classAtom    = 1 << iota // ATOM-CHAR
	classAString             // ASTRING-CHAR: with "]"
	classList                // list-char: with "]", "%" and "*"
	classTag                 // ASTRING-CHAR but "+"
)

// charClass has the classes of each byte. 8-bit bytes have none.
var charClass = func() (t [256]uint8) {
	for c := byte(0x21); c < 0x7f; c++ {
		switch c {
		case '(', ')', '{', '"', '\\':
		case '%', '*':
			t[c] = classList
		case ']':
			t[c] = classAString | classList | classTag
		case '+':
			t[c] = classAtom | classAString | classList
		default:
			t[c] = classAtom | classAString | classList | classTag
		}
	}
	return t
}()

// IsAtomChar reports whether c is an ATOM-CHAR.
func IsAtomChar(c byte) bool { return charClass[c]&classAtom != 0 }
