package collation

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A Collation is a way to compare strings. The zero value is UnicodeCasemap,
// the default (RFC 5255 §4.4). All have the operations equality, substring and
// ordering, and take any string for valid.
type Collation uint8

// Collations, the more widely useful ones first.
const (
	// UnicodeCasemap is i;unicode-casemap: titlecase, then compatibility
	// decomposition (RFC 5051 §2).
	UnicodeCasemap Collation = iota
	// ASCIICasemap is i;ascii-casemap: ASCII letters in upper case
	// (RFC 4790 §9.2).
	ASCIICasemap
	// Octet is i;octet: strings as they are (RFC 4790 §9.3).
	Octet

	collations
)

// String returns the collation's identifier.
func (c Collation) String() string {
	switch c {
	case UnicodeCasemap:
		return "i;unicode-casemap"
	case ASCIICasemap:
		return "i;ascii-casemap"
	}
	return "i;octet"
}

// Append appends the canonical form of s. Strings that are not UTF-8 stay as
// they are (RFC 5051 §2, step 1b).
func (c Collation) Append(dst []byte, s string) []byte {
	switch {
	case c == Octet:
		return append(dst, s...)
	case c == ASCIICasemap:
		for i := range len(s) {
			dst = append(dst, upperASCII(s[i]))
		}
		return dst
	case !utf8.ValidString(s):
		return append(dst, s...)
	}
	for _, r := range s {
		dst = AppendRune(dst, r)
	}
	return dst
}

// AppendRune appends the canonical form of one character in i;unicode-casemap:
// the form of a string is that of its characters, one after the other.
func AppendRune(dst []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		return append(dst, upperASCII(byte(r)))
	}
	r = unicode.ToTitle(r)
	if isHangul(r) {
		return appendJamo(dst, r)
	}
	var b [utf8.UTFMax]byte
	n := utf8.EncodeRune(b[:], r)
	if parts := norm.NFKD.Properties(b[:n]).Decomposition(); parts != nil {
		return append(dst, parts...)
	}
	return append(dst, b[:n]...)
}

func upperASCII(c byte) byte {
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	return c
}

// Hangul syllables are decomposed by arithmetic (Unicode §3.12), not by tables.
const (
	hangulFirst = 0xAC00
	hangulCount = 11172
	leadFirst   = 0x1100
	vowelFirst  = 0x1161
	tailFirst   = 0x11A7 // one before the first tail
	vowels      = 21
	tails       = 28
)

func isHangul(r rune) bool { return r >= hangulFirst && r < hangulFirst+hangulCount }

func appendJamo(dst []byte, r rune) []byte {
	i := r - hangulFirst
	dst = utf8.AppendRune(dst, leadFirst+i/(vowels*tails))
	dst = utf8.AppendRune(dst, vowelFirst+i%(vowels*tails)/tails)
	if tail := i % tails; tail > 0 {
		dst = utf8.AppendRune(dst, tailFirst+tail)
	}
	return dst
}
