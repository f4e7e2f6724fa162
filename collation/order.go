package collation

import "strings"

// An Order is a collation with the direction in which it sorts (RFC 4790
// §3.3). The direction concerns nothing but ordering.
type Order struct {
	Collation
	Descending bool
}

// String returns the order as a server names the one that is selected: the
// grammar's collation-selected.
func (o Order) String() string {
	if o.Descending {
		return "-" + o.Collation.String()
	}
	return o.Collation.String()
}

// Default is the pattern that means the default collation.
const Default = "default"

// maxPattern is the longest pattern that there can be (RFC 4790 §3.2).
const maxPattern = 254

// Match returns the orders that a pattern, the grammar's collation-order, asks
// for, the most widely useful one first. ok is false if it is no pattern.
func Match(pattern string) (found []Order, ok bool) {
	o := Order{Descending: strings.HasPrefix(pattern, "-")}
	wild := strings.TrimPrefix(strings.TrimPrefix(pattern, "-"), "+")
	if len(pattern)-len(wild) > 1 || !validPattern(wild) {
		return nil, false
	}
	if wild == Default {
		return []Order{o}, true
	}
	for o.Collation = range collations {
		if matches(o.Collation.String(), wild) {
			found = append(found, o)
		}
	}
	return found, true
}

// validPattern checks the grammar's collation-wild.
func validPattern(p string) bool {
	if p == "" || len(p) > maxPattern || strings.Contains(p, "**") {
		return false
	}
	if p[0] != '*' && !isAlpha(p[0]) {
		return false
	}
	for i := range len(p) {
		if c := p[i]; !isAlpha(c) && (c < '0' || c > '9') && strings.IndexByte("-;=.*", c) < 0 {
			return false
		}
	}
	return true
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// matches tells whether id is what a pattern with wildcards describes: the
// pieces between them come in order, the first and the last at the ends.
func matches(id, pattern string) bool {
	first, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return id == pattern
	}
	id, ok := strings.CutPrefix(id, first)
	for ok && strings.Contains(rest, "*") {
		var piece string
		piece, rest, _ = strings.Cut(rest, "*")
		_, id, ok = strings.Cut(id, piece)
	}
	return ok && strings.HasSuffix(id, rest)
}
