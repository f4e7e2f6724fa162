package config

import (
	"strings"

	"github.com/mailstead/mailstead/address"
)

// Delivery is about mail into local mailboxes.
type Delivery struct {
	Subaddress string `toml:"subaddress-separator" comment:"What splits user+detail@example.org; empty for no subaddresses."`
	Postmaster string `toml:"postmaster" comment:"Account that gets the mail to postmaster of every local domain, unless an account or\nalias has that address. Empty: the first account."`
	Quota      Size   `toml:"quota" comment:"What an account may store, unless it has a quota of its own; 0 for no limit."`

	QuotaMessages  int `toml:"quota-messages" comment:"How many messages an account may have, likewise."`
	QuotaMailboxes int `toml:"quota-mailboxes" comment:"How many mailboxes an account may have, likewise. More than 5000 it never has."`
}

func (d *Delivery) check(r *report) {
	if len(d.Subaddress) > 1 || strings.ContainsAny(d.Subaddress, "@.\" ") {
		r.add("subaddress-separator", "must be one character that may stand in a local part, such as \"+\"")
	}
	if d.QuotaMessages < 0 {
		r.add("quota-messages", "must not be negative")
	}
	if d.QuotaMailboxes < 0 {
		r.add("quota-mailboxes", "must not be negative")
	}
	if d.Postmaster == "" {
		return
	}
	if _, err := address.Parse(d.Postmaster); err != nil {
		r.add("postmaster", "%q is not an address", d.Postmaster)
	}
}
