package dsn_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mailstead/mailstead/dsn"
)

var update = flag.Bool("update", false, "write the golden files")

const original = "From: Alice <alice@example.test>\r\n" +
	"To: bob@example.org\r\n" +
	"Subject: Lunch\r\n" +
	"Message-ID: <orig@example.test>\r\n" +
	"\r\n" +
	"Are you hungry?\r\n"

func at(hour int) time.Time { return time.Date(2026, 11, 21, hour, 30, 0, 0, time.UTC) }

// failedReport tells of one recipient who does not exist.
func failedReport() dsn.Report {
	return dsn.Report{
		From: "postmaster@mail.example.test", To: "alice@example.test",
		MessageID: "dsn1@mail.example.test", Date: at(10),
		InReplyTo: "orig@example.test", Subject: "Lunch",
		Status: dsn.Status{
			EnvelopeID: "QQ314159", ReportingMTA: dsn.DNS("mail.example.test"),
			ReceivedFrom: dsn.DNS("laptop.example.test"), Arrival: at(9),
			Recipients: []dsn.Recipient{{
				Original: dsn.Mailbox("bob@example.org"), Final: dsn.Mailbox("bob@mail.example.org"),
				Action: dsn.Failed, Code: dsn.Code{Class: 5, Subject: 1, Detail: 1},
				Remote:      dsn.DNS("mx1.example.org"),
				Diagnostic:  dsn.SMTP("550 5.1.1 <bob@mail.example.org>: There is nobody of this name here,\r\nsee https://example.org/help"),
				LastAttempt: at(10), FinalLogID: "q17",
			}},
		},
		Original: strings.NewReader(original), OriginalSize: int64(len(original)), ReturnFull: true,
	}
}

// reports are the golden cases, by file.
func reports() map[string]dsn.Report {
	delayed := failedReport()
	delayed.Status.Recipients[0].Action = dsn.Delayed
	delayed.Status.Recipients[0].Code = dsn.Code{Class: 4, Subject: 4, Detail: 1}
	delayed.Status.Recipients[0].Diagnostic = dsn.Diagnostic{Type: "x-mailstead", Text: "no host could be reached"}
	delayed.Status.Recipients[0].Remote = dsn.MTA{}
	delayed.Status.Recipients[0].RetryUntil = at(23)

	mixed := failedReport()
	mixed.Subject, mixed.InReplyTo, mixed.Original = "", "", nil
	mixed.Status.Recipients = append(mixed.Status.Recipients,
		dsn.Recipient{Final: dsn.Mailbox("carol@example.org"), Action: dsn.Delivered, Code: dsn.Code{Class: 2, Subject: 1, Detail: 5}},
		dsn.Recipient{Final: dsn.Mailbox("list@example.org"), Action: dsn.Expanded, Code: dsn.Code{Class: 2}},
		dsn.Recipient{Final: dsn.Mailbox("dave@old.example"), Action: dsn.Relayed, Code: dsn.Code{Class: 2, Subject: 1, Detail: 9},
			Extensions: []dsn.Field{{Name: "X-Note", Value: "by pigeon"}}},
	)

	global := failedReport()
	text := strings.Replace(original, "Lunch", "Mittagessen für zwei", 1)
	global.Original, global.OriginalSize = strings.NewReader(text), int64(len(text))
	global.Subject = "Mittagessen für zwei"
	global.Status.Recipients[0].Final = dsn.Mailbox("jürgen@example.org")

	eightBit := failedReport()
	text = original + "Grüße\r\n"
	eightBit.Original, eightBit.OriginalSize = strings.NewReader(text), int64(len(text))

	long := failedReport()
	long.MaxReturn = 10
	return map[string]dsn.Report{
		"failed": failedReport(), "delayed": delayed, "mixed": mixed,
		"global": global, "eightbit": eightBit, "long": long,
	}
}

func compose(t *testing.T, r dsn.Report) (string, dsn.Needs) {
	t.Helper()
	var buf bytes.Buffer
	needs, err := dsn.Compose(&buf, r)
	if err != nil {
		t.Fatal(err)
	}
	return buf.String(), needs
}

func TestComposeGolden(t *testing.T) {
	t.Parallel()
	for name, r := range reports() {
		t.Run(name, func(t *testing.T) {
			got, needs := compose(t, r)
			file := filepath.Join("testdata", name+".eml")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
			wantNeeds := dsn.Needs{EightBit: name == "global" || name == "eightbit", UTF8: name == "global"}
			if needs != wantNeeds {
				t.Errorf("needs %+v, want %+v", needs, wantNeeds)
			}
			checkLines(t, got)
		})
	}
}

// checkLines holds every notification to the limits of RFC 5322 §2.1.1.
func checkLines(t *testing.T, message string) {
	t.Helper()
	for _, line := range strings.SplitAfter(message, "\r\n") {
		if strings.ContainsAny(strings.TrimSuffix(line, "\r\n"), "\r\n\x00") || len(line) > 1000 {
			t.Errorf("bad line %q", line)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, r := range reports() {
		message, _ := compose(t, r)
		got, err := dsn.Parse(strings.NewReader(message))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := r.Status
		for i := range want.Recipients {
			d := &want.Recipients[i].Diagnostic
			d.Text = strings.ReplaceAll(d.Text, "\r\n", " ")
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestComposeHostileText(t *testing.T) {
	t.Parallel()
	r := failedReport()
	rcpt := &r.Status.Recipients[0]
	rcpt.Diagnostic = dsn.SMTP("550 no\r\nAction: delivered\r\n\r\n--boundary\x00\x1b[31m\xff" + strings.Repeat("x", 5000))
	r.Subject = "a\r\nBcc: eve@example.test"
	r.Status.EnvelopeID = "id\nX: y"
	message, _ := compose(t, r)
	checkLines(t, message)
	got, err := dsn.Parse(strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Recipients) != 1 || got.Recipients[0].Action != dsn.Failed || len(got.Extensions) != 0 {
		t.Errorf("a reply has become fields: %+v", got)
	}
	if strings.Contains(message, "\x1b") || strings.Contains(message, "\nBcc") {
		t.Error("control characters have survived")
	}
}

// TestTitle promises no more than the worst of what happened.
func TestTitle(t *testing.T) {
	t.Parallel()
	for action, want := range map[dsn.Action]string{
		dsn.Failed: "Undelivered mail returned to sender", dsn.Delayed: "Your mail is delayed",
		dsn.Relayed: "Your mail was handed on", dsn.Delivered: "Your mail was delivered",
	} {
		r := failedReport()
		r.Status.Recipients[0].Action = action
		r.Status.Recipients = append(r.Status.Recipients, dsn.Recipient{Final: dsn.Mailbox("carol@example.org"), Action: dsn.Delivered, Code: dsn.Code{Class: 2, Subject: 1, Detail: 5}})
		if message, _ := compose(t, r); !strings.Contains(message, "\r\nSubject: "+want+"\r\n") {
			t.Errorf("%s:\n%s", action, message)
		}
	}
}

func TestComposeReturnsOnlyHeader(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*dsn.Report){
		"not asked for": func(r *dsn.Report) { r.ReturnFull = false },
		"too long":      func(r *dsn.Report) { r.MaxReturn = r.OriginalSize - 1 },
		"nobody failed": func(r *dsn.Report) { r.Status.Recipients[0].Action = dsn.Relayed },
		"binary": func(r *dsn.Report) {
			text := original + "a\x00b\r\n"
			r.Original, r.OriginalSize = strings.NewReader(text), int64(len(text))
		},
		"long line": func(r *dsn.Report) {
			text := original + strings.Repeat("a", 1001) + "\r\n"
			r.Original, r.OriginalSize = strings.NewReader(text), int64(len(text))
		},
	}
	for name, change := range tests {
		r := failedReport()
		change(&r)
		message, _ := compose(t, r)
		if !strings.Contains(message, "text/rfc822-headers") || !strings.Contains(message, "Subject: Lunch") || strings.Contains(message, "hungry") {
			t.Errorf("%s:\n%s", name, message)
		}
	}
}

func TestComposeBoundsHeader(t *testing.T) {
	t.Parallel()
	r := failedReport()
	text := strings.Repeat("X-Pad: "+strings.Repeat("p", 91)+"\r\n", 10000)
	r.Original, r.OriginalSize = strings.NewReader(text), int64(len(text))
	message, _ := compose(t, r)
	if len(message) > 70<<10 {
		t.Errorf("%d bytes", len(message))
	}
	checkLines(t, message)
}

func TestComposeIncomplete(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*dsn.Report){
		"to":         func(r *dsn.Report) { r.To = "" },
		"mta":        func(r *dsn.Report) { r.Status.ReportingMTA = dsn.MTA{} },
		"recipients": func(r *dsn.Report) { r.Status.Recipients = nil },
		"action":     func(r *dsn.Report) { r.Status.Recipients[0].Action = "lost" },
		"code":       func(r *dsn.Report) { r.Status.Recipients[0].Code = dsn.Code{} },
	} {
		r := failedReport()
		change(&r)
		if _, err := dsn.Compose(&bytes.Buffer{}, r); !errors.Is(err, dsn.ErrIncomplete) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
