package config

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// A Route changes how some of the mail to other servers is sent. In patterns *
// stands for any text. Zero values leave things as they are for all mail.
type Route struct {
	Name           string     `toml:"name" comment:"What the route is called, in the log and in reports."`
	Recipients     []string   `toml:"recipient-domains" comment:"Patterns of the domains that the mail goes to; empty for all."`
	Senders        []string   `toml:"sender-domains" comment:"Patterns of the domains that the mail comes from; \"\" is that of reports."`
	Accounts       []string   `toml:"accounts" comment:"Patterns of the addresses of accounts that submit the mail."`
	MX             []string   `toml:"mx" comment:"Patterns of the hosts that take mail for the domain."`
	AfterAttempts  int        `toml:"after-attempts" comment:"How many attempts must have failed before."`
	Via            string     `toml:"via" comment:"The next hop, as \"host:port\"; \"mx\" for the hosts of the domain; empty as for all mail."`
	User           string     `toml:"user" comment:"Login name at the next hop."`
	Password       string     `toml:"password-file" comment:"File with the password, in its first line."`
	TLS            string     `toml:"tls" comment:"opportunistic, require (with any certificate), verify (with one that proves the name) or\nimplicit (from the first byte, verified)."`
	Hello          string     `toml:"hello" comment:"The name to greet with."`
	Pool           string     `toml:"pool" comment:"The name of the pool of addresses to send from."`
	Retry          []Duration `toml:"retry" comment:"Pauses between attempts."`
	Lifetime       Duration   `toml:"lifetime" comment:"After which a message is returned to its sender."`
	Concurrency    int        `toml:"concurrency" comment:"Connections at a time on this route."`
	PerDestination int        `toml:"concurrency-per-destination" comment:"Connections at a time to one destination."`
	PerMinute      int        `toml:"per-minute" comment:"Messages in a minute to one destination."`
}

// A Pool is addresses of this machine that mail is sent from in turn.
type Pool struct {
	Name        string   `toml:"name" comment:"What routes call the pool."`
	Addresses   []string `toml:"addresses" comment:"IP addresses of this machine."`
	WarmUp      []int    `toml:"warm-up" comment:"Recipients of one destination on the first, second, ... day; any number after that."`
	WarmUpStart string   `toml:"warm-up-start" comment:"The first day, as \"2026-11-30\"."`
	Overflow    string   `toml:"overflow" comment:"The pool that takes what is over; empty to let it wait for the next day."`
}

func (o *Outbound) checkRoutes(r *report) {
	section := r.section
	for i := range o.Routes {
		r.section = element(section+"route", i) + "."
		o.Routes[i].check(r)
		o.checkPoolOf(r, "pool", o.Routes[i].Pool)
		if n := slices.IndexFunc(o.Routes, func(other Route) bool { return other.Name == o.Routes[i].Name }); n < i {
			r.add("name", "%q is the name of another route", o.Routes[i].Name)
		}
	}
	for i := range o.Pools {
		r.section = element(section+"pool", i) + "."
		o.Pools[i].check(r)
		o.checkPoolOf(r, "overflow", o.Pools[i].Overflow)
		if n := slices.IndexFunc(o.Pools, func(other Pool) bool { return other.Name == o.Pools[i].Name }); n < i {
			r.add("name", "%q is the name of another pool", o.Pools[i].Name)
		}
		if o.overflowsIntoItself(o.Pools[i]) {
			r.add("overflow", "the pool %q comes back to itself", o.Pools[i].Name)
		}
	}
	r.section = section
}

func (o *Outbound) checkPoolOf(r *report, key, name string) {
	if name != "" && o.pool(name) == nil {
		r.add(key, "there is no pool %q", name)
	}
}

func (o *Outbound) pool(name string) *Pool {
	for i := range o.Pools {
		if o.Pools[i].Name == name {
			return &o.Pools[i]
		}
	}
	return nil
}

func (o *Outbound) overflowsIntoItself(p Pool) bool {
	next := o.pool(p.Overflow)
	for range o.Pools {
		if next == nil {
			return false
		}
		next = o.pool(next.Overflow)
	}
	return next != nil
}

func (t *Route) check(r *report) {
	if t.Name == "" {
		r.add("name", "must be set")
	}
	for key, patterns := range map[string][]string{"recipient-domains": t.Recipients, "sender-domains": t.Senders, "accounts": t.Accounts, "mx": t.MX} {
		for _, p := range patterns {
			if strings.ToLower(p) != p || strings.ContainsAny(p, " ?[") || strings.Count(p, "*") > 4 {
				r.add(key, "%q is not a pattern: lower case, and at most four *", p)
			}
		}
	}
	if t.Via != "" && t.Via != "mx" && !isHostPort(t.Via) {
		r.add("via", "%q is neither host:port nor \"mx\"", t.Via)
	}
	if (t.User == "") != (t.Password == "") {
		r.add("user", "must be set together with password-file")
	}
	if t.User != "" && (t.Via == "" || t.Via == "mx") {
		r.add("user", "makes sense only with via")
	}
	oneOf(r, "tls", t.TLS, "", "opportunistic", "require", "verify", "implicit")
	if t.TLS == "implicit" && (t.Via == "" || t.Via == "mx") {
		r.add("tls", "implicit makes sense only with via")
	}
	if t.Hello != "" && !isDomain(t.Hello) {
		r.add("hello", "%q is not a domain name", t.Hello)
	}
	t.checkNumbers(r)
}

func (t *Route) checkNumbers(r *report) {
	for _, d := range t.Retry {
		if d.Duration <= 0 {
			r.add("retry", "a pause must be longer than nothing")
		}
	}
	for _, n := range []struct {
		key   string
		value int
	}{
		{"after-attempts", t.AfterAttempts}, {"concurrency", t.Concurrency},
		{"concurrency-per-destination", t.PerDestination}, {"per-minute", t.PerMinute},
	} {
		if n.value < 0 {
			r.add(n.key, "must not be negative")
		}
	}
}

func (p *Pool) check(r *report) {
	if p.Name == "" {
		r.add("name", "must be set")
	}
	if len(p.Addresses) == 0 {
		r.add("addresses", "must have at least one address")
	}
	for _, a := range p.Addresses {
		if _, err := netip.ParseAddr(a); err != nil {
			r.add("addresses", "%q is not an IP address", a)
		}
	}
	for _, n := range p.WarmUp {
		if n < 1 {
			r.add("warm-up", "a day must have at least one recipient")
		}
	}
	if _, err := p.Start(); err != nil && (len(p.WarmUp) > 0 || p.WarmUpStart != "") {
		r.add("warm-up-start", "%q is not a day such as \"2026-11-30\"", p.WarmUpStart)
	}
}

// Start returns the first day of the plan.
func (p *Pool) Start() (time.Time, error) { return time.Parse(time.DateOnly, p.WarmUpStart) }
