package smtp

import (
	"strconv"
	"strings"
)

// SessionLimits are what a server announced that it takes in one session, 0
// where it names no limit (RFC 9422 §4).
type SessionLimits struct {
	MailMax       int // MAILMAX: messages in a session
	RcptMax       int // RCPTMAX: recipients of a message
	RcptDomainMax int // RCPTDOMAINMAX: domains among them
}

// Limits returns the limits that the server announced. One that cannot be read
// counts for none, and unknown ones are passed over (RFC 9422 §3).
func (e Extensions) Limits() SessionLimits {
	var l SessionLimits
	for word := range strings.FieldsSeq(e[Limits]) {
		name, value, _ := strings.Cut(word, "=")
		switch strings.ToUpper(name) {
		case "MAILMAX":
			l.MailMax = limitValue(value)
		case "RCPTMAX":
			l.RcptMax = limitValue(value)
		case "RCPTDOMAINMAX":
			l.RcptDomainMax = limitValue(value)
		}
	}
	return l
}

// limitValue reads one to six digits, the first of them not 0 (RFC 9422 §4).
func limitValue(s string) int {
	if len(s) > 6 || strings.HasPrefix(s, "0") || strings.Trim(s, "0123456789") != "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// String returns the limits as the server announces them.
func (l SessionLimits) String() string {
	var words []string
	for _, limit := range []struct {
		name  string
		value int
	}{{"MAILMAX", l.MailMax}, {"RCPTMAX", l.RcptMax}, {"RCPTDOMAINMAX", l.RcptDomainMax}} {
		if limit.value > 0 {
			words = append(words, limit.name+"="+strconv.Itoa(limit.value))
		}
	}
	return strings.Join(words, " ")
}
