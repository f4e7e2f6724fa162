package dsn_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/dsn"
)

func TestParseStatusOfOthers(t *testing.T) {
	t.Parallel()
	text := "reporting-mta: DNS;foo.example\n" + // line ends without CR
		"Arrival-Date: Mon, 7 Jul 2025 23:34:43 -0400 (EDT)\n" +
		"X-Unknown :  a\n\t folded\n" +
		"\n\n" +
		"Final-Recipient: rfc822; <Louis@Larry.example>\n" +
		"Action: FAILED (really)\n" +
		"Status: 4.4.0 (other network problem)\n" +
		"Diagnostic-Code: smtp; 426 connection timed out\n" +
		"no field at all\n" +
		"\n" +
		"Final-Recipient: utf-8; j\\x{FC}rgen@example.org\n" +
		"Action: delayed\n" +
		"Status: 4.x\n" +
		"Remote-MTA: mx.example.org\n" +
		"\n" +
		"Final-Recipient: rfc822; nobody@example.org\n" +
		"Action: vanished\n"
	got, err := dsn.ParseStatus(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := &dsn.Status{
		ReportingMTA: dsn.DNS("foo.example"),
		Arrival:      time.Date(2025, 7, 8, 3, 34, 43, 0, time.UTC),
		Extensions:   []dsn.Field{{Name: "X-Unknown", Value: "a folded"}},
		Recipients: []dsn.Recipient{
			{
				Final:  dsn.Address{Type: "rfc822", Address: "Louis@Larry.example"},
				Action: dsn.Failed, Code: dsn.Code{Class: 4, Subject: 4},
				Diagnostic: dsn.SMTP("426 connection timed out"),
			},
			{Final: dsn.Mailbox("jürgen@example.org"), Action: dsn.Delayed, Remote: dsn.MTA{Name: "mx.example.org"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseEncodedPart(t *testing.T) {
	t.Parallel()
	head := "MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
	for encoding, body := range map[string]string{
		"base64":           "UmVwb3J0aW5nLU1UQTogZG5zO2EuZXhhbXBsZQoKRmluYWwtUmVjaXBpZW50OiByZmM4MjI7\r\nYkBleGFtcGxlLm9yZwpBY3Rpb246IGZhaWxlZAo=",
		"quoted-printable": "Reporting-MTA: dns;a.example\r\n\r\nFinal-Recipient: rfc822;b=40example.org\r\nAction: failed",
	} {
		text := head + "Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n" + body + "\r\n--b--\r\n"
		s, err := dsn.Parse(strings.NewReader(text))
		if err != nil || s.Recipients[0].Final.Address != "b@example.org" {
			t.Errorf("%s: %+v, %v", encoding, s, err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want error
	}{
		{"", dsn.ErrNotReport},
		{"Subject: hello\r\n\r\nhello\r\n", dsn.ErrNotReport},
		{"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b--\r\n", dsn.ErrNotReport},
		{"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;a\r\n--b--\r\n", dsn.ErrMalformed},
	}
	for _, tt := range tests {
		if _, err := dsn.Parse(strings.NewReader(tt.text)); !errors.Is(err, tt.want) {
			t.Errorf("%q: %v", tt.text, err)
		}
	}
}

func TestParseCode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want dsn.Code
		rest string
		ok   bool
	}{
		{"5.1.1", dsn.Code{Class: 5, Subject: 1, Detail: 1}, "", true},
		{"2.0.0 ok", dsn.Code{Class: 2}, " ok", true},
		{"4.7.999\tx", dsn.Code{Class: 4, Subject: 7, Detail: 999}, "\tx", true},
		{"3.1.1", dsn.Code{}, "3.1.1", false},
		{"5.1", dsn.Code{}, "5.1", false},
		{"5.01.1", dsn.Code{}, "5.01.1", false},
		{"5.1.1000", dsn.Code{}, "5.1.1000", false},
		{"5.1.1x", dsn.Code{}, "5.1.1x", false},
		{"5..1", dsn.Code{}, "5..1", false},
		{"5.+1.1", dsn.Code{}, "5.+1.1", false},
	}
	for _, tt := range tests {
		if c, rest, ok := dsn.ParseCode(tt.text); c != tt.want || rest != tt.rest || ok != tt.ok {
			t.Errorf("%q: %v, %q, %t", tt.text, c, rest, ok)
		}
	}
}

func TestParseAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]dsn.Address{
		"rfc822;bob+tag@example.org":         {Type: "rfc822", Address: "bob+tag@example.org"},
		"utf-8;j\\x{FC}rgen@example.org":     dsn.Mailbox("jürgen@example.org"),
		"UTF-8; jürgen@example.org":          dsn.Mailbox("jürgen@example.org"),
		"utf-8;a\\x{A}\\x{110000}\\x{41@b.c": {Type: "utf-8", Address: "a\\x{A}\\x{110000}\\x{41@b.c"},
		"bob@example.org":                    {Address: "bob@example.org"},
		"":                                   {},
	} {
		if got := dsn.ParseAddress(text); got != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.eml")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := dsn.Parse(bytes.NewReader(text))
		if err != nil {
			if !errors.Is(err, dsn.ErrNotReport) && !errors.Is(err, dsn.ErrMalformed) {
				t.Errorf("unknown error %v", err)
			}
			return
		}
		composeAgain(t, s)
	})
}

func FuzzParseStatus(f *testing.F) {
	f.Add("Reporting-MTA: dns;a\n\nFinal-Recipient: rfc822;b@c.d\nAction: failed\nStatus: 5.0.0\n")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := dsn.ParseStatus(strings.NewReader(text)); err == nil {
			composeAgain(t, s)
		}
	})
}

// composeAgain writes what was read, and checks that the recipients survive.
func composeAgain(t *testing.T, s *dsn.Status) {
	t.Helper()
	r := failedReport()
	r.Status = *s
	r.Status.ReportingMTA = dsn.DNS("mail.example.test")
	for i := range r.Status.Recipients {
		r.Status.Recipients[i].Code = dsn.Code{Class: 5}
		if strings.TrimFunc(r.Status.Recipients[i].Final.Address, func(c rune) bool { return c <= ' ' || c == 0x7f }) == "" {
			return
		}
	}
	message, _ := compose(t, r)
	checkLines(t, message)
	again, err := dsn.Parse(strings.NewReader(message))
	if err != nil {
		t.Fatalf("%v in\n%s", err, message)
	}
	if len(again.Recipients) != len(s.Recipients) {
		t.Fatalf("%d recipients become %d in\n%s", len(s.Recipients), len(again.Recipients), message)
	}
}
