package smtpsession

import (
	"net/netip"
	"slices"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/smtp"
	"github.com/mailstead/mailstead/smtp/smtpserver"
)

// A Policy says which services clients are offered, and who is trusted. The
// zero Policy trusts nobody and offers what needs no setting.
type Policy struct {
	VRFY, EXPN bool
	// QueueDomains are those whose mail ETRN may start, and QueueClients the
	// networks that may say it.
	QueueDomains []address.Domain
	QueueClients []netip.Prefix
	// Unwanted are the classes of solicitation that strangers may not send.
	Unwanted smtp.Solicitation
	// LongestHold is how long a user's message may be held; zero offers no
	// hold.
	LongestHold time.Duration
	// MinByTime is the least time of delivery that can be asked for.
	MinByTime time.Duration
	// Priority, Clients and Forwards are the networks whose word counts in
	// MT-PRIORITY, XCLIENT and XFORWARD.
	Priority, Clients, Forwards []netip.Prefix
}

func contains(networks []netip.Prefix, ip netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(ip) })
}

// Services returns what the client is offered.
func (s *session) Services() smtpserver.Services {
	p := &s.Policy
	remote, peer := ipOf(s.conn.Remote), ipOf(s.conn.Peer)
	services := smtpserver.Services{
		DSN: true, RequireTLS: true, BinaryMIME: true, RRVS: true, Priority: true,
		DeliverBy: true, MinByTime: p.MinByTime,
		NoSoliciting: p.Unwanted != "", Unwanted: p.Unwanted,
		VRFY: p.VRFY, EXPN: p.EXPN,
		ETRN:    len(p.QueueDomains) > 0 && contains(p.QueueClients, remote),
		Client:  contains(p.Clients, peer),
		Forward: contains(p.Forwards, peer),
	}
	if s.conn.Mode == smtpserver.Submission {
		services.FutureRelease = p.LongestHold
		services.BURL = true
	}
	return services
}
