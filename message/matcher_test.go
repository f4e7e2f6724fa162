package message

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/collation"
)

func TestMatcher(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		needle, text string
		want         bool
	}{
		{"", "", true},
		{"", "x", true},
		{"a", "", false},
		{"hello", "Say HELLO to all", true},
		{"hello", "hell o", false},
		{"aab", "aaab", true},
		{"ababc", "abababc", true},
		{"straße", "STRAßE", true},
		{"ÄÖÜ", "xxäöüxx", true},
		{"äöü", "XXÄÖÜXX", true},
		{"привет", "Скажи ПРИВЕТ", true},
		{"ὀδυσσεύς", "ὈΔΥΣΣΕΎΣ", true},
		{"kelvin", "\u212aelvin", true},
		{"\u212aelvin", "KELVIN", true},
		{"miss", "mi\u017f\u017f", true},
		{"e\u0301t\u00e9", "ÉTE\u0301", true},
		{"ete", "\u00e9te", false},
		{"ete", "et\u00e9", true}, // the accent comes behind
		{"\ufb01n", "fin", false}, // RFC 5051: what decomposes keeps its case
		{"ＡＢ", "ab", true},
		{"한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8", true},
		{"日本", "今日本日", true},
		{"日本", "日 本", false},
		{"é", "\xe9", false},
		{"b", "\xff\xfeb", true},
		{"ex", strings.Repeat("E", 5000) + "X", true},
	} {
		if got := ContainsFold(test.text, test.needle); got != test.want {
			t.Errorf("%q in %.30q: %t", test.needle, test.text, got)
		}
		m := NewMatcher(test.needle)
		for i := range len(test.text) {
			_, _ = io.WriteString(m, test.text[i:i+1])
		}
		if m.Matched() != test.want {
			t.Errorf("%q in %.30q, octet by octet: %t", test.needle, test.text, m.Matched())
		}
		m.Reset()
		if m.Matched() != (test.needle == "") {
			t.Errorf("%q: matched after Reset", test.needle)
		}
	}
}

func TestMatcherBy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		c            collation.Collation
		needle, text string
		want         bool
	}{
		{collation.ASCIICasemap, "grün", "GRüN", true},
		{collation.ASCIICasemap, "grün", "GRÜN", false},
		{collation.ASCIICasemap, "kelvin", "\u212aelvin", false},
		{collation.Octet, "Grün", "xGrünx", true},
		{collation.Octet, "Grün", "xgrünx", false},
		{collation.Octet, "", "", true},
	} {
		if got := NewMatcherBy(test.c, test.needle).MatchString(test.text); got != test.want {
			t.Errorf("%v: %q in %q: %t", test.c, test.needle, test.text, got)
		}
	}
}

func TestMatcherStops(t *testing.T) {
	t.Parallel()
	m := NewMatcher("ab")
	if n, err := m.Write([]byte("xA")); n != 2 || err != nil {
		t.Error(n, err)
	}
	if n, err := m.Write([]byte("Bx")); n != 2 || err != io.ErrShortWrite {
		t.Error(n, err)
	}
}

// containsFoldPlainly is what a matcher should say, done in the plainest way.
func containsFoldPlainly(text, needle string) bool {
	return bytes.Contains(canonical(collation.UnicodeCasemap, text), canonical(collation.UnicodeCasemap, needle))
}

// TestMatcherAgainstFold compares with the plain way. Texts are long enough
// for the finder, and made of little else than what nearly matches.
func TestMatcherAgainstFold(t *testing.T) {
	t.Parallel()
	alphabet := rapid.SampledFrom([]rune{'a', 'A', 'b', 's', 'ſ', 'k', '\u212a', 'é', 'É', '\u0301', 'ﬁ', 'σ', 'ς', 'Σ', '日', '本', '1', utf8.RuneError, ' '})
	fillers := rapid.SampledFrom([]string{"", "a", "x", "日", "é", "ſ", "\xff", "\xe2\x84", "\x84\x84\x84\x84\x84", "ab", "Xyz "})
	rapid.Check(t, func(rt *rapid.T) {
		needle := string(rapid.SliceOfN(alphabet, 0, 6).Draw(rt, "needle"))
		var b strings.Builder
		for range rapid.IntRange(1, 4).Draw(rt, "pieces") {
			b.WriteString(strings.Repeat(fillers.Draw(rt, "filler"), rapid.IntRange(0, 60).Draw(rt, "times")))
			b.WriteString(string(rapid.SliceOfN(alphabet, 0, 8).Draw(rt, "text")))
			if rapid.Bool().Draw(rt, "planted") {
				b.WriteString(strings.ToUpper(needle))
			}
		}
		text := b.String()
		// The end of a character that never comes is no character.
		want := containsFoldPlainly(text+"\x00", needle)
		for _, size := range []int{1 + rapid.IntRange(0, 40).Draw(rt, "chunk"), max(1, len(text))} {
			m := NewMatcher(needle)
			for _, c := range split([]byte(text), size) {
				_, _ = m.Write(c)
			}
			_, _ = m.Write([]byte{0})
			if m.Matched() != want {
				rt.Fatalf("%q in %q by %d: %t", needle, text, size, m.Matched())
			}
		}
	})
}

// TestMatcherAcrossBlocks puts the needle around where the finder begins anew.
func TestMatcherAcrossBlocks(t *testing.T) {
	t.Parallel()
	for _, needle := range []string{"needle", "kiss", "größe", "日本語", "привет", strings.Repeat("long ", 20)} {
		m := NewMatcher(needle)
		for at := maxBlock - 4*len(needle); at < maxBlock+4; at++ {
			text := strings.Repeat("n", at) + strings.ToUpper(needle) + "more"
			if !m.MatchString(text) {
				t.Errorf("%q at %d is not found", needle, at)
			}
			m.Reset()
			if _, _ = m.Write([]byte(text)); !m.Matched() {
				t.Errorf("%q at %d is not found in one write", needle, at)
			}
		}
	}
}

func TestMatchString(t *testing.T) {
	t.Parallel()
	m := NewMatcher("Köln")
	for _, test := range []struct {
		text string
		want bool
	}{
		{"", false},
		{"aus KÖLN", true},
		{"aus Kö", false},
		{"ln", false}, // nothing is left over from the text before
		{strings.Repeat("x", 509) + "köln", true},
		{strings.Repeat("x", 511) + "kö", false},
	} {
		if got := m.MatchString(test.text); got != test.want {
			t.Errorf("in %.20q: %t", test.text, got)
		}
	}
}

func TestMatchStringDoesNotAllocate(t *testing.T) {
	m := NewMatcher("Köln")
	text := strings.Repeat("Bonn ", 300)
	if n := testing.AllocsPerRun(10, func() { m.MatchString(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzMatcher(f *testing.F) {
	f.Add("needle", []byte("some NEEDLE"), 3)
	f.Add("kiss", []byte("\u212aIſſ and more of it, so that it is long enough"), 7)
	f.Add("日本é", []byte("日本É and more of it, so that it is long enough for all"), 50)
	f.Fuzz(func(t *testing.T, needle string, text []byte, n int) {
		text = append(text, 0) // ends a character that is not whole
		want := containsFoldPlainly(string(text), needle)
		m := NewMatcher(needle)
		if whole := m.MatchString(string(text)); whole != want {
			t.Fatalf("%q in %q: %t, want %t", needle, text, whole, want)
		}
		for _, c := range split(text, max(1, n)) {
			_, _ = m.Write(c)
		}
		if m.Matched() != want {
			t.Fatalf("%q in %q: %t, cut %t", needle, text, want, m.Matched())
		}
	})
}

// TestCanonicalAgainstMatcher looks for needles in texts and in their forms.
func TestCanonicalAgainstMatcher(t *testing.T) {
	t.Parallel()
	text := rapid.StringOfN(rapid.SampledFrom([]rune("aAbſsk\u212aéÉ\u0301ﬁςΣ日한1 \ufffd")), 0, 12, -1)
	collations := rapid.SampledFrom([]collation.Collation{collation.UnicodeCasemap, collation.ASCIICasemap, collation.Octet})
	rapid.Check(t, func(rt *rapid.T) {
		c, needle, in := collations.Draw(rt, "collation"), text.Draw(rt, "needle"), text.Draw(rt, "text")
		want := NewMatcherBy(c, needle).MatchString(in)
		if got := bytes.Contains(AppendCanonical(nil, c, in), AppendCanonical(nil, c, needle)); got != want {
			rt.Fatalf("%v: %q in %q: %t, the matcher says %t", c, needle, in, got, want)
		}
	})
}
