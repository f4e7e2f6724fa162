package smtpsession

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/smtp"
)

// StartQueue starts the delivery to a domain that the client may ask for
// (RFC 1985 §5).
func (s *session) StartQueue(ctx context.Context, node string, subdomains bool) smtp.Reply {
	domain, err := address.ParseDomain(node)
	if err != nil || !s.mayStart(domain) {
		return etrnReply(459, "Node %s not allowed: it is not configured", node)
	}
	n, err := s.Start(ctx, domain, subdomains)
	switch {
	case err != nil:
		s.log.Error("queue could not be started", "node", node, "err", err)
		return etrnReply(458, "Unable to queue messages for node %s", node)
	case n == 0:
		return etrnReply(251, "OK, no messages waiting for node %s", node)
	}
	s.log.Info("queue started", "node", node, "recipients", n)
	return etrnReply(253, "OK, %[2]d pending messages for node %[1]s started", node, n)
}

func etrnReply(code int, format string, args ...any) smtp.Reply {
	return smtp.Reply{Code: code, Lines: []string{fmt.Sprintf(format, args...)}}
}

// mayStart tells whether a domain, or one above it, may be asked for.
func (s *session) mayStart(domain address.Domain) bool {
	return slices.ContainsFunc(s.Policy.QueueDomains, func(d address.Domain) bool {
		return d == domain || strings.HasSuffix(domain.String(), "."+d.String())
	})
}
