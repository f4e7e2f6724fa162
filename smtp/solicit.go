package smtp

import (
	"iter"
	"strings"
)

// A Solicitation is a list of keywords of classes of solicitation, such as
// "net.example:ADV,org.example:ADV:ADLT": the value of SOLICIT, of the header
// field Solicitation, and of NO-SOLICITING. The empty list is none.
type Solicitation string

const maxSolicitation = 1000 // characters (RFC 3865 §4.1)

// ParseSolicitation reads a list of keywords without white space. ok is false
// if it is empty, too long or no such list.
func ParseSolicitation(s string) (list Solicitation, ok bool) {
	if len(s) > maxSolicitation {
		return "", false
	}
	for keyword := range strings.SplitSeq(s, ",") {
		if !isSolicitationKeyword(keyword) {
			return "", false
		}
	}
	return Solicitation(s), true
}

// isSolicitationKeyword tells whether s is a letter, and then letters, digits
// and any of ".-_:" (RFC 3865 §4.1).
func isSolicitationKeyword(s string) bool {
	if s == "" || !isLetter(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i]; !isLetter(c) && !isDigit(c) && strings.IndexByte(".-_:", c) < 0 {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// Keywords returns the keywords one by one.
func (s Solicitation) Keywords() iter.Seq[string] {
	return func(yield func(string) bool) {
		if s == "" {
			return
		}
		for keyword := range strings.SplitSeq(string(s), ",") {
			if !yield(keyword) {
				return
			}
		}
	}
}

// Common returns the first keyword of s that is in the other list too, ""
// if there is none. Case does not matter.
func (s Solicitation) Common(other Solicitation) string {
	for keyword := range s.Keywords() {
		for o := range other.Keywords() {
			if strings.EqualFold(keyword, o) {
				return keyword
			}
		}
	}
	return ""
}
