package message

import (
	"errors"
	"strings"
	"time"
)

// ErrDate tells that no date could be made out.
var ErrDate = errors.New("message: malformed date")

// FormatDate returns t as a date-time of RFC 5322 §3.3, in the zone of t.
func FormatDate(t time.Time) string { return t.Format("Mon, 2 Jan 2006 15:04:05 -0700") }

// ParseDate reads a date-time of RFC 5322 §3.3, or what software writes in its
// place: obsolete and unknown zones (the latter count as -0000, §4.3), years
// of two and three digits, a wrong or missing day of the week, comments, missing
// seconds, time or zone, a full month's name, dashes in the date, and the order
// of asctime. The zone of the result has the offset given. It returns [ErrDate]
// if day, month or year is missing or impossible.
func ParseDate(s string) (time.Time, error) {
	var room [maxDateTokens + 2]string
	var d dateParts
	for _, token := range dateTokens(room[:0], s) {
		d.take(token)
	}
	return d.time()
}

// maxDateTokens bounds how much of a value is looked at.
const maxDateTokens = 16

// dateTokens splits a date at white space, commas and comments, and at dashes
// between letters and digits, and appends the tokens. A colon with space around
// it does not split (RFC 5322 §A.6.3).
func dateTokens(tokens []string, s string) []string {
	joined := false
	for i := skipCFWS(s, 0); i < len(s) && len(tokens) < maxDateTokens; i = skipCFWS(s, i) {
		end := i
		for end < len(s) && !endsDateToken(s[end]) {
			end++
		}
		token := s[i:end]
		last := len(tokens) - 1
		switch {
		case token == "":
		case last >= 0 && (joined || token[0] == ':'):
			tokens[last] += token
		default:
			tokens = splitDashes(tokens, token)
		}
		joined = token != "" && token[len(token)-1] == ':'
		i = end
		if end < len(s) && s[end] == ',' {
			i++
		}
	}
	return tokens
}

func endsDateToken(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ',', '(':
		return true
	}
	return false
}

// splitDashes appends 5-Nov-2003 as three tokens, and -0500 as one.
func splitDashes(tokens []string, token string) []string {
	day, rest, _ := strings.Cut(token, "-")
	month, year, ok := strings.Cut(rest, "-")
	if ok && day != "" && year != "" && strings.IndexByte(year, '-') < 0 && monthOf(month) != 0 {
		return append(tokens, day, month, year)
	}
	return append(tokens, token)
}

// dateParts is what has been made out so far.
type dateParts struct {
	day, year          int
	month              time.Month
	hour, minute, sec  int
	haveTime, haveYear bool
	pm, am             bool
	offset             int // seconds east of UTC
	haveZone, bad      bool
}

// take finds the place of one token.
func (d *dateParts) take(token string) {
	switch c := token[0]; {
	case strings.Contains(token, ":") && !d.haveTime:
		d.takeTime(token)
	case c == '+' || c == '-':
		d.takeOffset(token)
	case '0' <= c && c <= '9':
		d.takeNumber(token)
	default:
		d.takeWord(token)
	}
}

// takeNumber takes a day, or a year once the day is known.
func (d *dateParts) takeNumber(token string) {
	n, ok := number(token)
	switch {
	case !ok:
		d.bad = d.bad || d.day == 0 || !d.haveYear
	case d.day == 0:
		d.day = n
		d.bad = d.bad || n == 0 || len(token) > 2
	case !d.haveYear:
		d.year, d.haveYear = fullYear(n, len(token)), true
		d.bad = d.bad || len(token) > 4 || len(token) < 2
	}
}

// fullYear completes a year of two or three digits (RFC 5322 §4.3).
func fullYear(n, digits int) int {
	switch {
	case digits == 2 && n < 50:
		return n + 2000
	case digits <= 3:
		return n + 1900
	}
	return n
}

// takeTime takes hh:mm or hh:mm:ss, with a fraction that is dropped, and with
// a zone right behind it.
func (d *dateParts) takeTime(token string) {
	d.haveTime = true
	if i := strings.IndexAny(token, "+-"); i > 0 {
		d.takeOffset(token[i:])
		token = token[:i]
	}
	for i := 0; ; i++ {
		part, rest, more := strings.Cut(token, ":")
		if i == 3 {
			d.bad = true
			return
		}
		digits, _, _ := strings.Cut(part, ".")
		n, ok := number(digits)
		d.bad = d.bad || !ok
		*[...]*int{&d.hour, &d.minute, &d.sec}[i] = n
		if !more {
			return
		}
		token = rest
	}
}

// takeOffset takes a zone such as +0100 or -05:30.
func (d *dateParts) takeOffset(token string) {
	digits := strings.ReplaceAll(token[1:], ":", "")
	n, ok := number(digits)
	if d.haveZone || !ok || len(digits) != 4 || n/100 > 23 || n%100 > 59 {
		return
	}
	d.haveZone = true
	d.offset = n/100*3600 + n%100*60
	if token[0] == '-' {
		d.offset = -d.offset
	}
}

// takeWord takes the name of a month or a zone, AM or PM. Others, such as the
// day of the week, do not matter.
func (d *dateParts) takeWord(token string) {
	if m := monthOf(token); m != 0 && d.month == 0 {
		d.month = m
		return
	}
	switch upper := strings.ToUpper(token); upper {
	case "AM":
		d.am = true
	case "PM":
		d.pm = true
	default:
		if hours, ok := zoneHours(upper); ok && !d.haveZone && d.haveTime {
			d.haveZone, d.offset = true, hours*3600
		} else if len(token) > 3 && (strings.HasPrefix(upper, "GMT") || strings.HasPrefix(upper, "UTC")) {
			d.takeOffset(token[3:]) // QUIRK: GMT+0100
		}
	}
}

// zoneHours returns the hours east of UTC of an obsolete zone (RFC 5322 §4.3),
// and of two that are common.
func zoneHours(name string) (int, bool) {
	switch name {
	case "UT", "GMT", "UTC", "Z":
		return 0, true
	case "EDT":
		return -4, true
	case "EST", "CDT":
		return -5, true
	case "CST", "MDT":
		return -6, true
	case "MST", "PDT":
		return -7, true
	case "PST":
		return -8, true
	case "CET", "BST":
		return 1, true
	case "CEST":
		return 2, true
	}
	return 0, false
}

// monthOf returns the month that name stands for, by its first three letters,
// or 0.
func monthOf(name string) time.Month {
	if len(name) < 3 {
		return 0
	}
	for m := time.January; m <= time.December; m++ {
		full := m.String()
		if full[0] == name[0]&^0x20 && len(name) <= len(full) && strings.EqualFold(name, full[:len(name)]) {
			return m
		}
	}
	return 0
}

// number reads a number of at most four digits.
func number(s string) (int, bool) {
	if s == "" || len(s) > 4 {
		return 0, false
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// time puts the parts together.
func (d *dateParts) time() (time.Time, error) {
	if d.pm && d.hour < 12 {
		d.hour += 12
	}
	if d.am && d.hour == 12 {
		d.hour = 0
	}
	switch {
	case d.bad, d.day == 0, d.month == 0, !d.haveYear, d.year == 0,
		d.hour > 23, d.minute > 59, d.sec > 60:
		return time.Time{}, ErrDate
	}
	zone := time.UTC
	if d.offset != 0 {
		zone = time.FixedZone("", d.offset)
	}
	t := time.Date(d.year, d.month, d.day, d.hour, d.minute, min(d.sec, 59), 0, zone)
	if t.Day() != d.day {
		return time.Time{}, ErrDate // such as 31 February
	}
	return t, nil
}
