package tlsreport

import (
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/mailstead/mailstead/message"
	"github.com/mailstead/mailstead/tlspolicy"
)

// maxReports bounds the reports that are read from one message.
const maxReports = 10

// A Reader reads reports, of one message at a time: however many messages come
// at once, the reports take the memory of one. The zero Reader is ready.
type Reader struct {
	mu sync.Mutex // held while a message is read
}

// Read calls each with every report that a message carries. Those that cannot be
// read make an error; the others are read all the same.
func (r *Reader) Read(s *message.Structure, content io.ReaderAt, each func(*tlspolicy.Report)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var failed error
	for _, p := range reportParts(s.Root, nil) {
		report, err := tlspolicy.ParseReport(message.DecodedBody(p, content))
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		each(report)
	}
	return failed
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
