package tlspolicy

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// exampleReport is that of RFC 8460 Appendix B, as a value.
func exampleReport() *Report {
	return &Report{
		OrganizationName: "Company-X",
		DateRange: DateRange{
			Start: time.Date(2016, 4, 1, 0, 0, 0, 0, time.UTC),
			End:   time.Date(2016, 4, 1, 23, 59, 59, 0, time.UTC),
		},
		ContactInfo: "sts-reporting@company-x.example",
		ReportID:    "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
		Policies: []PolicyReport{{
			Policy: AppliedPolicy{
				Type:   PolicySTS,
				String: []string{"version: STSv1", "mode: testing", "mx: *.mail.company-y.example", "max_age: 86400"},
				Domain: "company-y.example",
				MXHost: HostList{"*.mail.company-y.example"},
			},
			Summary: Summary{Successful: 5326, Failed: 303},
			Failures: []FailureDetail{
				{Type: CertificateExpired, SendingMTAIP: "2001:db8:abcd:0012::1", ReceivingHostname: "mx1.mail.company-y.example", Sessions: 100},
				{Type: STARTTLSNotSupported, SendingMTAIP: "2001:db8:abcd:0013::1", ReceivingHostname: "mx2.mail.company-y.example", ReceivingIP: "203.0.113.56", Sessions: 200},
				{Type: ValidationFailure, ReceivingHostname: "mx-backup.mail.company-y.example", Sessions: 3, ReasonCode: "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"},
			},
		}},
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	want := exampleReport()
	compressed, err := want.Compress()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseReport(bytes.NewReader(compressed))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	name := want.Filename("mail.company-x.example", "company-y.example")
	if name != "mail.company-x.example!company-y.example!1459468800!1459555199!001.json.gz" {
		t.Error(name)
	}
}

func TestParseReportOfOthers(t *testing.T) {
	t.Parallel()
	const text = `{"organization-name":"O","date-range":{"start-datetime":"2016-04-01T00:00:00Z","end-datetime":"2016-04-01T23:59:59Z"},
		"policies":[{"policy":{"policy-type":"sts","policy-domain":"d.example","mx-host":"one.example"},
		"summary":{"total-successful-session-count":1,"total-failure-session-count":0}}]}`
	r, err := ParseReport(strings.NewReader(text))
	if err != nil || len(r.Policies) != 1 || r.Policies[0].Policy.MXHost[0] != "one.example" {
		t.Errorf("%+v, %v", r, err)
	}
	for _, bad := range []string{"", "{", "{}", `{"organization-name":"O"}`, "\x1f\x8bgarbage", "[]", text[:50], strings.Repeat(" ", MaxReportSize+1)} {
		if r, err := ParseReport(strings.NewReader(bad)); !errors.Is(err, errReport) {
			t.Errorf("%.40q: %+v, %v", bad, r, err)
		}
	}
}

// TestParseReportBomb gives few bytes that would become very many.
func TestParseReportBomb(t *testing.T) {
	t.Parallel()
	bomb := exampleReport()
	bomb.ContactInfo = strings.Repeat(" ", 2*MaxReportSize)
	compressed, err := bomb.Compress()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseReport(bytes.NewReader(compressed)); !errors.Is(err, errReport) {
		t.Error(err)
	}
}

// TestParseReportOfNothings: little text must not become much memory.
func TestParseReportOfNothings(t *testing.T) {
	t.Parallel()
	for _, list := range []string{`"policies":[{}%s]`, `"policies":[{"failure-details":[{}%s]}]`} {
		text := `{"organization-name":"O",` + strings.Replace(list, "%s", strings.Repeat(",{}", maxReportCommas), 1) + "}"
		if r, err := ParseReport(strings.NewReader(text)); !errors.Is(err, errReport) {
			t.Errorf("%d policies, %v", len(r.Policies), err)
		}
	}
}

func FuzzParseReport(f *testing.F) {
	compressed, err := exampleReport().Compress()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(compressed)
	f.Add([]byte(`{"organization-name":"O","policies":[{"policy":{"policy-type":"tlsa","mx-host":["a"]}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseReport(bytes.NewReader(b))
		if (r == nil) == (err == nil) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
