package message

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A finder looks for part of a needle in octets at hand, many times as fast as
// the matcher's automaton: it looks for the part's rarest octet with the
// processor's wide instructions and compares only around it.
//
// The part is a run of characters that the text can hold in one form only, but
// for the case of ASCII letters. Two characters beyond ASCII fold to ASCII
// letters, see [finder.beyond].
type finder struct {
	run          []byte // folded
	rare         int    // index in run of the octet that mail has least of
	lower, upper byte   // that octet in either case
	kelvin, long bool   // whether the needle has a k, an s
	exact        bool   // the run is the whole needle
	reach        int    // no text that matches the needle has more octets
}

// maxRun bounds what is compared at each place that looks promising, and so
// the time that a text made to look promising everywhere can cost.
const maxRun = 32

// newFinder returns a finder for a folded needle, nil if it has no run.
func newFinder(needle []byte) *finder {
	run := longestRun(needle)
	if len(run) == 0 {
		return nil
	}
	f := &finder{
		run:    run,
		kelvin: bytes.IndexByte(needle, 'k') >= 0,
		long:   bytes.IndexByte(needle, 's') >= 0,
		exact:  len(run) == len(needle),
		reach:  utf8.UTFMax * utf8.RuneCount(needle),
	}
	for i, c := range run {
		if rarity(c) > rarity(run[f.rare]) {
			f.rare = i
		}
	}
	f.lower, f.upper = run[f.rare], upperASCII(run[f.rare])
	return f
}

// longestRun returns the longest part of needle, up to maxRun, that stands in a
// text as it stands here, but for the case of ASCII letters.
func longestRun(needle []byte) []byte {
	var best []byte
	for start, end := 0, 0; end < len(needle); {
		r, size := utf8.DecodeRune(needle[end:])
		end += size
		if !hasOneForm(r) {
			start = end
			continue
		}
		if n := end - start; n > len(best) && n <= maxRun {
			best = needle[start:end]
		}
	}
	return best
}

// hasOneForm tells whether nothing but r folds to r, apart from ASCII. What is
// not UTF-8 folds to the replacement character.
func hasOneForm(r rune) bool {
	return r < utf8.RuneSelf || r != utf8.RuneError && unicode.SimpleFold(r) == r
}

// rarity tells how rare an octet is in mail, larger for the rarer ones.
func rarity(c byte) int {
	const common = " etaoinsrhldcumfpgwyb\n\r.,vk0-12/=:<>\"3456789x_jqz"
	switch i := strings.IndexByte(common, c); {
	case i >= 0:
		return i
	case c < utf8.RuneSelf:
		return len(common)
	case utf8.RuneStart(c):
		return len(common) / 2 // a whole script may share it
	}
	return len(common) - 1
}

func upperASCII(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c &^ 0x20
	}
	return c
}

// beyond tells whether p holds the Kelvin sign or the long s, which a run
// knows nothing of, and the needle has their letter.
func (f *finder) beyond(p []byte) bool {
	return f.kelvin && bytes.Contains(p, kelvinSign) || f.long && bytes.Contains(p, longS)
}

// Constants in fact.
var (
	kelvinSign = []byte("\u212a")
	longS      = []byte("\u017f")
)

// index returns where the run is first in p, or -1.
func (f *finder) index(p []byte) int {
	// The rare octet of the run stands before end.
	end := max(0, len(p)-(len(f.run)-1-f.rare))
	lower := f.rare - 1 // the last place where the lower case was found
	for from := f.rare; from < end; {
		if lower < from {
			lower = next(p[:end], from, f.lower)
		}
		at := lower
		if f.upper != f.lower {
			at = next(p[:lower], from, f.upper)
		}
		if at == end {
			return -1
		}
		if start := at - f.rare; equalFolded(p[start:start+len(f.run)], f.run) {
			return start
		}
		from = at + 1
	}
	return -1
}

// next returns the index of the first c in p from an index on, or the length
// of p.
func next(p []byte, from int, c byte) int {
	if i := bytes.IndexByte(p[from:], c); i >= 0 {
		return from + i
	}
	return len(p)
}

// equalFolded tells whether p, with its ASCII letters folded, is run.
func equalFolded(p, run []byte) bool {
	for i, c := range run {
		if lowerASCII(p[i]) != c {
			return false
		}
	}
	return true
}
