package message

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// A finder looks for part of a needle in ASCII, many times as fast as the
// matcher's automaton: it looks for the part's rarest octet with the processor's
// wide instructions and compares only around it.
type finder struct {
	run          []byte // ASCII in upper case
	rare         int    // index in run of the octet that mail has least of
	lower, upper byte   // that octet in either case
	exact        bool   // the run is the whole needle
}

// maxRun bounds what is compared at each place that looks promising, and so
// the time that a text made to look promising everywhere can cost.
const maxRun = 32

// newFinder returns a finder for a needle in canonical form. If that has no
// ASCII it can be nowhere in ASCII: the finder is nil, the automaton is as fast.
func newFinder(needle []byte) *finder {
	run := longestRun(needle)
	if len(run) == 0 {
		return nil
	}
	f := &finder{run: run, exact: len(run) == len(needle)}
	for i, c := range run {
		if rarity(lowerASCII(c)) > rarity(lowerASCII(run[f.rare])) {
			f.rare = i
		}
	}
	f.lower, f.upper = lowerASCII(run[f.rare]), run[f.rare]
	return f
}

// longestRun returns the longest part of needle, up to maxRun, that ASCII text
// can match. Lower case it cannot: it comes from the decomposition of other
// characters.
func longestRun(needle []byte) []byte {
	var best []byte
	start := 0
	for i, c := range needle {
		if c >= utf8.RuneSelf || c != upperASCII(c) {
			start = i + 1
			continue
		}
		if n := i + 1 - start; n > len(best) && n <= maxRun {
			best = needle[start : i+1]
		}
	}
	return best
}

// rarity tells how rare an octet is in mail, larger for the rarer ones.
func rarity(c byte) int {
	const common = " etaoinsrhldcumfpgwyb\n\r.,vk0-12/=:<>\"3456789x_jqz"
	if i := strings.IndexByte(common, c); i >= 0 {
		return i
	}
	return len(common)
}

func upperASCII(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c &^ 0x20
	}
	return c
}

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

// equalFolded tells whether p in upper case is run.
func equalFolded(p, run []byte) bool {
	for i, c := range run {
		if upperASCII(p[i]) != c {
			return false
		}
	}
	return true
}
