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
	// Routes are those of the Runner; here matters what they say of hosts.
	Routes Routes

	// Policies are what the domains themselves say about TLS.
	Policies Policies
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
	MaxIdle     int           // connections kept to one address; default 20
	MaxUses     int           // parcels over one connection; default 100

	// Timeouts bound the waiting within a session; zero values are those
	// of RFC 5321 §4.5.3.2.
	Timeouts smtpclient.Timeouts

	// Dial opens connections; default is that of net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// DialFrom opens connections from an address of ours; default is that of
	// net.Dialer.
	DialFrom func(ctx context.Context, from netip.Addr, network, address string) (net.Conn, error)
	// RootCAs verify the relay's certificate; nil stands for those of the
	// system.
	RootCAs *x509.CertPool
	Now     func() time.Time // the clock; default time.Now
}

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
	memory  *hostMemory
}

var _ Transport = (*SMTP)(nil)

// NewSMTP returns the transport. It must be closed.
func NewSMTP(o SMTPOptions) *SMTP {
	o.Port = cmp.Or(o.Port, 25)
	o.MaxHosts = cmp.Or(o.MaxHosts, 5)
	o.MaxAddresses = cmp.Or(o.MaxAddresses, 10)
	o.DialTimeout = cmp.Or(o.DialTimeout, 30*time.Second)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 10*time.Second)
	o.MaxIdle = cmp.Or(o.MaxIdle, 20)
	o.MaxUses = cmp.Or(o.MaxUses, 100)
	if o.Allow == nil {
		o.Allow = IsPublic
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.DialFrom == nil {
		o.DialFrom = dialFrom
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &SMTP{
		options: o,
		memory:  newHostMemory(o.Now),
		router:  router{resolver: o.Resolver, self: append([]address.Domain{o.Hostname}, o.Self...), maxHosts: o.MaxHosts},
		pool:    newPool(o.MaxIdle, o.MaxUses, o.IdleTimeout),
	}
}

// Close says goodbye on all idle connections. It is called when no Deliver is
// running any more.
func (s *SMTP) Close() { s.pool.close() }

// Forget lets all hosts be tried again, also those that could not be reached a
// short time ago.
func (s *SMTP) Forget() { s.memory.forget() }

// Deliver implements [Transport].
func (s *SMTP) Deliver(ctx context.Context, p Parcel) []Result {
	d := &delivery{SMTP: s, parcel: p, route: p.Route, results: make([]Result, len(p.Recipients)), open: make([]int, len(p.Recipients))}
	if d.route == nil {
		d.route = usual
	}
	for i := range d.open {
		d.open[i] = i
	}
	d.run(ctx)
	for i := range d.results {
		d.results[i].Route, d.results[i].reserved = d.route, d.reserved
	}
	d.reserved.keep(countAccepted(d.results))
	return d.results
}

func countAccepted(results []Result) int {
	n := 0
	for i := range results {
		if results[i].Kind == Accepted {
			n++
		}
	}
	return n
}

// A place is an address to connect to, the name under which it is known, and
// what else makes a connection one that is not to be used for other mail.
type place struct {
	name  string
	addr  netip.AddrPort
	from  netip.Addr // of ours; may be invalid
	route *Route
	relay *Relay // nil for a host of the destination
	guard string // see guard.String
}

// A delivery is one call of Deliver.
type delivery struct {
	*SMTP
	parcel   Parcel
	route    *Route
	reserved *reservation
	results  []Result // the last thing known about each recipient
	open     []int    // recipients for whom another place may know better
	tried    int      // addresses
	guarding *guard   // of the host that is tried; nil for a relay
}

// run finds out where the parcel goes, and tries it there.
func (d *delivery) run(ctx context.Context) {
	var hosts []host
	var refused *Result
	if d.options.Routes.needHosts() && d.parcel.Via == "" {
		hosts, refused = d.router.route(ctx, d.parcel.Destination)
		d.rechoose(hosts)
	}
	if !d.reserve() {
		return
	}
	if relay := d.nextHop(); relay != nil {
		d.relay(ctx, relay)
		return
	}
	if hosts == nil && refused == nil {
		hosts, refused = d.router.route(ctx, d.parcel.Destination)
	}
	if refused != nil {
		d.settle(*refused)
		return
	}
	d.hosts(ctx, hosts)
}

// rechoose chooses the route again, now that the hosts are known.
func (d *delivery) rechoose(hosts []host) {
	way := wayOf(&d.parcel.Message, d.parcel.Recipients)
	for _, h := range hosts {
		way.Hosts = append(way.Hosts, h.name)
	}
	d.route = d.options.Routes.choose(&way)
}

// nextHop returns the relay that takes the parcel, if it does not go to the
// hosts of its destination. One that an operator has named may be among those
// that we know how to greet.
func (d *delivery) nextHop() *Relay {
	relay := d.options.Relay
	if d.route.Relay != nil || d.route.Direct {
		relay = d.route.Relay
	}
	if d.parcel.Via == "" {
		return relay
	}
	known := []*Relay{d.options.Relay}
	for _, r := range d.options.Routes {
		known = append(known, r.Relay)
	}
	for _, r := range known {
		if r != nil && r.String() == d.parcel.Via {
			return r
		}
	}
	named, err := ParseRelay(d.parcel.Via)
	if err != nil {
		return &Relay{Host: d.parcel.Via} // which cannot be found, and says so
	}
	return named
}

// reserve finds addresses of ours to send from. It reports false if there is no
// room in them today; where there is room for some recipients, the others wait.
func (d *delivery) reserve() bool {
	if d.route.Sources == nil {
		return true
	}
	now := d.options.Now()
	var err error
	d.reserved, err = d.route.Sources.reserve(d.parcel.Destination.String(), len(d.parcel.Recipients), now)
	switch {
	case err != nil:
		d.settle(failure(Temporary, codeSystem, "The mail system has an internal problem.", err))
		d.reserved = nil
		return false
	case d.reserved == nil || d.reserved.n < len(d.open):
		r := failure(Temporary, codeCeiling, "Enough was sent to this destination today.", nil)
		r.NotBefore = dayOf(now).Add(24 * time.Hour)
		d.settle(r)
	}
	if d.reserved == nil {
		return false
	}
	d.open = d.open[:min(d.reserved.n, len(d.open))]
	return true
}

// place completes a place.
func (d *delivery) place(name string, addr netip.AddrPort, relay *Relay) place {
	pl := place{name: name, addr: addr, route: d.route, relay: relay, guard: d.guarding.String()}
	if d.reserved != nil {
		pl.from = d.reserved.pool.next(addr.Addr())
	}
	return pl
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
func (d *delivery) hosts(ctx context.Context, hosts []host) {
	// If no host has an address at all, nobody can be reached, now or later.
	domain := d.parcel.Destination.String()
	d.settle(failure(Permanent, codeNoRoute, fmt.Sprintf("None of the hosts that take mail for %s has an address.", domain), nil))
	for _, h := range hosts {
		if d.exhausted(ctx) {
			return
		}
		var refused *Result
		if d.guarding, refused = d.guard(ctx, h); refused != nil {
			d.settle(*refused)
			continue
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
		places = append(places, d.place(cmp.Or(h.name, ip.String()), netip.AddrPortFrom(ip, d.options.Port), nil))
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
		r := failure(Temporary, codeDNS, fmt.Sprintf("The address of the host %s could not be looked up.", h.name), err)
		r.Unreached = true
		d.settle(r)
	}
	return answer.Records
}

// relay gives everything to a next hop. That it cannot be found is a fault of
// ours and can be mended: it is temporary.
func (d *delivery) relay(ctx context.Context, relay *Relay) {
	h := host{name: relay.Host}
	if ip, err := netip.ParseAddr(relay.Host); err == nil {
		h = host{addr: ip}
	}
	missing := failure(Temporary, codeNoRelay, fmt.Sprintf("The relay %s has no address.", relay.Host), nil)
	missing.Unreached = true
	d.settle(missing)
	if d.requiresTLS() {
		d.guarding = &guard{require: true, proven: true}
	}
	addresses := d.lookUp(ctx, h)
	if len(addresses) > 0 {
		d.settle(Result{}) // the tries know more, and it may be final
	}
	var places []place
	for _, ip := range addresses {
		places = append(places, d.place(relay.Host, netip.AddrPortFrom(ip, relay.port()), relay))
	}
	d.tryAll(ctx, places)
}
