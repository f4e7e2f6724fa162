package message

import (
	"bytes"
	"io"
	"unicode"
	"unicode/utf8"
)

// Matcher looks for a text in a stream of UTF-8, whatever the case: both are
// compared after Unicode simple case folding, much as i;unicode-casemap (RFC
// 5051) has it. It is an [io.Writer]; [Matcher.Matched] tells the outcome so
// far. The stream may be cut anywhere, even within a character.
//
// It takes time linear in the stream, with a fast path for ASCII, and memory
// as long as the needle.
type Matcher struct {
	needle  []byte // folded
	fail    []int  // for each length matched: how much still matches after a miss
	state   int    // octets of the needle that match now
	matched bool
	rest    []byte // the start of a character whose end has not come
}

// NewMatcher returns a matcher for needle. An empty needle matches everything.
func NewMatcher(needle string) *Matcher {
	m := &Matcher{needle: foldText(needle), rest: make([]byte, 0, utf8.UTFMax)}
	m.fail = failures(m.needle)
	m.matched = len(m.needle) == 0
	return m
}

// Matched tells whether the needle has been found.
func (m *Matcher) Matched() bool { return m.matched }

// Reset makes the matcher ready for another stream.
func (m *Matcher) Reset() {
	m.state, m.rest, m.matched = 0, m.rest[:0], len(m.needle) == 0
}

// Write looks at the next octets. It returns [io.ErrShortWrite] once the needle
// has been found, so that the source need not be read further.
func (m *Matcher) Write(p []byte) (int, error) {
	n := len(p)
	for len(m.rest) > 0 && len(p) > 0 && !m.matched {
		m.rest = append(m.rest, p[0])
		p = p[1:]
		if utf8.FullRune(m.rest) {
			m.finishRune()
		}
	}
	if !m.matched {
		m.scan(p)
	}
	if m.matched {
		return n, io.ErrShortWrite
	}
	return n, nil
}

// finishRune takes the character that is whole now.
func (m *Matcher) finishRune() {
	for len(m.rest) > 0 && utf8.FullRune(m.rest) {
		size := m.takeRune(m.rest)
		m.rest = append(m.rest[:0], m.rest[size:]...)
	}
}

func (m *Matcher) scan(p []byte) {
	for len(p) > 0 && !m.matched {
		if m.state == 0 {
			if n := m.skippable(p); n > 0 {
				p = p[n:]
				continue
			}
		}
		if c := p[0]; c < utf8.RuneSelf {
			m.step(lowerASCII(c))
			p = p[1:]
			continue
		}
		if !utf8.FullRune(p) {
			m.rest = append(m.rest[:0], p...)
			return
		}
		p = p[m.takeRune(p):]
	}
}

// skipWindow bounds how far one look for the lower case goes in vain where the
// upper case is near.
const skipWindow = 256

// skippable returns how many octets at the start of p cannot begin a match.
func (m *Matcher) skippable(p []byte) int {
	p = p[:min(len(p), skipWindow)]
	first := m.needle[0]
	if first >= utf8.RuneSelf {
		return asciiPrefix(p)
	}
	lower := bytes.IndexByte(p, first)
	if lower < 0 {
		lower = len(p)
	}
	p = p[:lower]
	if upper := first &^ 0x20; 'a' <= first && first <= 'z' {
		if i := bytes.IndexByte(p, upper); i >= 0 {
			p = p[:i]
		}
	}
	// Two characters beyond ASCII fold to ASCII letters: look at each other one.
	if first == 'k' || first == 's' {
		return asciiPrefix(p)
	}
	return len(p)
}

// takeRune takes the character that p starts with and returns its length.
func (m *Matcher) takeRune(p []byte) int {
	r, size := utf8.DecodeRune(p)
	var folded [utf8.UTFMax]byte
	n := utf8.EncodeRune(folded[:], foldRune(r))
	for _, c := range folded[:n] {
		m.step(c)
	}
	return size
}

// step takes one folded octet (Knuth, Morris and Pratt).
func (m *Matcher) step(c byte) {
	for m.state > 0 && m.needle[m.state] != c {
		m.state = m.fail[m.state]
	}
	if m.needle[m.state] == c {
		m.state++
	}
	if m.state == len(m.needle) {
		m.matched = true
		m.state = 0
	}
}

// failures returns, for each prefix of needle, the length of the longest proper
// prefix of it that is also its suffix.
func failures(needle []byte) []int {
	fail := make([]int, len(needle)+1)
	k := 0
	for i := 1; i < len(needle); i++ {
		for k > 0 && needle[k] != needle[i] {
			k = fail[k]
		}
		if needle[k] == needle[i] {
			k++
		}
		fail[i+1] = k
	}
	return fail
}

// foldText folds s, as the matcher does with the stream.
func foldText(s string) []byte {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = utf8.AppendRune(b, foldRune(r))
	}
	return b
}

// foldRune returns one and the same character for all that differ only in case.
func foldRune(r rune) rune {
	if r < utf8.RuneSelf {
		return rune(lowerASCII(byte(r)))
	}
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if least < utf8.RuneSelf {
		return rune(lowerASCII(byte(least)))
	}
	return least
}

// MatchString tells whether the needle is in text, as a stream of its own, and
// leaves the matcher ready for another. It does not allocate.
func (m *Matcher) MatchString(text string) bool {
	m.Reset()
	var chunk [512]byte
	for len(text) > 0 && !m.matched {
		n := copy(chunk[:], text)
		_, _ = m.Write(chunk[:n]) // its only error is that the needle is found
		text = text[n:]
	}
	found := m.matched
	m.Reset()
	return found
}

// ContainsFold tells whether text contains needle, whatever the case, as
// [Matcher] does. Who asks for the same needle again should keep a matcher.
func ContainsFold(text, needle string) bool { return NewMatcher(needle).MatchString(text) }
