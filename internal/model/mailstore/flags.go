package mailstore

import (
	"math/bits"

	"github.com/mailstead/mailstead/imap"
)

// A FlagBit is the place of a flag in [Flags]. The places of the system flags
// are the same everywhere, those of keywords belong to the mailbox: see
// [Mailbox.FlagBit].
type FlagBit uint8

// The places of the system flags (RFC 9051 §2.3.2).
const (
	Seen FlagBit = iota
	Answered
	Flagged
	Deleted
	Draft

	firstKeyword FlagBit = 8
	endOfFlags   FlagBit = 128
)

// MaxKeywords is how many keywords a mailbox can have in use at one time.
const MaxKeywords = int(endOfFlags - firstKeyword)

// systemFlags are the names of the system flags, by FlagBit.
func systemFlags() [5]imap.Flag {
	return [5]imap.Flag{imap.FlagSeen, imap.FlagAnswered, imap.FlagFlagged, imap.FlagDeleted, imap.FlagDraft}
}

// Flags is a set of flags of one message. It can be compared with ==. Its
// keywords mean something only together with the mailbox (see
// [Mailbox.AppendFlags]).
type Flags struct{ low, high uint64 }

// Has reports whether the flag at b is set.
func (f Flags) Has(b FlagBit) bool {
	if b < 64 {
		return f.low>>b&1 != 0
	}
	return f.high>>(b-64)&1 != 0
}

// Empty reports whether no flag is set.
func (f Flags) Empty() bool { return f == Flags{} }

func (f Flags) with(b FlagBit) Flags {
	if b < 64 {
		f.low |= 1 << b
	} else {
		f.high |= 1 << (b - 64)
	}
	return f
}

func (f Flags) union(g Flags) Flags { return Flags{f.low | g.low, f.high | g.high} }
func (f Flags) minus(g Flags) Flags { return Flags{f.low &^ g.low, f.high &^ g.high} }

// bits calls fn for each flag that is set, in rising order.
func (f Flags) each(fn func(FlagBit)) {
	for low := f.low; low != 0; low &= low - 1 {
		fn(FlagBit(bits.TrailingZeros64(low)))
	}
	for high := f.high; high != 0; high &= high - 1 {
		fn(FlagBit(64 + bits.TrailingZeros64(high)))
	}
}

// keywordsOnly is f without the system flags.
func (f Flags) keywordsOnly() Flags {
	f.low &^= 1<<firstKeyword - 1
	return f
}
