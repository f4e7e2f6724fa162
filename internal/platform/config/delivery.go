package config

import (
	"strings"

	"github.com/mailstead/mailstead/address"
)

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
	if d.Postmaster == "" {
		return
	}
	if _, err := address.Parse(d.Postmaster); err != nil {
		r.add("postmaster", "%q is not an address", d.Postmaster)
	}
}
