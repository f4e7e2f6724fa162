// Package tlspolicy says how a mail server must be reached: what its domain
// has published about TLS, and whether a connection keeps to it.
//
// # Words
//
// Three standards say the same thing in different ways. With DANE (RFC 7672) a
// host publishes its certificate in a signed DNS zone ([LookupDANE], [DANE]).
// With MTA-STS (RFC 8461) a domain publishes over HTTPS which hosts it has, and
// that their certificates prove their names ([Record], [Policy], [Fetcher]).
// With TLSRPT (RFC 8460) a domain asks to be told how often that failed
// ([ReportRecord], [Report]).
//
// # What a sender does
//
// DANE goes before MTA-STS (RFC 8461 §2): where a host has usable TLSA records,
// they alone decide. A policy in mode "testing" is judged and reported, but the
// message is sent either way. What is found is for the sender to remember: this
// package keeps nothing.
//
// # Caveats
//
// DANE stands on the AD bit of a resolver; see package dns for when that bit is
// believed. A TLSA record that cannot be looked up is not the same as none: the
// host must be passed over for now (RFC 7672 §2.1.2).
package tlspolicy
