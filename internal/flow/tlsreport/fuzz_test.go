package tlsreport

import (
	"bytes"
	"testing"

	"github.com/mailstead/mailstead/message"
	"github.com/mailstead/mailstead/tlspolicy"
)

// FuzzRead takes any message for one that carries reports (RFC 8460 §5.3).
func FuzzRead(f *testing.F) {
	const report = `{"organization-name":"a","date-range":{"start-datetime":"2016-04-01T00:00:00Z","end-datetime":"2016-04-01T23:59:59Z"},"contact-info":"a@b","report-id":"1","policies":[]}`
	f.Add([]byte("Content-Type: application/tlsrpt+json\r\n\r\n" + report))
	f.Add([]byte("Content-Type: multipart/report; report-type=tlsrpt; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\nH4sIAAAAAAAA/6uuBQBDv6ajAgAAAA==\r\n--b--\r\n"))
	f.Add([]byte("Content-Type: application/tlsrpt+gzip\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := message.NewScanner(message.Limits{})
		s.Write(data)
		n := 0
		err := new(Reader).Read(s.Finish(), bytes.NewReader(data), func(r *tlspolicy.Report) {
			if r == nil {
				t.Error("no report")
			}
			n++
		})
		if n > maxReports {
			t.Errorf("%d reports of one message, %v", n, err)
		}
	})
}
