//go:build clients

package clienttest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// serveWithSmarthost runs a server that logs in at a next hop, with alice's
// account.
func (p *peer) serveWithSmarthost(t *testing.T, passwordFile string) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "hostname = 'mail.example.test'\ndata = %q\n[metrics]\nlisten = %q\n[auth]\nallow-insecure = true\n", p.data, p.addr("metrics"))
	for _, protocol := range protocols {
		if protocol != "metrics" {
			fmt.Fprintf(&b, "[%s]\nlisten = [%q]\n", protocol, p.addr(protocol))
		}
	}
	fmt.Fprintf(&b, "[outbound]\nsmarthost = %q\nsmarthost-user = 'us'\nsmarthost-password-file = %q\n", p.address(), passwordFile)
	p.serve(t, b.String())
	p.mailstead(t, "domain", "add", "example.test")
	p.mailstead(t, "account", "add", "--from-file", usersFile(t, alice+" "+password))
}

// TestLoginAtSmarthost relays through an Exim that asks for a password. While
// ours is wrong, the message waits.
func TestLoginAtSmarthost(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"secret", "wrong"} {
		t.Run(given, func(t *testing.T) {
			t.Parallel()
			x := &exim{}
			p := newPeer(t, x)
			file := filepath.Join(t.TempDir(), "password")
			writeFile(t, file, given+"\n")
			p.serveWithSmarthost(t, file)
			text := fromAlice(1)[0]
			p.submit(t, letter{"<" + alice + ">", []string{"<dave@far.test>"}, text})
			if given == "wrong" {
				eventually(t, "a refused login", func() bool { return strings.Contains(p.queue(t), "535 Incorrect authentication data") })
				return
			}
			p.taken(t, relayed, []string{text})
			p.drained(t)
			p.logged(t, "P=esmtpsa X=TLS", " A=plain:us ")
		})
	}
}
