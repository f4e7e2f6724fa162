package tlspolicy

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseRecord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		texts []string
		id    string
	}{
		{[]string{"v=STSv1; id=20160831085700Z;"}, "20160831085700Z"}, // RFC 8461 §3.1
		{[]string{"v=spf1 -all", "v=STSv1;id=1"}, "1"},
		{[]string{"v=STSv1 ; id = a ; id=b; x=y"}, "a"},
		{[]string{"v=STSv1; id=1", "v=STSv1; id=1"}, ""},
		{[]string{"v=STSv2; id=1"}, ""},
		{[]string{"id=1; v=STSv1"}, ""},
		{[]string{"v=STSv1; id="}, ""},
		{[]string{"v=STSv1; id=a-b"}, ""},
		{[]string{"v=STSv1; id=" + strings.Repeat("1", 33)}, ""},
		{nil, ""},
	} {
		got, err := ParseRecord(c.texts)
		if got.ID != c.id || errors.Is(err, ErrNoRecord) != (c.id == "") {
			t.Errorf("%q: %q, %v", c.texts, got.ID, err)
		}
	}
}

const examplePolicy = "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\nmx: backupmx.example.com\nmax_age: 604800\n" // RFC 8461 §3.2

func TestParsePolicy(t *testing.T) {
	t.Parallel()
	example := &Policy{Mode: Enforce, MaxAge: 7 * 24 * time.Hour, MX: []string{"mail.example.com", "*.example.net", "backupmx.example.com"}}
	for text, want := range map[string]*Policy{
		examplePolicy: example,
		strings.ReplaceAll(examplePolicy, "\n", "\r\n"):                        example,
		examplePolicy + "mode: none\nmax_age: 1\nnew: thing\n\n":               example,
		"version:STSv1\nmode:none\nmax_age:0":                                  {Mode: None},
		"version: STSv1\nmode: testing\nmx: A.EXAMPLE.\nmax_age: 9999999999\n": {Mode: Testing, MaxAge: maxAge * time.Second, MX: []string{"a.example"}},
		"version: STSv1\nmode: enforce\nmax_age: 1\n":                          nil,
		"version: STSv1\nmode: enforce\nmx: a\nmax_age: -1\n":                  nil,
		"version: STSv1\nmode: enforce\nmx: a\nmax_age: 99999999999\n":         nil,
		"version: STSv1\nmode: forced\nmx: a\nmax_age: 1\n":                    nil,
		"version: STSv2\nmode: none\nmax_age: 1\n":                             nil,
		"version: STSv1\nmode: enforce\nmx: *\nmax_age: 1\n":                   nil,
		"version: STSv1\nmode: enforce\nmx: a.*.b\nmax_age: 1\n":               nil,
		"version: STSv1\nmode: enforce\nmx: a b\nmax_age: 1\n":                 nil,
		"version: STSv1\nmode: enforce\nnonsense\nmx: a\nmax_age: 1\n":         nil,
		"<html>":  nil,
		"":        nil,
		"version": nil,
		"version: STSv1\nmode: enforce\nmax_age: 1\n" + strings.Repeat("mx: a.example\n", 1001): nil,
	} {
		got, err := ParsePolicy([]byte(text))
		if want == nil {
			if !errors.Is(err, errPolicy) {
				t.Errorf("%.80q: %+v, %v", text, got, err)
			}
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%.80q: %v\n%s", text, err, diff)
		}
	}
}

func TestPolicyFormat(t *testing.T) {
	t.Parallel()
	p, err := ParsePolicy([]byte(examplePolicy))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(p.Format()); got != strings.ReplaceAll(examplePolicy, "\n", "\r\n") {
		t.Errorf("%q", got)
	}
}

func TestPolicyMatches(t *testing.T) {
	t.Parallel()
	p := &Policy{MX: []string{"mail.example.com", "*.example.net"}}
	for host, want := range map[string]bool{
		"mail.example.com": true, "mail.example.net": true, "a.b.example.net": false, "example.net": false,
		".example.net": false, "mail.example.org": false, "xmail.example.com": false, "": false,
	} {
		if got := p.Matches(host); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
}

func TestParseReportRecord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		texts []string
		want  []string
	}{
		{[]string{"v=TLSRPTv1;rua=mailto:reports@example.com"}, []string{"mailto:reports@example.com"}},                            // RFC 8460 §3.1.1
		{[]string{"v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt"}, []string{"https://reporting.example.com/v1/tlsrpt"}}, // §3.1.2
		{[]string{"v=TLSRPTv1; rua=ftp://x, MAILTO:a@b.example , https://c.example"}, []string{"mailto:a@b.example", "https://c.example"}},
		{[]string{"v=TLSRPTv1; rua=ftp://x"}, nil},
		{[]string{"v=TLSRPTv1"}, nil},
		{[]string{"v=TLSRPTv1; rua=mailto:a@b", "v=TLSRPTv1; rua=mailto:a@b"}, nil},
	} {
		got, err := ParseReportRecord(c.texts)
		if !slices.Equal(got.URIs, c.want) || errors.Is(err, ErrNoRecord) != (c.want == nil) {
			t.Errorf("%q: %q, %v", c.texts, got.URIs, err)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(examplePolicy))
	f.Add([]byte("version: STSv1\r\nmode: none\r\nmax_age: 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParsePolicy(text)
		if err != nil {
			return
		}
		again, err := ParsePolicy(p.Format())
		if diff := cmp.Diff(p, again); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
	})
}

func FuzzParseRecords(f *testing.F) {
	f.Add("v=STSv1; id=20160831085700Z;", "v=TLSRPTv1;rua=mailto:reports@example.com")
	f.Fuzz(func(t *testing.T, a, b string) {
		if r, err := ParseRecord([]string{a, b}); err == nil && (r.ID == "" || len(r.ID) > 32) {
			t.Errorf("%q", r.ID)
		}
		r, err := ParseReportRecord([]string{a, b})
		if err == nil && (len(r.URIs) == 0 || len(r.URIs) > maxReportURIs) {
			t.Errorf("%q", r.URIs)
		}
	})
}
