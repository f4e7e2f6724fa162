package tlspolicy

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// A Report tells a domain how connections to it went (RFC 8460 §4.4).
type Report struct {
	OrganizationName string         `json:"organization-name"`
	DateRange        DateRange      `json:"date-range"`
	ContactInfo      string         `json:"contact-info"`
	ReportID         string         `json:"report-id"`
	Policies         []PolicyReport `json:"policies"`
}

// A DateRange is the time that a report is about.
type DateRange struct {
	Start time.Time `json:"start-datetime"`
	End   time.Time `json:"end-datetime"`
}

// A PolicyReport is what happened under one policy.
type PolicyReport struct {
	Policy   AppliedPolicy   `json:"policy"`
	Summary  Summary         `json:"summary"`
	Failures []FailureDetail `json:"failure-details,omitempty"`
}

// A PolicyType says which standard a policy is of.
type PolicyType string

// The policy types.
const (
	PolicyTLSA PolicyType = "tlsa"
	PolicySTS  PolicyType = "sts"
	PolicyNone PolicyType = "no-policy-found"
)

// An AppliedPolicy is the policy that connections were held against.
type AppliedPolicy struct {
	Type   PolicyType `json:"policy-type"`
	String []string   `json:"policy-string,omitempty"`
	Domain string     `json:"policy-domain"`
	MXHost HostList   `json:"mx-host,omitempty"`
}

// A HostList is a list of patterns. Some reporters write one as a string; it is
// read as a list.
type HostList []string

// UnmarshalJSON takes a string or a list.
func (l *HostList) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = HostList{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

// A Summary counts sessions.
type Summary struct {
	Successful int64 `json:"total-successful-session-count"`
	Failed     int64 `json:"total-failure-session-count"`
}

// A FailureDetail counts the sessions that failed in one way.
type FailureDetail struct {
	Type              ResultType `json:"result-type"`
	SendingMTAIP      string     `json:"sending-mta-ip,omitempty"`
	ReceivingHostname string     `json:"receiving-mx-hostname,omitempty"`
	ReceivingHelo     string     `json:"receiving-mx-helo,omitempty"`
	ReceivingIP       string     `json:"receiving-ip,omitempty"`
	Sessions          int64      `json:"failed-session-count"`
	Additional        string     `json:"additional-information,omitempty"`
	ReasonCode        string     `json:"failure-reason-code,omitempty"`
}

// MaxReportSize bounds a report in JSON, in bytes.
const MaxReportSize = 8 << 20

// Filename is the name of the report as a file (RFC 8460 §5.1).
func (r *Report) Filename(sender, domain string) string {
	return fmt.Sprintf("%s!%s!%d!%d!%s.json.gz", sender, domain, r.DateRange.Start.Unix(), r.DateRange.End.Unix(), "001")
}

// Compress returns the report as it is sent: JSON in gzip.
func (r *Report) Compress() ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := json.NewEncoder(z).Encode(r); err != nil {
		return nil, err
	}
	err := z.Close()
	return b.Bytes(), err
}

// maxReportCommas bounds how many values a report has: an empty object takes
// three bytes of JSON, and a hundred times as many in memory.
const maxReportCommas = 50_000

var errReport = errors.New("tlspolicy: malformed report")

// ParseReport reads a report, in gzip or plain, of at most MaxReportSize. It
// takes a few times that in memory, whatever the report says.
func ParseReport(in io.Reader) (*Report, error) {
	text, err := readReport(in)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errReport, err)
	}
	r := new(Report)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%w: %w", errReport, err)
	}
	if len(r.Policies) == 0 || r.OrganizationName == "" {
		return nil, fmt.Errorf("%w: it names no organization or no policy", errReport)
	}
	return r, nil
}

// readReport undoes gzip, which is told by its first two bytes.
func readReport(in io.Reader) ([]byte, error) {
	head := make([]byte, 2)
	n, err := io.ReadFull(in, head)
	if err != nil {
		return nil, err
	}
	in = io.MultiReader(bytes.NewReader(head[:n]), in)
	if head[0] == 0x1f && head[1] == 0x8b {
		if in, err = gzip.NewReader(in); err != nil {
			return nil, err
		}
	}
	text, err := io.ReadAll(io.LimitReader(in, MaxReportSize+1))
	if err == nil && len(text) > MaxReportSize {
		err = errors.New("it is too long")
	}
	if err == nil && bytes.Count(text, []byte{','}) > maxReportCommas {
		err = errors.New("it has too many values")
	}
	return text, err
}
