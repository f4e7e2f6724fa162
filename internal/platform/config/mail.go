package config

import "strings"

// Auth says how passwords are checked and kept.
type Auth struct {
	Argon2Memory    Size `toml:"argon2-memory" comment:"Memory for one argon2id hash. It counts for passwords that are set from now on."`
	Argon2Time      int  `toml:"argon2-time" comment:"Passes of argon2id over that memory."`
	SCRAMIterations int  `toml:"scram-iterations" comment:"Iterations of SCRAM-SHA-256 (RFC 7677 §4 asks for 4096 at least)."`
	AllowInsecure   bool `toml:"allow-insecure" comment:"Accept passwords over connections without TLS, from loopback addresses only."`
}

func (a *Auth) check(r *report) {
	if a.Argon2Memory < 64<<10 || a.Argon2Memory > 1<<30 {
		r.add("argon2-memory", "must be from 64KB to 1GB")
	}
	if a.Argon2Time < 1 || a.Argon2Time > 100 {
		r.add("argon2-time", "must be from 1 to 100")
	}
	if a.SCRAMIterations < 4096 || a.SCRAMIterations > 10_000_000 {
		r.add("scram-iterations", "must be from 4096 to 10000000")
	}
}

// Delivery is about mail into local mailboxes.
type Delivery struct {
	Subaddress string `toml:"subaddress-separator" comment:"What splits user+detail@example.org; empty for no subaddresses."`
	Postmaster string `toml:"postmaster" comment:"Account that gets the mail to postmaster of every local domain, unless an account or\nalias has that address. Empty: the first account."`
	Quota      Size   `toml:"quota" comment:"Quota of accounts that have none of their own; 0 for none."`
}

func (d *Delivery) check(r *report) {
	if len(d.Subaddress) > 1 || strings.ContainsAny(d.Subaddress, "@.\" ") {
		r.add("subaddress-separator", "must be one character that may stand in a local part, such as \"+\"")
	}
	if d.Postmaster != "" && !strings.Contains(d.Postmaster, "@") {
		r.add("postmaster", "%q is not an address", d.Postmaster)
	}
}

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
	TLS               string     `toml:"tls" comment:"opportunistic: TLS where the next hop offers it. require: never without."`
}

func (o *Outbound) check(r *report) {
	if o.Smarthost != "" && !isAddress(o.Smarthost) {
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
}
