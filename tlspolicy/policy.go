package tlspolicy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Mode says what a failure to keep to a policy means (RFC 8461 §5).
type Mode string

// The modes.
const (
	Enforce Mode = "enforce" // do not deliver
	Testing Mode = "testing" // deliver, and report
	None    Mode = "none"    // as if there were no policy
)

// A Policy is what a domain says of its hosts (RFC 8461 §3.2).
type Policy struct {
	Mode   Mode
	MaxAge time.Duration
	// MX are the names of the hosts; one may begin with "*.", which stands
	// for one label. Empty only in mode None.
	MX []string
}

// Limits of a policy.
const (
	MaxPolicySize = 64 << 10                   // octets (RFC 8461 §3.3)
	maxAge        = 31557600                   // a year in seconds (§3.2)
	maxMX         = 1000                       // hosts that are kept
	policyPath    = "/.well-known/mta-sts.txt" // §3.3
	policyHost    = "mta-sts."                 // before the domain
)

var errPolicy = errors.New("tlspolicy: malformed policy")

// ParsePolicy reads a policy file. Unknown keys are passed over; of a key other
// than mx that comes twice the first counts.
func ParsePolicy(text []byte) (*Policy, error) {
	keys := make(map[string]string)
	p := new(Policy)
	for line := range strings.SplitSeq(string(text), "\n") {
		key, value, ok := strings.Cut(strings.TrimRight(line, "\r"), ":")
		key, value = strings.Trim(key, blanks), strings.Trim(value, blanks)
		if !ok {
			if key != "" {
				return nil, fmt.Errorf("%w: the line %.60q", errPolicy, line)
			}
			continue
		}
		if key == "mx" {
			p.MX = append(p.MX, strings.ToLower(strings.TrimSuffix(value, ".")))
		}
		if _, twice := keys[key]; !twice {
			keys[key] = value
		}
	}
	return p, p.fill(keys)
}

// fill takes the keys that must be there.
func (p *Policy) fill(keys map[string]string) error {
	if keys["version"] != "STSv1" {
		return fmt.Errorf("%w: the version %.40q", errPolicy, keys["version"])
	}
	switch p.Mode = Mode(keys["mode"]); p.Mode {
	case Enforce, Testing, None:
	default:
		return fmt.Errorf("%w: the mode %.40q", errPolicy, p.Mode)
	}
	age := keys["max_age"]
	seconds, err := strconv.ParseUint(age, 10, 63)
	if err != nil || len(age) > 10 {
		return fmt.Errorf("%w: the max_age %.40q", errPolicy, age)
	}
	p.MaxAge = time.Duration(min(seconds, maxAge)) * time.Second
	if p.Mode != None && len(p.MX) == 0 {
		return fmt.Errorf("%w: no mx", errPolicy)
	}
	if len(p.MX) > maxMX {
		return fmt.Errorf("%w: %d mx", errPolicy, len(p.MX))
	}
	for _, pattern := range p.MX {
		if !validPattern(pattern) {
			return fmt.Errorf("%w: the mx %.80q", errPolicy, pattern)
		}
	}
	return nil
}

// validPattern reports whether a pattern is a host name, perhaps with one
// wildcard as its whole first label.
func validPattern(pattern string) bool {
	name := strings.TrimPrefix(pattern, "*.")
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool { return notAlphanumeric(r) && r != '-' && r != '_' }) {
			return false
		}
	}
	return true
}

// Matches reports whether the domain of the policy says that the host is one of
// its own (RFC 8461 §4.1). The host is in lower case, without a final dot.
func (p *Policy) Matches(host string) bool {
	for _, pattern := range p.MX {
		suffix, wild := strings.CutPrefix(pattern, "*")
		if !wild && pattern == host {
			return true
		}
		if first, rest, ok := strings.Cut(host, "."); wild && ok && first != "" && "."+rest == suffix {
			return true
		}
	}
	return false
}

// Lines returns the policy as it stands in a report: a key and a value each
// (RFC 8460 §4.4).
func (p *Policy) Lines() []string {
	lines := []string{"version: STSv1", "mode: " + string(p.Mode)}
	for _, mx := range p.MX {
		lines = append(lines, "mx: "+mx)
	}
	return append(lines, fmt.Sprintf("max_age: %d", int64(p.MaxAge/time.Second)))
}

// Format returns the policy as the file that a domain publishes.
func (p *Policy) Format() []byte {
	return []byte(strings.Join(p.Lines(), "\r\n") + "\r\n")
}
