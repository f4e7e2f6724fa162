package message

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
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

// TestMatcherAgainstFold compares with the naive way.
func TestMatcherAgainstFold(t *testing.T) {
	t.Parallel()
	alphabet := rapid.SampledFrom([]rune{'a', 'A', 'b', 's', 'ſ', 'k', '\u212a', 'é', 'É', 'σ', 'ς', 'Σ', '日', ' '})
	rapid.Check(t, func(rt *rapid.T) {
		needle := string(rapid.SliceOfN(alphabet, 0, 4).Draw(rt, "needle"))
		text := string(rapid.SliceOfN(alphabet, 0, 40).Draw(rt, "text"))
		want := bytes.Contains(foldText(text), foldText(needle))
		m := NewMatcher(needle)
		for _, c := range split([]byte(text), rapid.IntRange(1, 5).Draw(rt, "chunk")) {
			_, _ = m.Write(c)
		}
		if m.Matched() != want {
			rt.Fatalf("%q in %q: %t", needle, text, m.Matched())
		}
	})
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
	f.Fuzz(func(t *testing.T, needle string, text []byte, n int) {
		whole := ContainsFold(string(text), needle)
		m := NewMatcher(needle)
		for _, c := range split(text, max(1, n)) {
			_, _ = m.Write(c)
		}
		if m.Matched() != whole {
			t.Fatalf("%q in %q: %t, cut %t", needle, text, whole, m.Matched())
		}
	})
}
