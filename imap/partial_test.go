package imap_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/imap"
)

func TestPartialRange(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		p        imap.PartialRange
		n        uint32
		text     string
		from, to uint32
	}{
		{imap.PartialRange{First: 1, Last: 500}, 23764, "1:500", 1, 500},
		{imap.PartialRange{First: 23500, Last: 24000}, 23764, "23500:24000", 23500, 23764},
		{imap.PartialRange{First: 24000, Last: 24500}, 23764, "24000:24500", 1, 0},
		{imap.PartialRange{First: 500, Last: 400}, 1000, "500:400", 400, 500},
		{imap.PartialRange{First: 1, Last: 100, FromEnd: true}, 23764, "-1:-100", 23665, 23764},
		{imap.PartialRange{First: 3, Last: 2, FromEnd: true}, 2, "-3:-2", 1, 1},
		{imap.PartialRange{First: 3, Last: 4, FromEnd: true}, 2, "-3:-4", 1, 0},
		{imap.PartialRange{First: 1, Last: ^uint32(0)}, 0, "1:4294967295", 1, 0},
	} {
		from, to := one.p.Places(one.n)
		if from != one.from || to != one.to || one.p.String() != one.text {
			t.Errorf("%v of %d is %d to %d, want %d to %d", one.p, one.n, from, to, one.from, one.to)
		}
	}
}

// TestSetPlaces compares Places with a slice of the numbers.
func TestSetPlaces(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		set := imap.SetOf(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) imap.UID {
			return imap.UID(rapid.Uint32Range(1, 40).Draw(t, "uid"))
		}), 0, 20).Draw(t, "uids")...)
		from, to := rapid.Uint32Range(0, 25).Draw(t, "from"), rapid.Uint32Range(0, 25).Draw(t, "to")
		var want []imap.UID
		place := uint32(0)
		for uid := range set.All() {
			if place++; place >= from && place <= to {
				want = append(want, uid)
			}
		}
		if got := slices.Collect(set.Places(from, to).All()); !slices.Equal(got, want) {
			t.Fatalf("places %d to %d of %v: %v, want %v", from, to, set, got, want)
		}
	})
}

// TestSetMinus compares Minus with a map.
func TestSetMinus(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) imap.UIDSet {
			return imap.SetOf(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) imap.UID {
				return imap.UID(rapid.Uint32Range(1, 30).Draw(t, "uid"))
			}), 0, 25).Draw(t, name)...)
		}
		a, b := draw("a"), draw("b")
		var want imap.UIDSet
		for uid := range a.All() {
			if !b.Contains(uid) {
				want.Add(uid)
			}
		}
		if got := a.Minus(b); !slices.Equal(got, want) {
			t.Fatalf("%v minus %v is %v, want %v", a, b, got, want)
		}
	})
}
