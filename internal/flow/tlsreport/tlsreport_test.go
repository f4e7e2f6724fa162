package tlsreport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/dns/dnstest"
	"github.com/mailstead/mailstead/internal/model/peers"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
	"github.com/mailstead/mailstead/message"
	"github.com/mailstead/mailstead/tlspolicy"
)

// A world is a store with counts, and all who want reports.
type world struct {
	counter  *Counter
	reporter *Reporter
	resolver *dnstest.Resolver
	now      time.Time
	mail     map[string]string // the message, by recipient
	posted   []string
	refuse   error // of mail
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), mail: map[string]string{}}
	web := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/tlsrpt+gzip" {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		w.posted = append(w.posted, string(body))
	}))
	t.Cleanup(web.Close)
	store := memstore.New()
	t.Cleanup(func() { store.Close() })
	w.resolver = dnstest.New(dnstest.Zones{TXT: map[string][]string{
		"_smtp._tls.mail.test":   {"v=TLSRPTv1; rua=mailto:tls%2Dreports@mail.test"},
		"_smtp._tls.web.test":    {"v=TLSRPTv1; rua=https://127.0.0.1:1/," + web.URL},
		"_smtp._tls.silent.test": {"v=TLSRPTv1; rua="},
	}})
	known, logger := peers.New(store), slog.New(slog.DiscardHandler)
	now := func() time.Time { return w.now }
	contact, err := address.Parse("postmaster@example.test")
	if err != nil {
		t.Fatal(err)
	}
	w.counter = NewCounter(CounterOptions{Peers: known, Now: now, Logger: logger})
	w.reporter = New(Options{
		Peers: known, Resolver: w.resolver, Hostname: "mx.example.test", Organization: "Example", Contact: contact,
		Client: web.Client(), Now: now, Logger: logger,
		Deliver: func(_ context.Context, to address.Address, m []byte) error {
			if w.refuse == nil {
				w.mail[to.String()] = string(m)
			}
			return w.refuse
		},
	})
	return w
}

// session notes one session that went well and one that did not.
func (w *world) session(domain string) {
	policy := tlspolicy.AppliedPolicy{Type: tlspolicy.PolicySTS, Domain: domain}
	w.counter.Note(domain, policy, nil)
	w.counter.Note(domain, policy, &tlspolicy.FailureDetail{Type: tlspolicy.CertificateExpired, Sessions: 1})
}

func (w *world) send(t *testing.T, want int64, wantErr bool) {
	t.Helper()
	if n, err := w.reporter.Send(t.Context()); n != want || (err != nil) != wantErr {
		t.Errorf("%d sent, %v; want %d, an error: %t", n, err, want, wantErr)
	}
}

func TestReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, domain := range []string{"mail.test", "web.test", "silent.test", "none.test"} {
		w.session(domain)
	}
	w.counter.Flush()
	w.session("mail.test")
	w.counter.Flush()
	w.send(t, 0, false) // the day has not ended
	w.now = w.now.Add(24 * time.Hour)
	w.send(t, 2, false)
	w.send(t, 0, false) // once
	if len(w.posted) != 1 || len(w.mail) != 1 {
		t.Fatalf("%d posted, %d sent", len(w.posted), len(w.mail))
	}
	checkReport(t, readMail(t, w.mail["tls-reports@mail.test"]), "mail.test", 2)
	posted, err := tlspolicy.ParseReport(strings.NewReader(w.posted[0]))
	if err != nil {
		t.Fatal(err)
	}
	checkReport(t, posted, "web.test", 1)
}

// readMail is what the receiver of a report does.
func readMail(t *testing.T, text string) *tlspolicy.Report {
	t.Helper()
	header, _, _ := strings.Cut(text, "\r\n\r\n")
	for _, field := range []string{"TLS-Report-Domain: mail.test", "TLS-Report-Submitter: mx.example.test", "TLS-Required: No", "From: postmaster@example.test"} {
		if !strings.Contains(header+"\r\n", field+"\r\n") {
			t.Errorf("no field %q in\n%s", field, header)
		}
	}
	reports, err := readAll(t, text)
	if err != nil || len(reports) != 1 {
		t.Fatalf("%d reports, %v in\n%s", len(reports), err, text)
	}
	return reports[0]
}

func readAll(t *testing.T, text string) (reports []*tlspolicy.Report, err error) {
	t.Helper()
	err = new(Reader).Read(structure(t, text), strings.NewReader(text), func(r *tlspolicy.Report) { reports = append(reports, r) })
	return reports, err
}

func structure(t *testing.T, text string) *message.Structure {
	t.Helper()
	s := message.NewScanner(message.Limits{})
	if _, err := io.WriteString(s, text); err != nil {
		t.Fatal(err)
	}
	return s.Finish()
}

func checkReport(t *testing.T, r *tlspolicy.Report, domain string, sessions int64) {
	t.Helper()
	if r.OrganizationName != "Example" || r.ContactInfo != "postmaster@example.test" || !strings.HasSuffix(r.ReportID, "@mx.example.test") ||
		!r.DateRange.Start.Equal(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)) || !r.DateRange.End.Equal(time.Date(2026, 3, 1, 23, 59, 59, 0, time.UTC)) {
		t.Errorf("%+v", r)
	}
	p := r.Policies[0]
	if len(r.Policies) != 1 || p.Policy.Domain != domain || p.Summary != (tlspolicy.Summary{Successful: sessions, Failed: sessions}) || len(p.Failures) != 1 {
		t.Errorf("%+v", r.Policies)
	}
}

func TestReportsAreTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.session("mail.test")
	w.counter.Flush()
	w.refuse = errors.New("no room")
	w.now = w.now.Add(24 * time.Hour)
	w.send(t, 0, true)
	w.refuse = nil
	w.resolver.Update(func(z *dnstest.Zones) {
		z.Fail = map[string]dnstest.Failure{"TXT _smtp._tls.mail.test": dnstest.ServFail}
	})
	w.send(t, 0, true)
	w.resolver.Update(func(z *dnstest.Zones) { z.Fail = nil })
	w.send(t, 1, false)
}

func TestReportsAreGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.session("mail.test")
	w.counter.Flush()
	w.refuse = errors.New("no room")
	w.now = w.now.Add(giveUpAfter * 24 * time.Hour)
	w.send(t, 0, true)
	w.refuse = nil
	w.send(t, 0, false)
}

func TestReadWithoutReport(t *testing.T) {
	t.Parallel()
	const bad = "Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\nContent-Type: application/tlsrpt+gzip\r\n\r\nnonsense\r\n--x\r\nContent-Type: application/tlsrpt+json\r\n\r\n{}\r\n--x--\r\n"
	for text, wantErr := range map[string]bool{"Subject: hi\r\n\r\nhello\r\n": false, bad: true} {
		reports, err := readAll(t, text)
		if len(reports) != 0 || (err != nil) != wantErr {
			t.Errorf("%d reports, %v", len(reports), err)
		}
	}
}

// TestCounterBounds: no number of domains fills the memory.
func TestCounterBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range maxDomains + 10 {
		w.counter.Note(fmt.Sprintf("%d.test", i), tlspolicy.AppliedPolicy{}, nil)
	}
	if n := len(w.counter.days[peers.DayOf(w.now)]); n != maxDomains {
		t.Errorf("%d domains", n)
	}
	var b bytes.Buffer
	w.counter.Logger = slog.New(slog.NewTextHandler(&b, nil))
	w.counter.Flush()
	if w.counter.domains != 0 || b.Len() != 0 {
		t.Errorf("%d domains are left; %s", w.counter.domains, b.String())
	}
}
