package imap

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// A NumKind says what the numbers of a NumSet are.
type NumKind uint8

// Kinds of numbers.
const (
	NumSeq NumKind = iota
	NumUID
)

// Star stands for "*" in a NumRange: the largest number in use.
const Star uint32 = 0

// A NumRange is a range as a client wrote it: either end may be Star, and the
// ends may be in either order (RFC 9051 §9, seq-range).
type NumRange struct{ First, Last uint32 }

// A NumSet is a sequence set as a client wrote it, in its order. Only who owns
// the view of the mailbox can resolve it, by [NumSet.UIDs] or [NumSet.Seqs].
type NumSet struct {
	Kind   NumKind
	Ranges []NumRange
}

// ErrSeqRange says that a sequence number is beyond the view. The command ends
// with BAD (RFC 9051 §9, seq-number).
var ErrSeqRange = &Error{Type: StatusBad, Code: CodeClientBug, Text: "No such message sequence number"}

var errNumSet = errors.New("imap: not a sequence set")

// UIDs returns the UIDs that s, whose Kind is NumUID, means in a mailbox whose
// largest UID is highest, zero if it is empty. UIDs that name no message may
// be among them. "N:*" always includes highest, also if N is larger
// (RFC 9051 §6.4.9); in an empty mailbox "*" is nothing.
func (s NumSet) UIDs(highest UID) UIDSet { return resolve(s, highest) }

// Seqs returns the sequence numbers that s, whose Kind is NumSeq, means in a
// view of count messages, or ErrSeqRange if one of them, "*" in an empty view
// included, is not there.
func (s NumSet) Seqs(count SeqNum) (SeqSet, error) {
	for _, r := range s.Ranges {
		if count == 0 || r.First > uint32(count) || r.Last > uint32(count) {
			return nil, ErrSeqRange
		}
	}
	return resolve(s, count), nil
}

// SeqsWithin is Seqs for SEARCH, where numbers beyond the view are no error:
// they match nothing (RFC 7377 §2).
func (s NumSet) SeqsWithin(count SeqNum) SeqSet { return resolve(s, count) }

// resolve sorts before it merges, so that no order of ranges is slow.
func resolve[N Num](s NumSet, highest N) Set[N] {
	ranges := make(Set[N], 0, len(s.Ranges))
	for _, r := range s.Ranges {
		if highest == 0 && (r.First == Star || r.Last == Star) {
			continue
		}
		a, b := N(r.First), N(r.Last)
		if r.First == Star {
			a = highest
		}
		if r.Last == Star {
			b = highest
		}
		ranges = append(ranges, Range[N]{min(a, b), max(a, b)})
	}
	slices.SortFunc(ranges, func(a, b Range[N]) int { return cmp.Compare(a.Start, b.Start) })
	out := ranges[:0]
	for _, r := range ranges {
		out.AddRange(r.Start, r.Stop)
	}
	return out
}

// Dynamic reports whether s contains "*".
func (s NumSet) Dynamic() bool {
	for _, r := range s.Ranges {
		if r.First == Star || r.Last == Star {
			return true
		}
	}
	return false
}

// NumSetOf returns s as a client would write it.
func NumSetOf[N Num](s Set[N]) NumSet {
	var n N
	out := NumSet{Ranges: make([]NumRange, 0, len(s))}
	if _, ok := any(n).(UID); ok {
		out.Kind = NumUID
	}
	for _, r := range s {
		out.Ranges = append(out.Ranges, NumRange{uint32(r.Start), uint32(r.Stop)})
	}
	return out
}

// ParseNumSet parses the sequence-set of RFC 9051 §9, without "$".
func ParseNumSet(kind NumKind, s string) (NumSet, error) {
	set := NumSet{Kind: kind}
	for more := true; more; {
		var item string
		item, s, more = strings.Cut(s, ",")
		r, err := parseNumRange(item)
		if err != nil {
			return NumSet{}, err
		}
		set.Ranges = append(set.Ranges, r)
	}
	return set, nil
}

func parseNumRange(s string) (r NumRange, err error) {
	first, last, isRange := strings.Cut(s, ":")
	if r.First, err = parseSeqNumber(first); err != nil {
		return r, err
	}
	if !isRange {
		return NumRange{r.First, r.First}, nil
	}
	r.Last, err = parseSeqNumber(last)
	return r, err
}

// parseSeqNumber parses nz-number or "*".
func parseSeqNumber(s string) (uint32, error) {
	if s == "*" {
		return Star, nil
	}
	if s == "" || s[0] < '1' || s[0] > '9' {
		return 0, errNumSet
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0, errNumSet
	}
	return uint32(n), nil
}

// ParseSet parses a sequence set that has no "*", such as a server sends.
func ParseSet[N Num](s string) (Set[N], error) {
	raw, err := ParseNumSet(NumSeq, s)
	if err != nil {
		return nil, err
	}
	if raw.Dynamic() {
		return nil, errNumSet
	}
	return resolve[N](raw, 0), nil
}

// String returns s in the form of the grammar.
func (s NumSet) String() string {
	var b []byte
	for i, r := range s.Ranges {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendSeqNumber(b, r.First)
		if r.Last != r.First {
			b = appendSeqNumber(append(b, ':'), r.Last)
		}
	}
	return string(b)
}

func appendSeqNumber(b []byte, n uint32) []byte {
	if n == Star {
		return append(b, '*')
	}
	return strconv.AppendUint(b, uint64(n), 10)
}
