package imap_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/imap"
)

// TestSetAgainstMap puts random ranges into a Set and into a map.
func TestSetAgainstMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var set imap.UIDSet
		model := make(map[imap.UID]bool)
		for range rapid.IntRange(0, 20).Draw(t, "ranges") {
			a := rapid.Uint32Range(0, 60).Draw(t, "a")
			b := rapid.Uint32Range(0, 60).Draw(t, "b")
			set.AddRange(imap.UID(a), imap.UID(b))
			for n := max(min(a, b), 1); n <= max(a, b); n++ {
				model[imap.UID(n)] = true
			}
		}
		if set.Count() != len(model) {
			t.Fatalf("%v has %d numbers, want %d", set, set.Count(), len(model))
		}
		for n := imap.UID(0); n < 70; n++ {
			if set.Contains(n) != model[n] {
				t.Fatalf("%v contains %d: %v", set, n, set.Contains(n))
			}
		}
		for i := 1; i < len(set); i++ {
			if set[i].Start <= set[i-1].Stop+1 {
				t.Fatalf("%v has ranges that touch", set)
			}
		}
		for n := range set.All() {
			if !model[n] {
				t.Fatalf("%v yields %d", set, n)
			}
		}
		back, err := imap.ParseSet[imap.UID](set.String())
		if len(set) > 0 && (err != nil || !slices.Equal(back, set)) {
			t.Fatalf("%v is parsed as %v, %v", set, back, err)
		}
	})
}

func TestSetAtTheEnd(t *testing.T) {
	t.Parallel()
	const top = imap.UID(1<<32 - 1)
	s := imap.SetOf(top, top-1, 1, 0)
	if got := s.String(); got != "1,4294967294:4294967295" {
		t.Fatal(got)
	}
	n := 0
	for range s.All() {
		n++
	}
	if n != 3 || s.Min() != 1 || s.Max() != top {
		t.Fatalf("%d numbers from %d to %d", n, s.Min(), s.Max())
	}
	both := s.Intersect(imap.UIDSet{{Start: 2, Stop: top - 1}})
	if both.String() != "4294967294" {
		t.Fatal(both)
	}
}

func TestNumSetResolution(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		set     string
		highest uint32
		uids    string
		seqs    string // "-" is an error
	}{
		{"1:*", 5, "1:5", "1:5"},
		{"*", 5, "5", "5"},
		{"*:2", 5, "2:5", "2:5"},
		{"7:*", 5, "5:7", "-"},
		{"4:2,3", 5, "2:4", "2:4"},
		{"6", 5, "6", "-"},
		{"1:*", 0, "", "-"},
		{"1", 0, "1", "-"},
	} {
		set, err := imap.ParseNumSet(imap.NumUID, test.set)
		if err != nil || set.String() != test.set {
			t.Fatalf("%s: %v, %v", test.set, set, err)
		}
		if got := set.UIDs(imap.UID(test.highest)).String(); got != test.uids {
			t.Errorf("%s of %d: UIDs %q, want %q", test.set, test.highest, got, test.uids)
		}
		seqs, err := set.Seqs(imap.SeqNum(test.highest))
		got := seqs.String()
		if err != nil {
			got = "-"
		}
		if got != test.seqs {
			t.Errorf("%s of %d: sequence numbers %q, want %q", test.set, test.highest, got, test.seqs)
		}
	}
}

func FuzzParseNumSet(f *testing.F) {
	for _, s := range []string{"1", "1:*", "*", "3:1,7", "4294967295", "0", "1,", ":", "01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		set, err := imap.ParseNumSet(imap.NumSeq, s)
		if err != nil {
			return
		}
		again, err := imap.ParseNumSet(imap.NumSeq, set.String())
		if err != nil || !slices.Equal(again.Ranges, set.Ranges) {
			t.Fatalf("%q becomes %q, then %v, %v", s, set, again, err)
		}
	})
}
