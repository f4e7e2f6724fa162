//go:build clients

package clienttest

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestImapfilter searches by header, body, size and date, and moves, copies,
// flags and deletes what it finds.
func TestImapfilter(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	sent := samples(6)
	s.upload(t, "INBOX", sent...)
	rc := filepath.Join(t.TempDir(), "config.lua")
	writeFile(t, rc, fmt.Sprintf(`
options.timeout = 30
options.create = true
account = IMAP { server = 'localhost', port = %s, username = '%s', password = '%s', ssl = 'auto' }

inbox = account.INBOX
inbox:contain_subject('sample 1'):move_messages(account['Moved'])
inbox:contain_body('plain'):copy_messages(account['Copied'])
inbox:is_larger(100000):mark_flagged()
small = inbox:contain_subject('sample 4') * inbox:is_smaller(1000)
small:delete_messages()
rest = inbox:contain_from('elsewhere.test') * inbox:sent_on('02-Jan-2026') - inbox:is_flagged()
rest:add_flags({ 'filtered' })
`, s.port("imaps"), alice, password))
	run(t, "", "imapfilter", "-t", s.certificate(t), "-c", rc)
	same(t, "INBOX", s.remote(t, "INBOX"), []string{sent[0], sent[2], sent[3], sent[5]})
	same(t, "Moved", s.remote(t, "Moved"), sent[1:2])
	same(t, "Copied", s.remote(t, "Copied"), sent[:1])
	contains(t, s.curl(t, alice, "INBOX", "-X", "UID SEARCH FLAGGED"), "* SEARCH 6\r\n")
	contains(t, s.curl(t, alice, "INBOX", "-X", "UID SEARCH KEYWORD filtered"), "* SEARCH 1 3 4\r\n")
}
