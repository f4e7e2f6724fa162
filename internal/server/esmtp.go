package server

import (
	"context"
	"strings"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/face/smtpsession"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/queue"
	"github.com/mailstead/mailstead/internal/platform/config"
	"github.com/mailstead/mailstead/internal/platform/limit"
	"github.com/mailstead/mailstead/smtp"
)

// smtpPolicy says what SMTP clients are offered.
func (s *Server) smtpPolicy() smtpsession.Policy {
	e := &s.config.ESMTP
	return smtpsession.Policy{
		VRFY: e.VRFY, EXPN: e.EXPN,
		QueueDomains: e.Domains(),
		QueueClients: config.Networks(e.ETRNClients),
		Unwanted:     smtp.Solicitation(strings.Join(e.NoSoliciting, ",")),
		LongestHold:  e.FutureRelease.Duration,
		MinByTime:    e.DeliverByMin.Duration,
		Priority:     config.Networks(e.PriorityTrusted),
		Clients:      config.Networks(e.XClientTrusted),
		Forwards:     config.Networks(e.XForwardTrusted),
	}
}

// maxReceivers is how many accounts are counted at a time.
const maxReceivers = 100_000

// receivedRate counts what accounts get from others; nil without a limit.
func (s *Server) receivedRate() *limit.Buckets[directory.AccountID] {
	n := s.config.Sending.ReceivedPerHour
	if n == 0 {
		return nil
	}
	return limit.NewBuckets[directory.AccountID](limit.Rate{Burst: n, Per: time.Hour}, maxReceivers, s.options.Now)
}

// startQueue makes the mail to a domain due now, and returns how many
// recipients that are.
func (s *Server) startQueue(_ context.Context, domain address.Domain, subdomains bool) (int, error) {
	n, err := s.queue.RetryNow(queue.Filter{Destination: domain}, s.options.Now())
	if err != nil || !subdomains {
		s.runner.Notify()
		return n, err
	}
	below := make(map[address.Domain]bool)
	err = s.queue.List(queue.Filter{State: queue.Waiting}, func(_ queue.Message, r queue.Recipient) error {
		if strings.HasSuffix(r.Destination.String(), "."+domain.String()) {
			below[r.Destination] = true
		}
		return nil
	})
	for d := range below {
		more, retryErr := s.queue.RetryNow(queue.Filter{Destination: d}, s.options.Now())
		n += more
		if err == nil {
			err = retryErr
		}
	}
	s.runner.Notify()
	return n, err
}
