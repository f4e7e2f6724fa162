package imap

import (
	"errors"
	"strings"
	"testing"
)

func TestRightsOfRFC4314(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"":              "",
		"lrswida":       "lrswiteda",     // §2.1.1
		"lrswikda":      "lrswiktecda",   // §2.1.1
		"lrswicda":      "lrswikxtecda",  // §3.1
		"lrswipkxtecda": "lrswipkxtecda", // RFC 8440 §4
		"adcetxkpiwsrl": "lrswipkxtecda",
		"x":             "xc",
		"e":             "ed",
		"lrl":           "lr",
	} {
		rights, err := ParseRights(given)
		if err != nil || rights.String() != want {
			t.Errorf("%q: got %q and %v, want %q", given, rights, err, want)
		}
	}
}

func TestRightsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"q", "lrQ", "0", "l r", "ä", "+l", "\x00"} {
		_, err := ParseRights(given)
		var e *Error
		if !errors.As(err, &e) || e.Type != StatusBad {
			t.Errorf("%q: got %v, want BAD", given, err)
		}
	}
}

func TestRightsChange(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]string{
		"+cda": "lrswikxtecda", "-sw": "lri", "lr": "lr", "": "", "+": "lrswi", "-": "lrswi", "-lrswia": "",
	} {
		before, _ := ParseRights("lrswi")
		c, err := ParseRightsChange(change)
		if got := c.Apply(before).String(); err != nil || got != want {
			t.Errorf("%q: got %q and %v, want %q", change, got, err, want)
		}
	}
}

func TestChangeable(t *testing.T) {
	t.Parallel()
	flags := []Flag{FlagSeen, `\DELETED`, FlagDraft, "$Forwarded"}
	for rights, want := range map[string]string{
		"swt": `\Seen \DELETED \Draft $Forwarded`, "s": `\Seen`, "t": `\DELETED`, "w": `\Draft $Forwarded`, "lri": "",
	} {
		r, _ := ParseRights(rights)
		var got []string
		for _, f := range r.Changeable(flags) {
			got = append(got, string(f))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %q, want %q", rights, got, want)
		}
	}
}

// FuzzRights wants what was read to be read again from what is written.
func FuzzRights(f *testing.F) {
	for _, seed := range []string{"", "lrs", "+cda", "-lrswipkxtea", "lrQswicda", "++l"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseRightsChange(s)
		if err != nil {
			return
		}
		again, err := ParseRights(strings.NewReplacer("c", "", "d", "").Replace(c.Rights.String()))
		if err != nil || again != c.Rights {
			t.Errorf("%q: %q is read as %q, %v", s, c.Rights, again, err)
		}
	})
}
