package config

import (
	"path"
	"strings"
)

// Capabilities says what IMAP clients are offered.
type Capabilities struct {
	Literals string   `toml:"literals" comment:"\"LITERAL+\", or \"LITERAL-\": what a client sends without waiting has at most 4096 bytes."`
	Without  []string `toml:"without" comment:"Capabilities that nobody is offered, such as [\"NOTIFY\", \"COMPRESS=DEFLATE\"].\nCommands, ENABLE words and data items of a capability that is off are unknown."`
	Clients  []string `toml:"clients" comment:"Capabilities that clients which break by them are not offered, each entry as\n\"name/version/vendor: CAPABILITY...\". A client says who it is by ID; version and\nvendor may be left out, and * stands for anything but a slash: \"Old*/2.*: NOTIFY\"."`
	Accounts []string `toml:"accounts" comment:"Capabilities that an account is not offered: \"ann@example.com: NOTIFY\"."`
}

func (c *Capabilities) check(r *report) {
	if c.Literals != "LITERAL+" && c.Literals != "LITERAL-" {
		r.add("literals", `must be "LITERAL+" or "LITERAL-", not %q`, c.Literals)
	}
	for _, entry := range c.Clients {
		pattern, names := cutSwitch(entry)
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" || len(names) == 0 {
			r.add("clients", `%q is not "name/version/vendor: CAPABILITY..."`, entry)
		}
	}
	for _, entry := range c.Accounts {
		if account, names := cutSwitch(entry); !strings.Contains(account, "@") || len(names) == 0 {
			r.add("accounts", `%q is not "address: CAPABILITY..."`, entry)
		}
	}
}

// cutSwitch parts an entry into whom it is about and what he is not offered.
func cutSwitch(entry string) (who string, names []string) {
	i := strings.LastIndexByte(entry, ':')
	if i < 0 {
		return "", nil
	}
	return strings.ToLower(strings.TrimSpace(entry[:i])), strings.Fields(entry[i+1:])
}

// Off returns the capabilities that a client is not offered. Its name, version
// and vendor are what it says by ID, its account the address of who has logged
// in; each may be empty.
func (c *Capabilities) Off(name, version, vendor, account string) []string {
	off := c.Without
	said := [...]string{name, name + "/" + version, name + "/" + version + "/" + vendor}
	for _, entry := range c.Clients {
		pattern, names := cutSwitch(entry)
		against := said[min(strings.Count(pattern, "/"), 2)]
		if ok, err := path.Match(pattern, strings.ToLower(against)); ok && err == nil && name != "" {
			off = append(off[:len(off):len(off)], names...)
		}
	}
	for _, entry := range c.Accounts {
		if who, names := cutSwitch(entry); account != "" && who == strings.ToLower(account) {
			off = append(off[:len(off):len(off)], names...)
		}
	}
	return off
}
