package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/face/admin"
)

func TestACL(t *testing.T) {
	t.Parallel()
	const team = "team@example.test"
	data, _ := startDev(t)
	do := func(args ...string) string {
		t.Helper()
		return must(t, "", append(args, "--data", data)...)
	}
	do("account", "add", team, "--shared")
	do("acl", "set", team, "INBOX", alice, "lrs")
	do("acl", "set", team, "INBOX", alice, "+d")
	do("acl", "set", team, "INBOX", "anyone", "lp")
	do("acl", "set", team, "Sent", "anyone", "l")
	do("acl", "remove", team, "Sent", "anyone")
	if out := do("acl", "list", team); out != "MAILBOX  IDENTIFIER          RIGHTS\nINBOX    alice@example.test  lrsted\nINBOX    anyone              lp\n" {
		t.Errorf("the list is\n%s", out)
	}
	if out := do("acl", "list", team, "Sent"); out != "MAILBOX  IDENTIFIER  RIGHTS\n" {
		t.Errorf("of a mailbox that nobody may use: %s", out)
	}
	if out := do("acl", "list", alice, "INBOX"); !strings.Contains(out, "alice@example.test  lrswipkxtecda") {
		t.Errorf("the owner is not listed: %s", out)
	}
	var lists []admin.ACL
	if out := do("acl", "list", team, "INBOX", "--json"); json.Unmarshal([]byte(out), &lists) != nil || len(lists) != 1 || len(lists[0].Entries) != 2 {
		t.Errorf("as JSON: %s", out)
	}
	for _, c := range []struct{ want, args string }{
		{"no such mailbox", "acl set " + team + " Nowhere anyone l"},
		{"no such mailbox", "acl list " + team + " Nowhere"},
		{"no account has this address", "acl set " + team + " INBOX nobody@example.test l"},
		{"rights are letters", "acl set " + team + " INBOX anyone lq"},
		{"the owner has all rights", "acl set " + alice + " INBOX " + alice + " l"},
		{"not found", "acl list nobody@example.test"},
		{"nobody logs in to a shared account", "account passwd " + team},
		{"nobody logs in to a shared account", "account admin " + team},
	} {
		refused(t, c.want, "secret\n", append(strings.Fields(c.args), "--data", data)...)
	}
	refused(t, "one by one", "", "account", "add", "--shared", "--from-file", "x", "--data", data)
}

func TestAccountQuota(t *testing.T) {
	t.Parallel()
	data, _ := startDev(t)
	for _, c := range []struct{ args, want string }{
		{"--storage 2GB --messages 1000", "bytes 2147483648, messages 1000, mailboxes default"},
		{"--mailboxes 0", "bytes 2147483648, messages 1000, mailboxes 0"},
		{"--storage none --messages default", "bytes none, messages default, mailboxes 0"},
	} {
		must(t, "", append(strings.Fields("account quota "+alice+" "+c.args), "--data", data)...)
		if out := must(t, "", "account", "show", alice, "--data", data); !strings.Contains(out, "quota      "+c.want+"\n") {
			t.Errorf("after %s:\n%s", c.args, out)
		}
	}
	must(t, "", "account", "admin", alice, "--data", data)
	if out := must(t, "", "account", "show", alice, "--data", data); !strings.Contains(out, "admin      true") {
		t.Errorf("not an administrator: %s", out)
	}
	must(t, "", "account", "admin", alice, "--revoke", "--data", data)
	refused(t, "give --storage", "", "account", "quota", alice, "--data", data)
	refused(t, "--messages", "", "account", "quota", alice, "--messages", "-3", "--data", data)
	refused(t, "--storage", "", "account", "quota", alice, "--storage", "much", "--data", data)
	refused(t, "not found", "", "account", "quota", "nobody@example.test", "--messages", "3", "--data", data)
}
