package outbound

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/dns"
	"github.com/mailstead/mailstead/smtp/smtpclient"
)

// SMTPOptions of the transport to the world. Resolver and Hostname must be
// set; zero values of the others stand for the defaults.
type SMTPOptions struct {
	Resolver dns.Resolver
	Hostname address.Domain   // how we greet
	Self     []address.Domain // our other names; mail is not sent to them

	// Relay takes all mail, whatever its destination; nil sends it to the
	// hosts of the destination.
	Relay *Relay

	// RequireTLS refuses to send to hosts without TLS. Their certificates
	// are not verified: without DNSSEC or MTA-STS the name of a host proves
	// nothing.
	RequireTLS bool

	Port         uint16                // of the hosts; default 25
	Allow        func(netip.Addr) bool // which addresses may be connected to; default IsPublic
	MaxHosts     int                   // tried for one parcel; default 5
	MaxAddresses int                   // tried for one parcel; default 10

	DialTimeout time.Duration // for one address; default 30 seconds
	IdleTimeout time.Duration // how long a connection is kept for the next parcel; default 10 seconds
	MaxIdle     int           // connections kept to one address; default 5
	MaxUses     int           // parcels over one connection; default 100

	// Timeouts bound the waiting within a session; zero values are those
	// of RFC 5321 §4.5.3.2.
	Timeouts smtpclient.Timeouts

	// Dial opens connections; default is that of net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// RootCAs verify the relay's certificate; nil stands for those of the
	// system.
	RootCAs *x509.CertPool
}

// A Relay is a next hop for all mail: a smarthost.
type Relay struct {
	Host string
	Port uint16 // default 25
	// TLS says how the connection is protected.
	TLS RelayTLS
	// User and Password, if set, authenticate us. They are sent only over
	// TLS to a host whose certificate is verified, or within this machine.
	User, Password string
}

// RelayTLS says how a connection to a relay is protected.
type RelayTLS int

// The ways.
const (
	TLSOpportunistic RelayTLS = iota // STARTTLS if it is offered, with any certificate
	TLSEncrypted                     // STARTTLS, with any certificate
	TLSRequired                      // STARTTLS, with a valid certificate
	TLSImplicit                      // from the first byte, with a valid certificate
)

// IsPublic reports whether an address can be that of another mail system:
// neither this machine, nor nobody's, nor everybody's. Without this check
// anyone could let our server talk to itself, with a record in the DNS.
func IsPublic(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsGlobalUnicast() && !ip.IsLoopback()
}

// SMTP is the [Transport] to the world.
type SMTP struct {
	options SMTPOptions
	router  router
	pool    *pool
}

var _ Transport = (*SMTP)(nil)

// NewSMTP returns the transport. It must be closed.
func NewSMTP(o SMTPOptions) *SMTP {
	o.Port = cmp.Or(o.Port, 25)
	o.MaxHosts = cmp.Or(o.MaxHosts, 5)
	o.MaxAddresses = cmp.Or(o.MaxAddresses, 10)
	o.DialTimeout = cmp.Or(o.DialTimeout, 30*time.Second)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 10*time.Second)
	o.MaxIdle = cmp.Or(o.MaxIdle, 5)
	o.MaxUses = cmp.Or(o.MaxUses, 100)
	if o.Allow == nil {
		o.Allow = IsPublic
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	return &SMTP{
		options: o,
		router:  router{resolver: o.Resolver, self: append([]address.Domain{o.Hostname}, o.Self...), maxHosts: o.MaxHosts},
		pool:    newPool(o.MaxIdle, o.MaxUses, o.IdleTimeout),
	}
}

// Close says goodbye on all idle connections. It is called when no Deliver is
// running any more.
func (s *SMTP) Close() { s.pool.close() }

// Deliver implements [Transport].
func (s *SMTP) Deliver(ctx context.Context, p Parcel) []Result {
	d := &delivery{SMTP: s, parcel: p, results: make([]Result, len(p.Recipients)), open: make([]int, len(p.Recipients))}
	for i := range d.open {
		d.open[i] = i
	}
	if s.options.Relay != nil {
		d.relay(ctx)
	} else {
		d.hosts(ctx)
	}
	return d.results
}

// A place is an address to connect to, and the name under which it is known.
type place struct {
	name string
	addr netip.AddrPort
}

// A delivery is one call of Deliver.
type delivery struct {
	*SMTP
	parcel  Parcel
	results []Result // the last thing known about each recipient
	open    []int    // recipients for whom another place may know better
	tried   int      // addresses
}

// settle gives all open recipients the same result. That there is no way is
// said only of those of whom nothing better is known.
func (d *delivery) settle(r Result) {
	for _, i := range d.open {
		if known := d.results[i]; r.Kind == Permanent && known.Kind == Temporary && known.Text != "" {
			continue
		}
		d.results[i] = r
	}
}

// hosts tries the hosts of the destination.
func (d *delivery) hosts(ctx context.Context) {
	hosts, refused := d.router.route(ctx, d.parcel.Destination)
	if refused != nil {
		d.settle(*refused)
		return
	}
	// If no host has an address at all, nobody can be reached, now or later.
	domain := d.parcel.Destination.String()
	d.settle(failure(Permanent, codeNoRoute, fmt.Sprintf("None of the hosts that take mail for %s has an address.", domain), nil))
	for _, h := range hosts {
		if d.exhausted(ctx) {
			return
		}
		d.tryAll(ctx, d.places(ctx, h))
	}
}

// tryAll tries one place after the other.
func (d *delivery) tryAll(ctx context.Context, places []place) {
	for _, pl := range places {
		if d.exhausted(ctx) {
			return
		}
		d.try(ctx, pl)
	}
}

// exhausted reports whether the delivery ends here.
func (d *delivery) exhausted(ctx context.Context) bool {
	if len(d.open) > 0 && ctx.Err() != nil {
		d.settle(failure(Temporary, codeSystem, "The delivery was interrupted.", ctx.Err()))
		return true
	}
	return len(d.open) == 0 || d.tried >= d.options.MaxAddresses
}

// places looks up the addresses of a host of the destination.
func (d *delivery) places(ctx context.Context, h host) []place {
	var places []place
	for _, ip := range d.lookUp(ctx, h) {
		if !d.options.Allow(ip) {
			d.settle(failure(Permanent, codeNoRoute, fmt.Sprintf("The address %s is not one that mail can be sent to.", ip), nil))
			continue
		}
		places = append(places, place{name: cmp.Or(h.name, ip.String()), addr: netip.AddrPortFrom(ip, d.options.Port)})
	}
	return places
}

// lookUp returns the addresses of a host. If the DNS cannot tell now, the
// recipients know.
func (d *delivery) lookUp(ctx context.Context, h host) []netip.Addr {
	switch h.name {
	case "":
		return []netip.Addr{h.addr}
	case "localhost": // RFC 6761 §6.3: no question for the DNS
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	answer, err := dns.LookupIP(ctx, d.options.Resolver, h.name)
	if errors.Is(err, dns.ErrTemporary) {
		d.settle(failure(Temporary, codeDNS, fmt.Sprintf("The address of the host %s could not be looked up.", h.name), err))
	}
	return answer.Records
}

// relay gives everything to the next hop. That it cannot be found is a fault
// of ours and can be mended: it is temporary.
func (d *delivery) relay(ctx context.Context) {
	relay := d.options.Relay
	h := host{name: relay.Host}
	if ip, err := netip.ParseAddr(relay.Host); err == nil {
		h = host{addr: ip}
	}
	d.settle(failure(Temporary, codeNoRelay, fmt.Sprintf("The relay %s has no address.", relay.Host), nil))
	var places []place
	for _, ip := range d.lookUp(ctx, h) {
		places = append(places, place{name: relay.Host, addr: netip.AddrPortFrom(ip, cmp.Or(relay.Port, 25))})
	}
	d.tryAll(ctx, places)
}
