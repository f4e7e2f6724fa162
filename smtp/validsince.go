package smtp

import (
	"strings"
	"time"
)

// ValidSince is the value of RRVS: the recipient's mailbox must have belonged
// to the same owner since a time (RFC 7293 §3). The zero value asks nothing.
type ValidSince struct {
	Time time.Time
	// Continue lets the message go on to a server that does not know the
	// extension; else it is refused there.
	Continue bool `json:",omitempty"`
}

// IsZero tells whether v asks nothing.
func (v ValidSince) IsZero() bool { return v.Time.IsZero() }

// String returns the value of RRVS, such as "2014-04-03T23:01:00Z;C".
func (v ValidSince) String() string {
	if v.Continue {
		return formatDateTime(v.Time) + ";C"
	}
	return formatDateTime(v.Time) + ";R"
}

// parseValidSince reads date-time [";" ("C" / "R")]; R is the default.
func parseValidSince(s string) (ValidSince, bool) {
	date, action, given := strings.Cut(s, ";")
	v := ValidSince{Continue: strings.EqualFold(action, "C")}
	if given && !v.Continue && !strings.EqualFold(action, "R") {
		return ValidSince{}, false
	}
	var ok bool
	v.Time, ok = parseDateTime(date)
	return v, ok
}
