package collation_test

import (
	"bytes"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/mailstead/mailstead/collation"
)

func TestCanonicalForms(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		c       collation.Collation
		s, want string
	}{
		{collation.UnicodeCasemap, "Hello, world 1", "HELLO, WORLD 1"},
		{collation.UnicodeCasemap, "grüße", "GRU\u0308ßE"},
		// The example of RFC 5051 §2.
		{collation.UnicodeCasemap, "\u01c4", "D" + "z\u030c"},
		{collation.UnicodeCasemap, "\u01c6", "D" + "z\u030c"},
		{collation.UnicodeCasemap, "\u212a", "K"}, // Kelvin
		{collation.UnicodeCasemap, "\ufb01", "fi"},
		{collation.UnicodeCasemap, "Ǻ", "A\u030a\u0301"},
		{collation.UnicodeCasemap, "한국", norm.NFKD.String("한국")},
		{collation.UnicodeCasemap, "a\xffb", "a\xffb"},
		{collation.ASCIICasemap, "grüße\xff", "GRüßE\xff"},
		{collation.Octet, "Grüße\xff", "Grüße\xff"},
	} {
		if got := string(one.c.Append(nil, one.s)); got != one.want {
			t.Errorf("%v of %q is %q, want %q", one.c, one.s, got, one.want)
		}
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	// Strings of RFC 5255 §4.6 that are UTF-8 come in that order.
	for _, one := range []struct {
		c            collation.Collation
		less, larger string
	}{
		{collation.UnicodeCasemap, "Алексей", "сЕРГЕЙ"},
		{collation.UnicodeCasemap, "apple", "Banana"},
		{collation.ASCIICasemap, "apple", "Banana"},
		{collation.Octet, "Banana", "apple"},
		{collation.UnicodeCasemap, "", "a"},
	} {
		if bytes.Compare(one.c.Append(nil, one.less), one.c.Append(nil, one.larger)) >= 0 {
			t.Errorf("%v: %q does not come before %q", one.c, one.less, one.larger)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		pattern string
		want    []string
		bad     bool
	}{
		{pattern: "i;octet", want: []string{"i;octet"}},
		{pattern: "+i;octet", want: []string{"i;octet"}},
		{pattern: "-i;octet", want: []string{"-i;octet"}},
		{pattern: "default", want: []string{"i;unicode-casemap"}},
		{pattern: "*", want: []string{"i;unicode-casemap", "i;ascii-casemap", "i;octet"}},
		{pattern: "-*casemap", want: []string{"-i;unicode-casemap", "-i;ascii-casemap"}},
		{pattern: "i;*-case*", want: []string{"i;unicode-casemap", "i;ascii-casemap"}},
		{pattern: "*i;octet*", want: []string{"i;octet"}},
		{pattern: "*octet*tet", want: nil},
		{pattern: "i;ascii-numeric", want: nil},
		{pattern: "cz;*", want: nil},
		{pattern: "", bad: true},
		{pattern: "-", bad: true},
		{pattern: "+-i;octet", bad: true},
		{pattern: "1;octet", bad: true},
		{pattern: "i;**", bad: true},
		{pattern: "i;octet x", bad: true},
		{pattern: "i;" + string(bytes.Repeat([]byte("x"), 300)), bad: true},
	} {
		found, ok := collation.Match(one.pattern)
		if ok == one.bad || len(found) != len(one.want) {
			t.Errorf("%q: %v, %v, want %v", one.pattern, found, ok, one.want)
			continue
		}
		for i, o := range found {
			if o.String() != one.want[i] {
				t.Errorf("%q: %v, want %v", one.pattern, found, one.want)
			}
		}
	}
}

// FuzzAppend wants a form that does not change when it is made again, but for
// what decomposes into lower case (RFC 5051 §2), and runes that make strings.
func FuzzAppend(f *testing.F) {
	for _, s := range []string{"", "Grüße", "\u01c4", "\xff", "한국어", "ǆﬁ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, c := range []collation.Collation{collation.UnicodeCasemap, collation.ASCIICasemap, collation.Octet} {
			got := c.Append([]byte("x"), s)
			if got[0] != 'x' || (len(got) == 1) != (s == "") {
				t.Errorf("%v of %q is %q", c, s, got)
			}
		}
	})
}
