package imap

import "strings"

// A Flag is a mark on a message: a system flag begins with a backslash, any
// other is a keyword. Flags are compared without regard to ASCII case: use
// [Flag.Equal] or [Flag.Key], not ==, for flags that were not made canonical
// (RFC 9051 §2.3.2).
type Flag string

// System flags.
const (
	FlagSeen     Flag = `\Seen`
	FlagAnswered Flag = `\Answered`
	FlagFlagged  Flag = `\Flagged`
	FlagDeleted  Flag = `\Deleted`
	FlagDraft    Flag = `\Draft`
	// FlagRecent is set by the server alone and exists only in IMAP4rev1
	// (RFC 3501 §2.3.2).
	FlagRecent Flag = `\Recent`
	// FlagAny stands only in PERMANENTFLAGS: new keywords may be made.
	FlagAny Flag = `\*`
)

// Registered keywords of general use (RFC 9051 §2.3.2, RFC 5788, RFC 8457).
const (
	FlagForwarded Flag = "$Forwarded"
	FlagMDNSent   Flag = "$MDNSent"
	FlagJunk      Flag = "$Junk"
	FlagNotJunk   Flag = "$NotJunk"
	FlagPhishing  Flag = "$Phishing"
	FlagImportant Flag = "$Important"
	FlagSubmitted Flag = "$Submitted"
	// FlagSubmitPending is on a message that a client is about to submit
	// (RFC 5550 §5.10).
	FlagSubmitPending Flag = "$SubmitPending"
)

// Canonical returns f in its registered spelling if it is a system flag or a
// registered keyword, else f as it is: the first spelling of a keyword is kept.
func (f Flag) Canonical() Flag {
	if f == "" || f[0] != '\\' && f[0] != '$' {
		return f
	}
	for _, known := range [...]Flag{
		FlagSeen, FlagAnswered, FlagFlagged, FlagDeleted, FlagDraft, FlagRecent,
		FlagForwarded, FlagMDNSent, FlagJunk, FlagNotJunk, FlagPhishing,
		FlagImportant, FlagSubmitted, FlagSubmitPending,
	} {
		if f == known || f.Equal(known) {
			return known
		}
	}
	return f
}

// Equal reports whether f and g are the same flag.
func (f Flag) Equal(g Flag) bool {
	return len(f) == len(g) && strings.EqualFold(string(f), string(g))
}

// Key returns f in lower case: equal flags have equal keys.
func (f Flag) Key() string { return strings.ToLower(string(f)) }

// IsKeyword reports whether f is a keyword, not a system flag.
func (f Flag) IsKeyword() bool { return f != "" && f[0] != '\\' }

// Valid reports whether f can be stored on a message by a client: a keyword
// that is an atom, or one of the five system flags. \Recent cannot.
func (f Flag) Valid() bool {
	if f == "" {
		return false
	}
	if f[0] != '\\' {
		return isAtom(string(f))
	}
	switch f.Canonical() {
	case FlagSeen, FlagAnswered, FlagFlagged, FlagDeleted, FlagDraft:
		return true
	}
	return false
}

// isAtom reports whether s is an atom (RFC 9051 §9).
func isAtom(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ' || c >= 0x7f:
			return false
		case strings.IndexByte(`(){%*"\]`, c) >= 0:
			return false
		}
	}
	return s != ""
}
