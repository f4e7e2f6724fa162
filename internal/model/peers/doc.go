// Package peers remembers what was learnt about the domains that we send mail
// to: their MTA-STS policies, which must outlive a restart so that nobody can
// take them away by standing in the way of one fetch (RFC 8461 §10.2), and how
// TLS sessions with their hosts went, until the day's report is sent
// (RFC 8460).
//
// # Keys
//
//	0x60 domain        an MTA-STS policy
//	0x61 day domain    the sessions of a day, in UTC
package peers
