package message

import "strings"

// skipSpace returns the index of the first octet of s from i that is not white
// space.
func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\r' || s[i] == '\n') {
		i++
	}
	return i
}

// skipCFWS skips white space and comments (RFC 5322 §3.2.2). A comment that
// does not end takes the rest of s.
func skipCFWS(s string, i int) int {
	for {
		i = skipSpace(s, i)
		if i >= len(s) || s[i] != '(' {
			return i
		}
		i = commentEnd(s, i)
		if i < 0 {
			return len(s)
		}
	}
}

// commentEnd returns the index after the comment that starts at i, or -1 if it
// does not end.
func commentEnd(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// quotedEnd returns the index after the quoted-string that starts at i, or -1
// if it does not end.
func quotedEnd(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// unquotePairs undoes the quoted-pairs in s (RFC 5322 §3.2.1).
func unquotePairs(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}

// isTokenByte tells whether c may stand in a token (RFC 2045 §5.1); octets
// above 127 may, for leniency.
func isTokenByte(c byte) bool {
	return c > ' ' && c != 0x7f && strings.IndexByte(`()<>@,;:\"/[]?=`, c) < 0
}

// tokenEnd returns the index after the token that starts at i.
func tokenEnd(s string, i int) int {
	for i < len(s) && isTokenByte(s[i]) {
		i++
	}
	return i
}

// firstToken returns the first token of s.
func firstToken(s string) string {
	start := skipCFWS(s, 0)
	return s[start:tokenEnd(s, start)]
}
