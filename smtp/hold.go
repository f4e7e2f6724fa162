package smtp

import (
	"strconv"
	"strings"
	"time"
)

// parseHoldFor reads the seconds of HOLDFOR: one to nine digits, the first of
// them not 0 (RFC 4865 §4).
func parseHoldFor(s string) (time.Duration, bool) {
	if s == "" || len(s) > 9 || s[0] == '0' || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return time.Duration(n) * time.Second, err == nil
}

// parseDateTime reads a date-time of RFC 3339 §5.6, in UTC or with an offset.
// Its year must not be 0, which would be no time at all.
func parseDateTime(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, strings.ToUpper(s))
	if err != nil {
		return time.Time{}, false
	}
	t = t.UTC().Truncate(time.Second)
	return t, t.Year() >= 1 && t.Year() <= 9999 && !t.IsZero()
}

// formatDateTime is the opposite of parseDateTime.
func formatDateTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// HeldUntil returns when a message received at the given time may be
// delivered at the earliest: received itself if neither HOLDFOR nor HOLDUNTIL
// was given, or if the time named is past (RFC 4865 §4).
func (o *MailOptions) HeldUntil(received time.Time) time.Time {
	until := received.Add(o.HoldFor)
	if o.HoldUntil.After(until) {
		return o.HoldUntil
	}
	return until
}

// FutureRelease returns the limits that a server announced: how long it holds
// a message and until when. It returns false if the extension is not offered
// or its parameters make no sense (RFC 4865 §3).
func (e Extensions) FutureRelease() (interval time.Duration, until time.Time, ok bool) {
	seconds, date, _ := strings.Cut(e[FutureRelease], " ")
	if interval, ok = parseHoldFor(seconds); !ok {
		return 0, time.Time{}, false
	}
	if until, ok = parseDateTime(date); !ok {
		return 0, time.Time{}, false
	}
	return interval, until, true
}
