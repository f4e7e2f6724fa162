package server

import (
	"bufio"
	"context"
	"net"
	"net/netip"
	"os"

	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/internal/flow/outbound"
	"github.com/mailstead/mailstead/tlspolicy"
)

// smtpTransport returns the transport to the world or to the smarthost.
func (s *Server) smtpTransport(routes outbound.Routes) (outbound.Transport, error) {
	hostname, err := s.hostname()
	if err != nil {
		return nil, err
	}
	resolver, err := s.resolver()
	if err != nil {
		return nil, err
	}
	options := outbound.SMTPOptions{Hostname: hostname, Resolver: resolver, Dial: s.options.Dial, Routes: routes, Now: s.options.Now}
	options.RequireTLS = s.config.Outbound.TLS == "require"
	if dial := s.options.Dial; dial != nil {
		options.DialFrom = func(ctx context.Context, _ netip.Addr, network, address string) (net.Conn, error) {
			return dial(ctx, network, address)
		}
	}
	if s.config.Outbound.Smarthost != "" {
		if options.Relay, err = s.smarthost(); err != nil {
			return nil, err
		}
	}
	options.Policies = s.tlsPolicies(options.Resolver)
	transport := outbound.NewSMTP(options)
	s.transportClose, s.transportForget = transport.Close, transport.Forget
	return transport, nil
}

// tlsPolicies says whose word about TLS counts.
func (s *Server) tlsPolicies(resolver dns.Resolver) outbound.Policies {
	p := outbound.Policies{DANE: s.config.Outbound.DANE, Sessions: s.countSession}
	if s.config.Outbound.MTASTS {
		p.STS = outbound.NewSTSKeeper(outbound.STSOptions{
			Resolver: resolver, Peers: s.peers, Now: s.options.Now, Logger: s.log.With("part", "mta-sts"),
			Fetcher: tlspolicy.NewFetcher(tlspolicy.FetcherOptions{Dial: s.publicDial()}),
		})
	}
	return p
}

// resolver asks the servers of the configuration, or those that this machine
// asks, with a cache that all who ask share.
func (s *Server) resolver() (dns.Resolver, error) {
	if s.options.Resolver != nil {
		return s.options.Resolver, nil
	}
	if s.cache != nil {
		return s.cache, nil
	}
	options, err := s.resolverOptions()
	if err != nil {
		return nil, err
	}
	client, err := dns.NewClient(options)
	if err != nil {
		return nil, err
	}
	s.cache = dns.NewCache(client, dns.CacheOptions{})
	return s.cache, nil
}

func (s *Server) resolverOptions() (o dns.Options, err error) {
	c := &s.config.DNS
	if len(c.Servers) == 0 {
		o, err = dns.ReadResolvConf("/etc/resolv.conf")
	} else {
		o.Servers, err = c.Addresses()
	}
	o.TrustAuthentic = c.TrustAD
	return o, err
}

func (s *Server) smarthost() (*outbound.Relay, error) {
	o := &s.config.Outbound
	demand := outbound.TLSOpportunistic
	if o.TLS == "require" {
		demand = outbound.TLSRequired
	}
	return nextHop(o.Smarthost, o.SmarthostUser, o.SmarthostPassword, demand)
}

func firstLine(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Scan()
	return lines.Text(), lines.Err()
}
