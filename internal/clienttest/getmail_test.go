//go:build clients

package clienttest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGetmail fetches over POP3 and IMAP, with the client's own memory of what
// it has: no message comes twice, and what it deletes is gone.
func TestGetmail(t *testing.T) {
	t.Parallel()
	for retriever, protocol := range map[string]string{"SimplePOP3SSLRetriever": "pop3s", "SimpleIMAPSSLRetriever": "imaps"} {
		t.Run(retriever, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			g := s.getmail(t, retriever, protocol)
			sent := samples(8)
			s.upload(t, "INBOX", sent[:6]...)
			g.fetch("false")
			same(t, "the first time", g.messages(), sent[:6])
			g.fetch("false")
			same(t, "without new mail", g.messages(), sent[:6])
			s.upload(t, "INBOX", sent[6])
			g.fetch("false")
			same(t, "with a new message", g.messages(), sent[:7])
			same(t, "left on the server", s.remote(t, "INBOX"), sent[:7])
			s.upload(t, "INBOX", sent[7])
			g.fetch("true")
			same(t, "when deleting", g.messages(), sent)
			same(t, "left after deleting", s.remote(t, "INBOX"), nil)
		})
	}
}

// A getmail is a configuration with its memory.
type getmail struct {
	t         *testing.T
	dir, mail string
	rc        string // with %s for whether to delete
}

func (s *server) getmail(t *testing.T, retriever, protocol string) *getmail {
	t.Helper()
	dir := t.TempDir()
	g := &getmail{t: t, dir: dir, mail: filepath.Join(dir, "mail")}
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(g.mail, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	g.rc = fmt.Sprintf(`
[retriever]
type = %s
server = localhost
port = %s
username = %s
password = %s
ca_certs = %s

[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat > %s/new/$$")
allow_root_commands = true

[options]
read_all = false
delivered_to = false
received = false
delete = %%s
`, retriever, s.port(protocol), alice, password, s.certificate(t), g.mail)
	return g
}

func (g *getmail) fetch(remove string) {
	g.t.Helper()
	writeFile(g.t, filepath.Join(g.dir, "getmailrc"), fmt.Sprintf(g.rc, remove))
	run(g.t, "", "getmail", "--getmaildir", g.dir, "--rcfile", "getmailrc")
}

// messages returns what has been fetched, without the fields that getmail
// adds to each message.
func (g *getmail) messages() []string {
	g.t.Helper()
	all := local(g.t, g.mail)
	for i := range all {
		all[i] = strings.TrimPrefix(all[i], "Return-Path: <unknown>\n")
		all[i] = strings.Replace(all[i], "X-getmail-retrieved-from-mailbox: INBOX\n", "", 1)
	}
	return all
}
