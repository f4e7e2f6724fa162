package server_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/tlspolicy"
)

// TestPolicyIsServed fetches the MTA-STS policy of a domain of ours.
func TestPolicyIsServed(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}},
		Config: func(c *config.Config) {
			c.HTTPS.Listen = []string{"127.0.0.1:0"}
			c.MTASTS.Mode = "testing"
		},
	})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.Addr("https")+"/.well-known/mta-sts.txt", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "mta-sts.example.test"
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: s.TLS(), DisableKeepAlives: true}, Timeout: 20 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := tlspolicy.ParsePolicy(text)
	if err != nil || policy.Mode != tlspolicy.Testing || !policy.Matches(mailtest.Hostname) {
		t.Errorf("%s: %q, %v", response.Status, text, err)
	}
}

// TestReportsAreRead sends a report on TLS to the address that our domains name.
func TestReportsAreRead(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}, {Address: "bob@example.test"}},
		Config:   func(c *config.Config) { c.TLSReports.Address = ann },
	})
	report := &tlspolicy.Report{OrganizationName: "Elsewhere", ReportID: "17", Policies: []tlspolicy.PolicyReport{{
		Policy:   tlspolicy.AppliedPolicy{Type: tlspolicy.PolicySTS, Domain: "example.test"},
		Summary:  tlspolicy.Summary{Successful: 5, Failed: 2},
		Failures: []tlspolicy.FailureDetail{{Type: tlspolicy.CertificateExpired, Sessions: 2}},
	}}}
	body, err := report.Compress()
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	text.WriteString("Subject: report\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	text.WriteString(base64.StdEncoding.EncodeToString(body) + "\r\n")
	s.Deliver("far@elsewhere.test", "bob@example.test", text.String())
	if strings.Contains(s.Log(), "TLS report") {
		t.Error("a report to somebody else was read")
	}
	s.Deliver("far@elsewhere.test", ann, text.String())
	for _, want := range []string{`msg="TLS report"`, "organization=Elsewhere", "successes=5 failures=2", `msg="TLS failure reported"`, "type=certificate-expired"} {
		if !strings.Contains(s.Log(), want) {
			t.Errorf("the log has no %s", want)
		}
	}
	if n := len(s.Messages(ann, "INBOX")); n != 1 {
		t.Errorf("%d messages; the report is mail too", n)
	}
}
