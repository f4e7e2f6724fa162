package tlspolicy

import (
	"fmt"
	"strings"
)

// A ReportRecord says where reports about a domain are wanted (RFC 8460 §3).
type ReportRecord struct {
	// URIs begin with "mailto:" or "https:".
	URIs []string
}

// maxReportURIs bounds how many places a domain can have reports sent to.
const maxReportURIs = 8

// ReportRecordName is where the record of a domain stands.
func ReportRecordName(domain string) string { return "_smtp._tls." + domain }

// ParseReportRecord finds the record among the texts of its name. It returns
// ErrNoRecord unless there is exactly one, with at least one URI of a known
// scheme.
func ParseReportRecord(texts []string) (ReportRecord, error) {
	fields, err := only(texts, "TLSRPTv1")
	if err != nil {
		return ReportRecord{}, err
	}
	var r ReportRecord
	for uri := range strings.SplitSeq(fields["rua"], ",") {
		uri = strings.Trim(uri, blanks)
		scheme, rest, _ := strings.Cut(uri, ":")
		scheme = strings.ToLower(scheme)
		if (scheme == "mailto" || scheme == "https") && rest != "" && len(r.URIs) < maxReportURIs {
			r.URIs = append(r.URIs, scheme+":"+rest)
		}
	}
	if len(r.URIs) == 0 {
		return ReportRecord{}, fmt.Errorf("%w: no rua that is mailto or https", ErrNoRecord)
	}
	return r, nil
}
