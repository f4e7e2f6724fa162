package message

import (
	"errors"
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// A FuzzyMatcher looks for the words of a text in a stream of UTF-8, as somebody
// does who remembers them roughly (RFC 6203). All of them must be there, in
// whatever order. Case and accents count for nothing; a word may lack its end,
// and words of four letters or more may have a letter wrong, missing, too many
// or two letters changed about, those of eight or more two such mistakes. Where
// a script has no spaces each character is a word.
//
// It is an io.Writer; the stream may be cut anywhere. It takes time linear in
// the stream and little memory.
type FuzzyMatcher struct {
	needle [][]rune
	best   []int // how similar the words were that came closest
	next   int   // words of the needle that have come one after the other
	phrase bool  // all have, exactly

	word    []rune // that is being read
	partial []byte // of a character that was cut
	rows    [3][maxFuzzyWord + 1]int
}

// Bounds of fuzzy matching: words of a needle, and characters of a word that
// are looked at.
const (
	maxFuzzyWords = 32
	maxFuzzyWord  = 40
)

// What a word scores by how similar it is.
const (
	sameWord     = 100
	startOfWord  = 85
	oneMistake   = 65
	twoMistakes  = 45
	otherOrder   = 90 // the most, if the words do not follow each other
	minimumScore = 1
)

// NewFuzzyMatcher returns a matcher for the first words of a needle, nil if it
// has none.
func NewFuzzyMatcher(needle string) *FuzzyMatcher {
	var words [][]rune
	m := &FuzzyMatcher{}
	m.scan([]byte(needle), func(word []rune) {
		if len(words) < maxFuzzyWords {
			words = append(words, append([]rune(nil), word...))
		}
	})
	if len(words) == 0 {
		return nil
	}
	return &FuzzyMatcher{needle: words, best: make([]int, len(words))}
}

// errFuzzyFound ends a stream in which nothing better can come.
var errFuzzyFound = errors.New("message: all words are there")

// Write takes more of the stream.
func (m *FuzzyMatcher) Write(p []byte) (int, error) {
	if m.phrase {
		return 0, errFuzzyFound
	}
	n := len(p)
	if len(m.partial) > 0 {
		p = append(m.partial, p...)
		m.partial = nil
	}
	cut := len(p)
	for i := 1; i < utf8.UTFMax && i <= len(p); i++ {
		if utf8.RuneStart(p[len(p)-i]) {
			if !utf8.FullRune(p[len(p)-i:]) {
				cut = len(p) - i
			}
			break
		}
	}
	m.partial = append(m.partial, p[cut:]...)
	m.runes(p[:cut], m.take)
	return n, nil
}

// Score returns how well the stream matched, from 1 to 100, and zero if it did
// not. It ends the stream: what is written next is another.
func (m *FuzzyMatcher) Score() int {
	m.endWord(m.take)
	score, all := 0, true
	for i, b := range m.best {
		score += b
		all = all && b > 0
		m.best[i] = 0
	}
	phrase := m.phrase
	m.phrase, m.next, m.partial = false, 0, nil
	switch score /= len(m.needle); {
	case !all:
		return 0
	case phrase || len(m.needle) == 1:
		return max(score, minimumScore)
	}
	return min(score, otherOrder)
}

// scan calls fn for each word of a text.
func (m *FuzzyMatcher) scan(text []byte, fn func([]rune)) {
	m.runes(text, fn)
	m.endWord(fn)
}

// runes reads a text up to a word that may go on.
func (m *FuzzyMatcher) runes(text []byte, fn func([]rune)) {
	for len(text) > 0 {
		if c := text[0]; c < utf8.RuneSelf {
			m.ascii(c, fn)
			text = text[1:]
			continue
		}
		_, size := utf8.DecodeRune(text)
		for _, r := range string(norm.NFKD.Append(nil, text[:size]...)) {
			m.char(r, fn)
		}
		text = text[size:]
	}
}

func (m *FuzzyMatcher) ascii(c byte, fn func([]rune)) {
	switch {
	case c >= 'A' && c <= 'Z':
		m.add(rune(c) | 0x20)
	case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		m.add(rune(c))
	default:
		m.endWord(fn)
	}
}

// char takes a decomposed character: marks are passed over.
func (m *FuzzyMatcher) char(r rune, fn func([]rune)) {
	switch {
	case unicode.Is(unicode.Mn, r):
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai):
		m.endWord(fn)
		m.add(r)
		m.endWord(fn)
	case unicode.IsLetter(r), unicode.IsDigit(r):
		m.add(unicode.ToLower(unicode.ToUpper(r)))
	default:
		m.endWord(fn)
	}
}

func (m *FuzzyMatcher) add(r rune) {
	if len(m.word) < maxFuzzyWord {
		m.word = append(m.word, r)
	}
}

func (m *FuzzyMatcher) endWord(fn func([]rune)) {
	if len(m.word) > 0 {
		fn(m.word)
		m.word = m.word[:0]
	}
}

// take compares a word of the stream with those of the needle.
func (m *FuzzyMatcher) take(word []rune) {
	for i, needle := range m.needle {
		if m.best[i] < sameWord {
			m.best[i] = max(m.best[i], m.similarity(needle, word))
		}
	}
	switch {
	case slices.Equal(word, m.needle[m.next]):
		m.next++
	case slices.Equal(word, m.needle[0]):
		m.next = 1
	default:
		m.next = 0
	}
	if m.next == len(m.needle) {
		m.phrase, m.next = true, 0
	}
}

// similarity returns how similar a word is to one of the needle, zero if not
// enough.
func (m *FuzzyMatcher) similarity(needle, word []rune) int {
	if len(needle) <= len(word) && slices.Equal(word[:len(needle)], needle) {
		switch {
		case len(needle) == len(word):
			return sameWord
		case len(needle) >= 3:
			return startOfWord
		}
	}
	allowed := 0
	switch {
	case len(needle) >= 8:
		allowed = 2
	case len(needle) >= 4:
		allowed = 1
	}
	if allowed == 0 || len(word) > len(needle)+allowed || len(needle) > len(word)+allowed {
		return 0
	}
	switch d := m.distance(needle, word, allowed); {
	case d > allowed:
		return 0
	case d == 1:
		return oneMistake
	}
	return twoMistakes
}

// distance returns how many mistakes make b of a, something larger than limit
// if there are more than that: the optimal string alignment distance.
func (m *FuzzyMatcher) distance(a, b []rune, limit int) int {
	before, last, row := &m.rows[0], &m.rows[1], &m.rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			d := last[j-1]
			if a[i-1] != b[j-1] {
				d++
			}
			d = min(d, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			row[j] = d
			least = min(least, d)
		}
		if least > limit {
			return least
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
