package message

import (
	"io"
	"unicode/utf8"

	"github.com/mailstead/mailstead/collation"
)

// Matcher looks for a text in a stream of UTF-8, by a collation: most often
// i;unicode-casemap (RFC 5051), for which case does not matter, nor how an
// accent is written. It is an [io.Writer]; [Matcher.Matched] tells the outcome
// so far. The stream may be cut anywhere, even within a character.
//
// It takes time linear in the stream and memory as long as the needle. An
// automaton decides; most of an ASCII stream it never sees, because a [finder]
// passes over what cannot match.
type Matcher struct {
	collate collation.Collation
	needle  []byte // in canonical form
	find    *finder
	fail    []int // for each length matched: how much still matches after a miss
	state   int   // octets of the needle that match now
	matched bool
	rest    []byte // the start of a character whose end has not come
	form    []byte // scratch: the canonical form of a character
}

// NewMatcher returns a matcher for needle by i;unicode-casemap. An empty needle
// matches everything.
func NewMatcher(needle string) *Matcher {
	return NewMatcherBy(collation.UnicodeCasemap, needle)
}

// NewMatcherBy is NewMatcher for any collation.
func NewMatcherBy(c collation.Collation, needle string) *Matcher {
	m := &Matcher{collate: c, needle: canonical(c, needle), rest: make([]byte, 0, utf8.UTFMax)}
	m.fail = failures(m.needle)
	if c == collation.UnicodeCasemap {
		m.find = newFinder(m.needle)
	}
	m.matched = len(m.needle) == 0
	return m
}

// Matched tells whether the needle has been found.
func (m *Matcher) Matched() bool { return m.matched }

// Reset makes the matcher ready for another stream.
func (m *Matcher) Reset() {
	m.state, m.rest, m.matched = 0, m.rest[:0], len(m.needle) == 0
}

// maxBlock bounds what the finder looks through at once: after each place that
// looked promising it begins again.
const maxBlock = 16 << 10

// Write looks at the next octets. It returns [io.ErrShortWrite] once the needle
// has been found, so that the source need not be read further.
func (m *Matcher) Write(p []byte) (int, error) {
	for left := p; len(left) > 0 && !m.matched; {
		if len(m.rest) > 0 {
			m.rest = append(m.rest, left[0])
			left = left[1:]
			m.finishRune()
			continue
		}
		block := left[:min(len(left), maxBlock)]
		m.scan(block)
		left = left[len(block):]
	}
	if m.matched {
		return len(p), io.ErrShortWrite
	}
	return len(p), nil
}

// finishRune takes the character whose start was kept, if it is whole now.
func (m *Matcher) finishRune() {
	for len(m.rest) > 0 && utf8.FullRune(m.rest) {
		size := m.takeRune(m.rest)
		m.rest = append(m.rest[:0], m.rest[size:]...)
	}
}

// scan looks at p, which starts with a whole character: through the finder at
// what is ASCII, through the automaton at the rest.
func (m *Matcher) scan(p []byte) {
	if m.find == nil {
		m.take(p, len(p))
		return
	}
	for len(p) > 0 && !m.matched {
		n := asciiPrefix(p)
		m.scanASCII(p[:n])
		p = m.take(p[n:], nonASCIIPrefix(p[n:]))
	}
}

// scanASCII looks at p, which is ASCII.
func (m *Matcher) scanASCII(p []byte) {
	reach := len(m.needle)
	p = m.take(p, 0)
	for len(p) > reach && !m.matched {
		at := m.find.index(p)
		if at >= 0 && m.find.exact {
			m.matched = true
			return
		}
		if at < 0 {
			p = p[len(p)-reach:] // only the end can be the start of a match
			break
		}
		p = p[max(0, at-reach):]
		p = m.take(p, min(2*reach, len(p)))
	}
	m.take(p, len(p))
}

// nonASCIIPrefix returns how many octets at the start of b are not ASCII.
func nonASCIIPrefix(b []byte) int {
	for i, c := range b {
		if c < utf8.RuneSelf {
			return i
		}
	}
	return len(b)
}

// take lets the automaton have at least n octets of p, and more as long as they
// may be within a match. It returns the rest.
func (m *Matcher) take(p []byte, n int) []byte {
	end := len(p) - n
	for len(p) > 0 && !m.matched && (len(p) > end || m.state > 0) {
		if m.state == 0 && m.needle[0] >= utf8.RuneSelf {
			if skip := asciiPrefix(p); skip > 0 {
				p = p[skip:]
				continue
			}
		}
		if c := p[0]; c < utf8.RuneSelf {
			if m.collate != collation.Octet {
				c = upperASCII(c)
			}
			m.step(c)
			p = p[1:]
			continue
		}
		if !utf8.FullRune(p) {
			m.rest = append(m.rest[:0], p...)
			return nil
		}
		p = p[m.takeRune(p):]
	}
	return p
}

// runeBoundary returns the index of a character's start in p, at i or the few
// octets before. In a run of octets that start none, each stands for itself.
func runeBoundary(p []byte, i int) int {
	if i <= 0 {
		return 0
	}
	for back := range min(utf8.UTFMax, i+1) {
		if utf8.RuneStart(p[i-back]) {
			return i - back
		}
	}
	return i
}

// takeRune takes the character beyond ASCII that p starts with and returns its
// length.
func (m *Matcher) takeRune(p []byte) int {
	r, size := utf8.DecodeRune(p)
	m.form = appendForm(m.form[:0], m.collate, r)
	for _, c := range m.form {
		m.step(c)
	}
	return size
}

// canonical returns the canonical form of s as that of a stream: what is not
// UTF-8 counts as replacement characters.
func canonical(c collation.Collation, s string) []byte {
	return AppendCanonical(make([]byte, 0, len(s)), c, s)
}

// step takes one octet of canonical form (Knuth, Morris and Pratt).
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
