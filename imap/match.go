package imap

import "strings"

// MatchMailbox reports whether the mailbox name matches pattern, in which "*"
// stands for any characters and "%" for any but delim (RFC 9051 §6.3.9). INBOX
// matches in any case. It takes time in proportion to len(pattern) and to the
// square of len(name).
func MatchMailbox(name, pattern string, delim rune) bool {
	d := ""
	if delim != 0 {
		d = string(delim)
	}
	if matchPattern(name, CanonicalMailboxName(pattern, delim), d) {
		return true
	}
	return name == Inbox && matchPattern(name, strings.ToUpper(pattern), d)
}

// matchPattern runs through name once, keeping the set of all prefixes of
// pattern that match what has been read: no input makes it search back.
func matchPattern(name, pattern, delim string) bool {
	switch pattern {
	case "*":
		return true
	case "%":
		return delim == "" || !strings.Contains(name, delim)
	}
	literals := len(pattern) - strings.Count(pattern, "*") - strings.Count(pattern, "%")
	if literals > len(name) {
		return false
	}
	if len(pattern) > 2*literals+1 {
		pattern = oneOfEachRun(pattern)
	}
	reach := make([]bool, len(pattern)+1)
	reach[0] = true
	skipWildcards(reach, pattern)
	for i := range len(name) {
		atDelim := delim != "" && strings.HasPrefix(name[i:], delim)
		for p := len(pattern); p >= 0; p-- {
			stay := reach[p] && p < len(pattern) && (pattern[p] == '*' || pattern[p] == '%' && !atDelim)
			step := p > 0 && reach[p-1] && pattern[p-1] == name[i]
			reach[p] = stay || step
		}
		skipWildcards(reach, pattern)
	}
	return reach[len(pattern)]
}

// oneOfEachRun makes one wildcard of those that follow each other.
func oneOfEachRun(pattern string) string {
	short := make([]byte, 0, len(pattern))
	for i := range len(pattern) {
		last := len(short) - 1
		switch {
		case last < 0 || !isWildcard(short[last]) || !isWildcard(pattern[i]):
			short = append(short, pattern[i])
		case pattern[i] == '*':
			short[last] = '*'
		}
	}
	return string(short)
}

func isWildcard(c byte) bool { return c == '*' || c == '%' }

// skipWildcards lets each wildcard stand for nothing.
func skipWildcards(reach []bool, pattern string) {
	for p := range len(pattern) {
		if reach[p] && isWildcard(pattern[p]) {
			reach[p+1] = true
		}
	}
}
