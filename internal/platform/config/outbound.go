package config

// Outbound is about mail to other servers.
type Outbound struct {
	Smarthost         string     `toml:"smarthost" comment:"Server that takes all mail that leaves, as \"host:port\"; empty to deliver by MX."`
	SmarthostUser     string     `toml:"smarthost-user" comment:"Login name at the smarthost; empty for none."`
	SmarthostPassword string     `toml:"smarthost-password-file" comment:"File with the password, in its first line."`
	Retry             []Duration `toml:"retry" comment:"Pauses after the first, second, ... failed attempt. The last one is repeated."`
	Lifetime          Duration   `toml:"lifetime" comment:"After which a message is returned to its sender."`
	DelayNotice       Duration   `toml:"delay-notice" comment:"After which the sender is told that a message is late; 0 for never."`
	Concurrency       int        `toml:"concurrency" comment:"Connections at a time in all."`
	PerDestination    int        `toml:"concurrency-per-destination" comment:"Connections at a time to one destination."`
	TLS               string     `toml:"tls" comment:"opportunistic: TLS where the next hop offers it. require: never without, and to a smarthost with\na certificate that proves its name."`
	DANE              bool       `toml:"dane" comment:"Keep to the TLSA records of other servers (RFC 7672). It needs a resolver that validates DNSSEC:\nsee trust-ad."`
	MTASTS            bool       `toml:"mta-sts" comment:"Keep to the MTA-STS policies of other domains (RFC 8461)."`

	Routes []Route `toml:"route" comment:"Ways for some of the mail, tried in order: for each a table [[outbound.route]], with name and what\nit is for (recipient-domains, sender-domains, accounts, mx, after-attempts) and what it changes (via,\nuser, password-file, tls, hello, pool, retry, lifetime, concurrency, concurrency-per-destination,\nper-minute). See docs/sending.md. Leave out this line if you write such tables."`
	Pools  []Pool  `toml:"pool" comment:"Addresses to send from: for each a table [[outbound.pool]], with name, addresses, and perhaps\nwarm-up, warm-up-start and overflow. Leave out this line if you write such tables."`
}

func (o *Outbound) check(r *report) {
	if o.Smarthost != "" && !isHostPort(o.Smarthost) {
		r.add("smarthost", "%q is not host:port", o.Smarthost)
	}
	if (o.SmarthostUser == "") != (o.SmarthostPassword == "") {
		r.add("smarthost-user", "must be set together with smarthost-password-file")
	}
	if len(o.Retry) == 0 {
		r.add("retry", "must have at least one pause")
	}
	for _, d := range o.Retry {
		if d.Duration <= 0 {
			r.add("retry", "a pause must be longer than nothing")
		}
	}
	if o.Lifetime.Duration <= 0 {
		r.add("lifetime", "must be longer than nothing")
	}
	if o.Concurrency < 1 {
		r.add("concurrency", "must be at least 1")
	}
	if o.PerDestination < 1 {
		r.add("concurrency-per-destination", "must be at least 1")
	}
	oneOf(r, "tls", o.TLS, "opportunistic", "require")
	o.checkRoutes(r)
}
