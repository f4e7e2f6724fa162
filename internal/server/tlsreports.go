package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/face/web"
	"github.com/mailstead/mailstead/internal/flow/delivery"
	"github.com/mailstead/mailstead/internal/flow/outbound"
	"github.com/mailstead/mailstead/internal/flow/tlsreport"
	"github.com/mailstead/mailstead/internal/flow/upkeep"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/tlspolicy"
)

// countSession counts a TLS session for the report of the day.
func (s *Server) countSession(domain string, one outbound.TLSSession) {
	s.sessions.Note(domain, one.Policy, one.Failure)
}

// makeTLSReports makes what sends reports; nothing if nobody answers for them.
func (s *Server) makeTLSReports() ([]upkeep.Chore, error) {
	c := &s.config.TLSReports
	if c.Contact == "" || s.options.CaptureOutbound {
		return nil, nil
	}
	contact, err := address.Parse(c.Contact)
	if err != nil {
		return nil, err
	}
	resolver, err := s.resolver()
	if err != nil {
		return nil, err
	}
	reporter := tlsreport.New(tlsreport.Options{
		Peers: s.peers, Resolver: resolver, Contact: contact,
		Hostname:     s.config.HostnameOrMachine(),
		Organization: cmp.Or(c.Organization, s.config.HostnameOrMachine()),
		Deliver: func(ctx context.Context, to address.Address, message []byte) error {
			_, err := s.delivery.Return(ctx, to, smtp.MailOptions{}, message)
			return err
		},
		Client: &http.Client{
			Timeout:       time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport:     &http.Transport{DialContext: s.publicDial(), DisableKeepAlives: true},
		},
		Now: s.options.Now, Logger: s.log.With("part", "tls-reports"),
	})
	return []upkeep.Chore{{Name: "sending TLS reports", Every: time.Hour, Do: reporter.Send}}, nil
}

// publicDial connects to what others name in the DNS, but to no address that
// only we can reach: this machine, or the network that it stands in.
func (s *Server) publicDial() func(ctx context.Context, network, address string) (net.Conn, error) {
	if s.options.Dial != nil {
		return s.options.Dial
	}
	d := net.Dialer{Timeout: 30 * time.Second, Control: publicOnly}
	return d.DialContext
}

func publicOnly(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !outbound.IsPublic(to.Addr()) || to.Addr().Unmap().IsPrivate() {
		return &net.AddrError{Err: "not a public address", Addr: address}
	}
	return nil
}

// accepted reads the reports of others that come by mail (RFC 8460 §5.3).
func (s *Server) accepted(_ context.Context, m *delivery.Message, rcpt []address.Address) {
	if s.reportsTo.IsZero() || !slices.Contains(rcpt, s.reportsTo) {
		return
	}
	if err := s.readReport(m); err != nil {
		s.log.Warn("TLS report not read", "part", "tls-reports", "from", m.From.String(), "err", err)
	}
}

func (s *Server) readReport(m *delivery.Message) error {
	content, err := m.Content.Open()
	if err != nil {
		return err
	}
	defer content.Close()
	return s.reports.Read(m.Content.Structure(), content, s.logReport)
}

// maxLogged bounds the policies of a report that are looked at, and the failures
// of each that the log tells of.
const maxLogged = 100

// logReport tells what another domain has seen of our TLS.
func (s *Server) logReport(r *tlspolicy.Report) {
	log := s.log.With("part", "tls-reports", "organization", r.OrganizationName, "report", r.ReportID,
		"start", r.DateRange.Start, "end", r.DateRange.End)
	for _, p := range r.Policies[:min(len(r.Policies), maxLogged)] {
		s.counters.reported.WithLabelValues("success").Add(float64(max(p.Summary.Successful, 0)))
		s.counters.reported.WithLabelValues("failure").Add(float64(max(p.Summary.Failed, 0)))
		log.Info("TLS report", "domain", p.Policy.Domain, "policy", string(p.Policy.Type), "successes", p.Summary.Successful, "failures", p.Summary.Failed)
		for _, f := range p.Failures[:min(len(p.Failures), maxLogged)] {
			log.Warn("TLS failure reported", "domain", p.Policy.Domain, "type", string(f.Type), "sessions", f.Sessions,
				"host", f.ReceivingHostname, "sender", f.SendingMTAIP, "reason", f.ReasonCode)
		}
	}
}

// serveWeb serves our own MTA-STS policy.
func (s *Server) serveWeb(ctx context.Context, config *tls.Config) error {
	log := s.log.With("part", "https")
	handler := web.NewHandler(web.Options{HasDomain: s.directory.IsLocal, Policy: s.ownPolicy(), Logger: log})
	for _, a := range s.config.HTTPS.Listen {
		accepter, err := s.bind(ctx, "https", a)
		if err != nil {
			return err
		}
		one := web.New(accepter, config, handler, log)
		s.bound["https"] = append(s.bound["https"], one.Addr())
		s.closers = append(s.closers, one.Close)
		s.services = append(s.services, service{"https", one.Run})
	}
	return nil
}

// ownPolicy is what our domains publish; nil for nothing.
func (s *Server) ownPolicy() *tlspolicy.Policy {
	c := &s.config.MTASTS
	if c.Mode == "none" {
		return nil
	}
	mx := c.MX
	if len(mx) == 0 {
		mx = []string{s.config.HostnameOrMachine()}
	}
	return &tlspolicy.Policy{Mode: tlspolicy.Mode(c.Mode), MaxAge: c.MaxAge.Duration, MX: mx}
}
