package tlspolicy

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNoRecord says that a domain publishes nothing, or nothing that counts.
var ErrNoRecord = errors.New("tlspolicy: no record")

// A Record is the TXT record that announces a policy: it changes its ID when
// the policy changes (RFC 8461 §3.1).
type Record struct{ ID string }

// RecordName is where the record of a domain stands.
func RecordName(domain string) string { return "_mta-sts." + domain }

// ParseRecord finds the record among the texts of its name. It returns
// ErrNoRecord unless there is exactly one that is well formed: with more, the
// domain is as one without (RFC 8461 §3.1).
func ParseRecord(texts []string) (Record, error) {
	fields, err := only(texts, "STSv1")
	if err != nil {
		return Record{}, err
	}
	id := fields["id"]
	if len(id) == 0 || len(id) > 32 || strings.ContainsFunc(id, notAlphanumeric) {
		return Record{}, fmt.Errorf("%w: the id %.40q is not 1 to 32 letters and digits", ErrNoRecord, id)
	}
	return Record{ID: id}, nil
}

// only returns the fields of the one text that has this version first.
func only(texts []string, version string) (map[string]string, error) {
	var found map[string]string
	for _, text := range texts {
		fields, ok := parseFields(text, version)
		if !ok {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%w: there are several", ErrNoRecord)
		}
		found = fields
	}
	if found == nil {
		return nil, ErrNoRecord
	}
	return found, nil
}

// parseFields takes "v=version; name=value; ..." apart. Of a name that comes
// twice the first counts.
func parseFields(text, version string) (map[string]string, bool) {
	first, rest, _ := strings.Cut(text, ";")
	if name, value, ok := strings.Cut(first, "="); !ok || strings.Trim(name, blanks) != "v" || strings.Trim(value, blanks) != version {
		return nil, false
	}
	fields := make(map[string]string)
	for field := range strings.SplitSeq(rest, ";") {
		name, value, ok := strings.Cut(field, "=")
		name = strings.Trim(name, blanks)
		if _, twice := fields[name]; ok && !twice {
			fields[name] = strings.Trim(value, blanks)
		}
	}
	return fields, true
}

const blanks = " \t"

func notAlphanumeric(r rune) bool {
	return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}
