package config

import (
	"net/netip"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/smtp"
)

// ESMTP says which extensions of SMTP are offered, and whose word counts.
type ESMTP struct {
	VRFY            bool     `toml:"vrfy" comment:"Tell whether an address exists (VRFY). Spammers ask too."`
	EXPN            bool     `toml:"expn" comment:"Tell who is behind an alias (EXPN)."`
	ETRNDomains     []string `toml:"etrn-domains" comment:"Domains, with all below them, whose waiting mail a client may ask to be delivered now (ETRN)."`
	ETRNClients     []string `toml:"etrn-clients" comment:"Networks of clients that may do so."`
	NoSoliciting    []string `toml:"no-soliciting" comment:"Classes of solicitation that strangers may not send, such as \"net.example:ADV\" (RFC 3865)."`
	FutureRelease   Duration `toml:"future-release" comment:"How long a user's message may be held for later (RFC 4865); 0 for not at all."`
	DeliverByMin    Duration `toml:"deliver-by-min" comment:"The shortest time of delivery that a sender may ask for (RFC 2852)."`
	PriorityTrusted []string `toml:"priority-trusted" comment:"Networks of servers that may ask for haste (MT-PRIORITY, RFC 6710). Users may always."`
	XClientTrusted  []string `toml:"xclient-trusted" comment:"Networks of proxies that may speak for another client (XCLIENT), whom they have authenticated, say.\nThey could send as anyone."`
	XForwardTrusted []string `toml:"xforward-trusted" comment:"Networks of content filters that may say, for the log, whom a message is from (XFORWARD)."`
}

func defaultESMTP() ESMTP {
	return ESMTP{
		ETRNDomains: []string{}, ETRNClients: []string{}, NoSoliciting: []string{}, PriorityTrusted: []string{},
		XClientTrusted: []string{}, XForwardTrusted: []string{},
		FutureRelease: Duration{30 * 24 * time.Hour}, DeliverByMin: Duration{time.Minute},
	}
}

func (e *ESMTP) check(r *report) {
	for _, s := range e.ETRNDomains {
		if !isDomain(s) {
			r.add("etrn-domains", "%q is not a domain name", s)
		}
	}
	for _, s := range e.NoSoliciting {
		if _, ok := smtp.ParseSolicitation(s); !ok {
			r.add("no-soliciting", "%q is not a class of solicitation such as \"net.example:ADV\"", s)
		}
	}
	if e.FutureRelease.Duration > 999_999_999*time.Second {
		r.add("future-release", "must be at most 30 years")
	}
	for _, list := range []struct {
		key      string
		networks []string
	}{
		{"etrn-clients", e.ETRNClients}, {"priority-trusted", e.PriorityTrusted},
		{"xclient-trusted", e.XClientTrusted}, {"xforward-trusted", e.XForwardTrusted},
	} {
		checkNetworks(r, list.key, list.networks)
	}
}

func checkNetworks(r *report, key string, networks []string) {
	for _, s := range networks {
		if _, err := netip.ParsePrefix(s); err != nil {
			r.add(key, "%q is not a network such as \"10.0.0.0/8\"", s)
		}
	}
}

// Networks returns those of a list that has been checked.
func Networks(list []string) []netip.Prefix {
	var all []netip.Prefix
	for _, s := range list {
		if p, err := netip.ParsePrefix(s); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// Domains returns those of ETRNDomains.
func (e *ESMTP) Domains() []address.Domain {
	var all []address.Domain
	for _, s := range e.ETRNDomains {
		if d, err := address.ParseDomain(s); err == nil {
			all = append(all, d)
		}
	}
	return all
}
