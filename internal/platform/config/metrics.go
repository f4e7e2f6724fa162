package config

// Metrics says where metrics are served.
type Metrics struct {
	Listen string `toml:"listen" comment:"Address, such as \"127.0.0.1:9090\"; empty to serve none."`
}

func (m *Metrics) check(r *report) {
	if m.Listen != "" && !isAddress(m.Listen) {
		r.add("listen", "%q is not an address such as \"127.0.0.1:9090\"", m.Listen)
	}
}
