package imap

import "strings"

// MatchMailbox reports whether the mailbox name matches pattern, in which "*"
// stands for any characters and "%" for any but delim (RFC 9051 §6.3.9). INBOX
// matches in any case. It takes time linear in len(name) for each wildcard.
func MatchMailbox(name, pattern string, delim rune) bool {
	d := string(delim)
	if delim == 0 {
		d = ""
	}
	if matchFrom(name, pattern, d) {
		return true
	}
	return name == Inbox && matchFrom(name, strings.ToUpper(pattern), d)
}

// matchFrom remembers the last "%" and the last "*" and returns to them when
// the rest does not fit; a later wildcard makes an earlier of its kind moot.
func matchFrom(name, pattern, delim string) bool {
	type mark struct{ n, p int }
	star, percent := mark{-1, -1}, mark{-1, -1}
	n, p := 0, 0
	for {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, percent = mark{n, p}, mark{-1, -1}
			p++
		case p < len(pattern) && pattern[p] == '%':
			percent = mark{n, p}
			p++
		case p < len(pattern) && n < len(name) && pattern[p] == name[n]:
			n++
			p++
		case p == len(pattern) && n == len(name):
			return true
		case percent.p >= 0 && percent.n < len(name) && !startsWith(name[percent.n:], delim):
			percent.n++
			n, p = percent.n, percent.p+1
		case star.p >= 0 && star.n < len(name):
			star.n++
			n, p, percent = star.n, star.p+1, mark{-1, -1}
		default:
			return false
		}
	}
}

func startsWith(s, delim string) bool { return delim != "" && strings.HasPrefix(s, delim) }
