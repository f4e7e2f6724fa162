package config

import "github.com/mailstead/mailstead/address"

// HTTPS is where web clients connect.
type HTTPS struct {
	Listen []string `toml:"listen" comment:"Addresses, such as \":443\"; an empty list switches it off."`
}

func (h *HTTPS) check(r *report) {
	for _, a := range h.Listen {
		if !isAddress(a) {
			r.add("listen", "%q is not an address such as \":443\"", a)
		}
	}
}

// MTASTS is the policy that our own domains publish (RFC 8461). The certificate
// must be good for "mta-sts." and each domain.
type MTASTS struct {
	Mode   string   `toml:"mode" comment:"none, testing or enforce."`
	MX     []string `toml:"mx" comment:"Names of our hosts as the MX records have them; empty for the hostname alone."`
	MaxAge Duration `toml:"max-age" comment:"How long others keep the policy."`
}

func (m *MTASTS) check(r *report) {
	oneOf(r, "mode", m.Mode, "none", "testing", "enforce")
	for _, name := range m.MX {
		if !isDomain(name) {
			r.add("mx", "%q is not a domain name", name)
		}
	}
	if m.MaxAge.Duration <= 0 {
		r.add("max-age", "must be longer than nothing")
	}
}

// TLSReports is about reports on TLS, to and from other domains (RFC 8460).
type TLSReports struct {
	Contact      string `toml:"contact" comment:"Address that our reports come from and that answers questions about them; empty sends none."`
	Organization string `toml:"organization" comment:"The name under which we report; empty for the hostname."`
	Address      string `toml:"address" comment:"Address that our domains name in their _smtp._tls records: reports that it gets are read and\nlogged. It must be that of an account or an alias. Empty reads none."`
}

func (t *TLSReports) check(r *report) {
	for name, value := range map[string]string{"contact": t.Contact, "address": t.Address} {
		if value == "" {
			continue
		}
		if _, err := address.Parse(value); err != nil {
			r.add(name, "%q is not an address", value)
		}
	}
}
