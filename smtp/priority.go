package smtp

// Bounds of MT-PRIORITY (RFC 6710 §4).
const (
	MinPriority int8 = -9
	MaxPriority int8 = 9
)

// parsePriority reads a priority from -9 to 9, one digit and no plus sign.
func parsePriority(s string) (int8, bool) {
	negative := len(s) == 2 && s[0] == '-' && s[1] != '0'
	if negative {
		s = s[1:]
	}
	if len(s) != 1 || !isDigit(s[0]) {
		return 0, false
	}
	n := int8(s[0] - '0')
	if negative {
		n = -n
	}
	return n, true
}
