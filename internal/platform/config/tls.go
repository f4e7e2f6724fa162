package config

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
