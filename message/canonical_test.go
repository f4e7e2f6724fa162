package message

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/collation"
)

var collations = []collation.Collation{collation.UnicodeCasemap, collation.ASCIICasemap, collation.Octet}

// TestUpperASCII8 compares with one octet at a time: each in each place, beside
// those that sums could reach.
func TestUpperASCII8(t *testing.T) {
	t.Parallel()
	for c := range byte(0x80) {
		for at := range 8 {
			for _, beside := range []byte{0, 'a', 'z', 0x7f} {
				text := strings.Repeat(string(rune(beside)), at) + string(rune(c)) + strings.Repeat(string(rune(beside)), 7-at)
				got := []byte(text)
				foldASCII(got, collation.ASCIICasemap)
				if want := strings.ToUpper(text); string(got) != want {
					t.Fatalf("%q becomes %q, not %q", text, got, want)
				}
			}
		}
	}
}

// TestFieldAppendCanonical compares with the steps that it goes in one.
func TestFieldAppendCanonical(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"a", "Word of Eight", "ZEBRA", "[list] re: ", " ", "\t", "\r\n ", "\r\n\t", "\n ", "\r", "\x00", "\x7f", "=", "?", "=?",
		"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "=?bad?q?x?=", "ä", "\u212a", "ＡＢ", "한", "\xff", "\xc3", "e\u0301", "日本",
	}
	rapid.Check(t, func(rt *rapid.T) {
		value := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 8).Draw(rt, "pieces"), "")
		by := rapid.SampledFrom(collations).Draw(rt, "collation")
		for f := range Header("Subject:" + value + "\r\n").Fields() {
			got := string(f.AppendCanonical([]byte("before"), by))
			if want := "before" + canonicalSlowly(by, DecodeHeader(f.Text())); got != want {
				rt.Fatalf("%q by %v: %q, want %q", f.Raw, by, got, want)
			}
		}
	})
}

// canonicalSlowly is AppendCanonical, a character at a time.
func canonicalSlowly(by collation.Collation, text string) string {
	var form []byte
	for _, r := range text { // what is not UTF-8 is utf8.RuneError
		form = appendForm(form, by, r)
	}
	return string(form)
}

func BenchmarkCanonical(b *testing.B) {
	for _, bench := range []struct{ name, value string }{
		{"plain", " Re: [list] conversation 4711 about things\r\n"},
		{"folded", " Ann Other <ann@example.test>,\r\n Bob Other <bob@example.test>\r\n"},
		{"encoded", " =?utf-8?q?Gr=C3=BC=C3=9Fe?= aus Wien\r\n"},
	} {
		for f := range Header("Subject:" + bench.value).Fields() {
			b.Run(bench.name, func(b *testing.B) {
				b.ReportAllocs()
				var dst []byte
				for b.Loop() {
					dst = f.AppendCanonical(dst[:0], collation.UnicodeCasemap)
				}
			})
			b.Run(bench.name+"/in-steps", func(b *testing.B) {
				b.ReportAllocs()
				var dst []byte
				for b.Loop() {
					dst = AppendCanonical(dst[:0], collation.UnicodeCasemap, DecodeHeader(f.Text()))
				}
			})
		}
	}
}
