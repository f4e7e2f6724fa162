package config

import "net/url"

// Metadata is about annotations (RFC 5464).
type Metadata struct {
	Comment string `toml:"comment" comment:"What clients are told of this server, /shared/comment. Empty: nothing."`
	Admin   string `toml:"admin" comment:"How to reach who runs this server, as a URI, /shared/admin: \"mailto:postmaster@example.org\", say.\nEmpty: not told."`
	Entries int    `toml:"entries" comment:"Annotations of one mailbox that one user may have, and those that all share."`
	Size    Size   `toml:"size" comment:"Size of one annotation."`
	Total   Size   `toml:"total" comment:"All annotations of one account together."`
}

func (m *Metadata) check(r *report) {
	if u, err := url.Parse(m.Admin); m.Admin != "" && (err != nil || u.Scheme == "") {
		r.add("admin", "%q is not a URI", m.Admin)
	}
	if m.Entries < 10 {
		r.add("entries", "must be at least 10 (RFC 5464 §4.1)")
	}
	if m.Size < 1024 || m.Size > 63<<10 {
		r.add("size", "must be between 1KB (RFC 5464 §4.1) and 63KB")
	}
	if m.Total < 64<<10 {
		r.add("total", "must be at least 64KB")
	}
}
