package tlsreport

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/internal/model/peers"
	"github.com/mailstead/mailstead/tlspolicy"
)

// Options are what a Reporter is made of; all but Client must be set.
type Options struct {
	Peers    *peers.Store
	Resolver dns.Resolver
	// Hostname is who reports, Organization its name for people, and Contact
	// the address that answers questions.
	Hostname     string
	Organization string
	Contact      address.Address
	// Deliver puts a message on its way, with the null reverse path.
	Deliver func(ctx context.Context, to address.Address, message []byte) error
	// Client posts to HTTPS; default is one with a timeout of a minute.
	Client *http.Client
	Now    func() time.Time
	Logger *slog.Logger
}

// A Reporter sends reports.
type Reporter struct{ Options }

// New returns a Reporter.
func New(o Options) *Reporter {
	o.Client = cmp.Or(o.Client, &http.Client{Timeout: time.Minute})
	return &Reporter{o}
}

// giveUpAfter is how many days a report is tried.
const giveUpAfter = 3

// Send sends the reports of all days that have ended, and returns how many
// domains were told.
func (r *Reporter) Send(ctx context.Context) (int64, error) {
	today := peers.DayOf(r.Now())
	var sent int64
	var failed error
	err := r.Peers.EachSessions(today, func(day peers.Day, domain string, sessions *peers.Sessions) error {
		told, err := r.sendOne(ctx, day, domain, sessions)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("report to %s: %w", domain, err))
			if today-day < giveUpAfter {
				return nil
			}
		}
		if told {
			sent++
		}
		return r.Peers.DropSessions(day, domain)
	})
	return sent, errors.Join(err, failed)
}

// sendOne sends the report of one day to one domain, if it wants any. One of
// the places that the domain names is enough (RFC 8460 §3).
func (r *Reporter) sendOne(ctx context.Context, day peers.Day, domain string, sessions *peers.Sessions) (told bool, err error) {
	answer, err := r.Resolver.LookupTXT(ctx, tlspolicy.ReportRecordName(domain))
	if errors.Is(err, dns.ErrNotFound) || errors.Is(err, dns.ErrInvalidName) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	record, err := tlspolicy.ParseReportRecord(answer.Records)
	if err != nil {
		return false, nil // a record that says nothing
	}
	report := &tlspolicy.Report{
		OrganizationName: r.Organization,
		DateRange:        tlspolicy.DateRange{Start: day.Start(), End: day.End()},
		ContactInfo:      r.Contact.String(),
		ReportID:         rand.Text() + "@" + r.Hostname,
		Policies:         sessions.Policies,
	}
	for _, uri := range record.URIs {
		if err = r.sendTo(ctx, uri, domain, report); err == nil {
			return true, nil
		}
	}
	return false, err
}

func (r *Reporter) sendTo(ctx context.Context, uri, domain string, report *tlspolicy.Report) error {
	body, err := report.Compress()
	if err != nil {
		return err
	}
	if to, ok := strings.CutPrefix(uri, "mailto:"); ok {
		return r.mail(ctx, to, domain, report, body)
	}
	return r.post(ctx, uri, body)
}

// mail sends a report to a mailto URI, of which only the address is used.
func (r *Reporter) mail(ctx context.Context, to, domain string, report *tlspolicy.Report, body []byte) error {
	to, _, _ = strings.Cut(to, "?")
	to, err := url.PathUnescape(to)
	if err != nil {
		return err
	}
	rcpt, err := address.Parse(to)
	if err != nil {
		return err
	}
	m := letter{
		From: r.Contact.String(), To: rcpt.String(), Date: r.Now(), Submitter: r.Hostname, Domain: domain,
		ID: report.ReportID, Filename: report.Filename(r.Hostname, domain), Body: body,
	}
	return r.Deliver(ctx, rcpt, m.compose())
}

// post sends a report to an HTTPS URI (RFC 8460 §5.4).
func (r *Reporter) post(ctx context.Context, uri string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, uri, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/tlsrpt+gzip")
	response, err := r.Client.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return fmt.Errorf("%s answers %s", uri, response.Status)
	}
	return nil
}
