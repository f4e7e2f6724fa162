package smtp

import (
	"strconv"
	"strings"
	"time"
)

// A ByMode says what becomes of a message that is not delivered in time
// (RFC 2852 §4).
type ByMode string

const (
	ByReturn ByMode = "R" // it is returned, and no longer tried
	ByNotify ByMode = "N" // its sender is told of the delay, and it is tried on
)

// By is the value of BY, a request to deliver within a time (RFC 2852 §4). The
// zero value is no request.
type By struct {
	// Within is how long the delivery may take from now on, whole seconds.
	// It is negative if the time has passed already, which only ByNotify
	// allows.
	Within time.Duration
	Mode   ByMode
	// Trace asks for a "relayed" report from each server that passes the
	// message on.
	Trace bool `json:",omitempty"`
}

// IsZero tells whether b is no request.
func (b By) IsZero() bool { return b.Mode == "" }

// String returns the value of BY, such as "3600;RT".
func (b By) String() string {
	s := strconv.FormatInt(int64(b.Within/time.Second), 10) + ";" + string(b.Mode)
	if b.Trace {
		s += "T"
	}
	return s
}

// After returns the request as it stands when time has passed (RFC 2852 §4:
// each server takes off the time that it kept the message).
func (b By) After(passed time.Duration) By {
	if !b.IsZero() {
		b.Within = max((b.Within - passed).Truncate(time.Second), -maxBy)
	}
	return b
}

const maxBy = 999999999 * time.Second // nine digits

// parseBy reads by-time ";" by-mode [by-trace]. A message to be returned that
// is late already is no request that can be kept (RFC 2852 §4).
func parseBy(s string) (By, bool) {
	seconds, mode, ok := strings.Cut(strings.ToUpper(s), ";")
	if !ok {
		return By{}, false
	}
	var b By
	mode, b.Trace = strings.CutSuffix(mode, "T")
	b.Mode = ByMode(mode)
	b.Within, ok = parseByTime(seconds)
	ok = ok && (b.Mode == ByNotify || b.Mode == ByReturn && b.Within > 0)
	return b, ok
}

func parseByTime(s string) (time.Duration, bool) {
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || digits == "" || len(digits) > 9 || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return time.Duration(n) * time.Second, err == nil
}

// MinByTime returns the least time that a server promises to deliver in, 0 if
// it names none (RFC 2852 §3).
func (e Extensions) MinByTime() time.Duration {
	d, ok := parseByTime(e[DeliverBy])
	if !ok || d < 0 {
		return 0
	}
	return d
}
