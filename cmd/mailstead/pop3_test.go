package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/face/admin"
)

const alice = "alice@example.test"

func TestAccountPOP3(t *testing.T) {
	t.Parallel()
	data, _ := startDev(t)
	for _, c := range []struct{ args, want string }{
		{"account pop3 " + alice, "POP3 mailbox       INBOX\nPOP3 delete        delete\nPOP3 leave, days   forever\nPOP3 login delay   0s\n"},
		{"account pop3 " + alice + " --mailbox Archive --delete hide --leave-days 30 --login-delay 5m",
			"POP3 mailbox       Archive *\nPOP3 delete        hide *\nPOP3 leave, days   30 *\nPOP3 login delay   5m0s *\n"},
		{"account pop3 " + alice + " --delete default --leave-days 0",
			"POP3 mailbox       Archive *\nPOP3 delete        delete\nPOP3 leave, days   0 *\n"},
		{"account show " + alice, "quota      bytes default, messages default, mailboxes default\nPOP3 mailbox       Archive *\n"},
	} {
		out := must(t, "", append(strings.Fields(c.args), "--data", data)...)
		if !strings.Contains(out, c.want) {
			t.Errorf("%s prints\n%s\nwant\n%s", c.args, out, c.want)
		}
	}
	var one admin.Account
	out := must(t, "", "account", "show", alice, "--json", "--data", data)
	if err := json.Unmarshal([]byte(out), &one); err != nil || one.POP3.LeaveDays != "0" || one.POP3.Mailbox != "Archive" {
		t.Errorf("as JSON %s, %v", out, err)
	}
	refused(t, "unknown kind", "", "account", "pop3", alice, "--delete", "burn", "--data", data)
	refused(t, "no mailbox", "", "account", "pop3", alice, "--mailbox", "Nowhere", "--data", data)
	refused(t, "not found", "", "account", "show", "nobody@example.test", "--data", data)
}

func TestAccountImportUIDL(t *testing.T) {
	t.Parallel()
	data, _ := startDev(t)
	file := write(t, filepath.Join(t.TempDir(), "list"), "<1@x>\told1\n")
	out := must(t, "", "account", "import-uidl", alice, file, "--data", data)
	if out != "0 unique-ids imported, 0 known already, 1 without a message\n" {
		t.Errorf("it prints %q", out)
	}
	file = write(t, file, "<1@x>\t"+strings.Repeat("x", 71)+"\n")
	refused(t, "1 unique-ids were refused", "", "account", "import-uidl", alice, file, "--data", data)
	refused(t, "no such file", "", "account", "import-uidl", alice, file+"x", "--data", data)
}
