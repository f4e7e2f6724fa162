//go:build clients

package clienttest

import "testing"

// TestOpenSSL talks to each port by hand, over TLS from the start and by
// STARTTLS, with TLS 1.2 and 1.3; older versions are refused.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for _, c := range []struct {
		name, port, starttls, send, want string
	}{
		{"smtp", "smtp", "smtp", "EHLO x.test\r\nQUIT\r\n", "250"},
		{"submission", "submission", "smtp", "EHLO x.test\r\nQUIT\r\n", "AUTH"},
		{"submissions", "submissions", "", "EHLO x.test\r\nQUIT\r\n", "AUTH"},
		{"imap", "imap", "imap", "a CAPABILITY\r\nb LOGOUT\r\n", "IMAP4rev2"},
		{"imaps", "imaps", "", "a CAPABILITY\r\nb LOGOUT\r\n", "IMAP4rev2"},
		{"pop3", "pop3", "pop3", "CAPA\r\nQUIT\r\n", "UIDL"},
		{"pop3s", "pop3s", "", "CAPA\r\nQUIT\r\n", "UIDL"},
	} {
		for _, version := range []string{"-tls1_2", "-tls1_3"} {
			t.Run(c.name+version, func(t *testing.T) {
				args := []string{"s_client", "-quiet", "-ign_eof", "-connect", s.addr(c.port), version}
				if c.starttls != "" {
					args = append(args, "-starttls", c.starttls)
				}
				contains(t, run(t, c.send, "openssl", args...), c.want)
			})
		}
	}
	t.Run("tls 1.1 refused", func(t *testing.T) {
		if out, err := try(t, "", "openssl", "s_client", "-connect", s.addr("imaps"), "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"); err == nil {
			t.Errorf("TLS 1.1 was accepted:\n%s", out)
		}
	})
}
