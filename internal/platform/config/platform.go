package config

// Log says how the server logs.
type Log struct {
	Format string `toml:"format" comment:"text for people, json for machines."`
	Level  string `toml:"level" comment:"debug, info, warn or error."`
}

func (l *Log) check(r *report) {
	oneOf(r, "format", l.Format, "text", "json")
	oneOf(r, "level", l.Level, "debug", "info", "warn", "error")
}

// Metrics says where metrics are served.
type Metrics struct {
	Listen string `toml:"listen" comment:"Address, such as \"127.0.0.1:9090\"; empty to serve none."`
}

func (m *Metrics) check(r *report) {
	if m.Listen != "" && !isAddress(m.Listen) {
		r.add("listen", "%q is not an address such as \"127.0.0.1:9090\"", m.Listen)
	}
}

// TLS names the certificate.
type TLS struct {
	Certificate string `toml:"certificate" comment:"PEM file with the certificate and its chain. Files are read again when they\nchange. Empty: a self-signed certificate is made once, in the data folder."`
	Key         string `toml:"key" comment:"PEM file with the private key."`
}

func (t *TLS) check(r *report) {
	switch {
	case t.Certificate != "" && t.Key == "":
		r.add("key", "must be set together with certificate")
	case t.Certificate == "" && t.Key != "":
		r.add("certificate", "must be set together with key")
	}
}

// Storage tunes the embedded store.
type Storage struct {
	Cache           Size     `toml:"cache" comment:"Memory for the index's cache."`
	ReclaimInterval Duration `toml:"reclaim-interval" comment:"How often the space of deleted mail is looked for."`
	KeepExpunged    Duration `toml:"keep-expunged" comment:"How long the content of an expunged message stays readable for sessions that have\nnot been told."`
}

func (s *Storage) check(r *report) {
	if s.Cache < 1<<20 {
		r.add("cache", "must be at least 1MB")
	}
	if s.ReclaimInterval.Duration <= 0 {
		r.add("reclaim-interval", "must be longer than nothing")
	}
}

func oneOf(r *report, key, value string, allowed ...string) {
	for _, a := range allowed {
		if value == a {
			return
		}
	}
	r.add(key, "%q is none of %q", value, allowed)
}
