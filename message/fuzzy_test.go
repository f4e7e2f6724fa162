package message

import (
	"slices"
	"strings"
	"testing"
)

func TestFuzzyMatcher(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		needle, text string
		want         int
	}{
		// The examples of RFC 6203 §3 and §4.
		{"IMAP break", "IMAP break", 100}, {"IMAP break", "broken IMAP", 0}, {"IMAP breaks", "the break in IMAP", 82},
		{"Helo", "hello", 65}, {"Helo", "help", 65}, {"Helo", "Helo", 100}, {"Helo", "help hello helo", 100},
		// Case, accents, widths.
		{"strasse", "STRASSE", 100}, {"jurgen", "J\u00fcrgen", 100}, {"Ju\u0308rgen", "jurgen", 100}, {"\uff21bc", "abc", 100},
		// Mistakes by length.
		{"cat", "cut", 0}, {"cats", "cast", 65}, {"meeting", "meetnig", 65}, {"meeting", "mtetng", 0},
		{"telephone", "telefone", 45}, {"telephone", "telefon", 0}, {"telephone", "telephones", 85},
		{"in", "inbox", 0}, {"inb", "inbox", 85}, {"inbox", "inb", 0},
		// All words, in whatever order.
		{"quarterly report", "the Report, quarterly", 90}, {"quarterly report", "the quarterly one", 0}, {"quarterly report", "my quarterly report!", 100},
		{"a b a b c", "a b a b a b c", 90},
		{"\u4f1a\u8b70", "\u660e\u65e5\u306e\u4f1a\u8b70\u5ba4", 100},
		{"x", "", 0}, {"x", "\xff\xfex", 100},
	} {
		m := NewFuzzyMatcher(one.needle)
		for size := 1; size < 7; size += 2 {
			for part := range slices.Chunk([]byte(one.text), size) {
				if _, err := m.Write(part); err != nil {
					break
				}
			}
			if got := m.Score(); got != one.want {
				t.Errorf("%q in %q by %d: %d, want %d", one.needle, one.text, size, got, one.want)
			}
		}
	}
	if NewFuzzyMatcher(" -- ") != nil {
		t.Error("a needle without words has a matcher")
	}
}

// FuzzFuzzyMatcher compares a stream in one piece with the same in many, and
// wants each word of a text to be found in it.
func FuzzFuzzyMatcher(f *testing.F) {
	f.Add("Gr\u00fc\u00dfe aus", "viele gru\u0308ssen aus Berlin", uint8(3))
	f.Add("a", strings.Repeat("x", 100), uint8(7))
	f.Add("\u0130 \ufb01", "\xc3\x28 \u0345", uint8(1))
	f.Fuzz(func(t *testing.T, needle, text string, size uint8) {
		m := NewFuzzyMatcher(needle)
		if m == nil {
			return
		}
		_, _ = m.Write([]byte(text))
		whole := m.Score()
		for part := range slices.Chunk([]byte(text), 1+int(size)) {
			_, _ = m.Write(part)
		}
		if got := m.Score(); got != whole || got < 0 || got > 100 {
			t.Errorf("%q in %q: %d in one piece, %d in many", needle, text, whole, got)
		}
		_, _ = m.Write([]byte(needle))
		if got := m.Score(); got == 0 {
			t.Errorf("%q is not in itself", needle)
		}
	})
}
