package tlsreport

import (
	"errors"
	"io"
	"strings"

	"github.com/mailstead/mailstead/message"
	"github.com/mailstead/mailstead/tlspolicy"
)

// maxReports bounds the reports that are read from one message.
const maxReports = 10

// Read returns the reports that a message carries. Those that cannot be read
// make an error; the others are returned all the same.
func Read(s *message.Structure, content io.ReaderAt) ([]*tlspolicy.Report, error) {
	var reports []*tlspolicy.Report
	var failed error
	for _, p := range reportParts(s.Root, nil) {
		report, err := tlspolicy.ParseReport(message.DecodedBody(p, content))
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		reports = append(reports, report)
	}
	return reports, failed
}

// reportParts adds the parts below p that are reports (RFC 8460 §6.4, §6.5).
func reportParts(p *message.Part, found []*message.Part) []*message.Part {
	if strings.EqualFold(p.Type, "application") && len(found) < maxReports {
		if strings.EqualFold(p.Subtype, "tlsrpt+gzip") || strings.EqualFold(p.Subtype, "tlsrpt+json") {
			return append(found, p)
		}
	}
	for _, child := range p.Children {
		found = reportParts(child, found)
	}
	return found
}
