package server_test

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/mailstead/mailstead/internal/face/admin"
	"github.com/mailstead/mailstead/internal/mailtest"
)

// hostileNames are what should not become a path, a pattern, a line or a name of
// somebody else.
var hostileNames = []string{
	".", "..", "../../../etc/passwd", "..\\..\\x", "/", "//", "/etc/passwd", "a/", "/a", "a//b", "a/./b", "a/../../b", "~root", "-rf", "-", "$(id)", "`id`", "%s%n", "%", "*", "a*b%c",
	"CON", "nul.txt", "x\x00y", "x\ry", "x\ny", "x\r\na OK done", "x\x1b[2Jy", "x\x7fy", "x\u0085y", "x\u2028y", "\u202egnp.exe", "\u200b", "\ufeffx", "\xff\xfe", "\xc0\xafx", "\xed\xa0\x80",
	"inbox", "INBOX ", " INBOX", "\u0131nbox", "INBOX\u200b", "\u0406NBOX", "INBOX/../INBOX", "Other Users", "Other Users/ann@example.test", "Shared", "#news", "&", "&-", "&AAA-", "&AA0ACg-", "&2AA-", "&Jjo", "&AGE-",
	strings.Repeat("x", 255), strings.Repeat("x", 5000), strings.Repeat("\u00e9", 3000), strings.Repeat("a/", 500) + "a", strings.Repeat("../", 100) + "x", "\"", "\\", "\"\\\"", "{5}", "{5+}\r\nhello", "(", "NIL",
	"mailstead.sock", "staging", "LOCK", "key.pem",
}

// mailboxForms are commands in which a name can stand.
var mailboxForms = []string{
	"CREATE %s", "SUBSCRIBE %s", `LIST "" %s`, `LIST %s "*"`, "STATUS %s (MESSAGES)", "EXAMINE %s", "GETACL %s", "RENAME Archive %s", "RENAME %s Archive", "DELETE %s", "CREATE %s",
}

// ours are the names of files that the server makes: none has a peer's words in
// it.
var ours = regexp.MustCompile(`^(mail[0-9]+|store|index|packs|staging|LOCK|FORMAT|CLOSED|mailstead\.(sock|lock)|self-signed\.(pem|key)|[0-9a-f-]+(\.[a-z]+)?|MANIFEST-[0-9]+|OPTIONS-[0-9]+|marker\.[a-z-]+\.[0-9]+\.(MANIFEST-)?[0-9]+|[a-z]+)$`)

// TestHostileMailboxNames creates, renames, subscribes to and asks for mailboxes
// with hostile names. What is made can be listed and opened by its name, lines
// stay lines, and nothing of it reaches the disk's names or another account.
func TestHostileMailboxNames(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}, {Address: "bob@example.test"}}, Disk: true})
	others := strings.Join(s.IMAP("bob@example.test").OK(`LIST "" *`).Untagged, "\n")
	for _, accept := range []bool{false, true} {
		for _, name := range hostileNames {
			c := s.IMAP(ann) // one for each, for there are only so many bad commands
			if accept {
				c.OK("ENABLE UTF8=ACCEPT")
			}
			for _, form := range mailboxForms {
				c.Write(fmt.Sprintf("last "+form+"\r\n", fmt.Sprintf("{%d+}\r\n%s", len(name), name)))
				for _, line := range answerLines(t, c) {
					wantLine(t, form+" of "+name, line)
				}
			}
			c.Close()
		}
		wantMailboxes(t, s.IMAP(ann), accept)
	}
	if now := strings.Join(s.IMAP("bob@example.test").OK(`LIST "" *`).Untagged, "\n"); now != others {
		t.Errorf("another account had\n%s\nand has\n%s", others, now)
	}
	wantOurFiles(t, s)
}

// answerLines reads up to the answer of the command "last".
func answerLines(t *testing.T, c *mailtest.IMAP) []string {
	t.Helper()
	var lines []string
	for {
		line, err := c.TryReadLine()
		if err != nil {
			t.Fatalf("the connection ended: %v after %q", err, lines)
		}
		lines = append(lines, line)
		if strings.HasPrefix(line, "last ") {
			return lines
		}
	}
}

// wantLine wants a line without anything that ends it, or steers a terminal.
func wantLine(t *testing.T, what, line string) {
	t.Helper()
	bad := func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == unicode.ReplacementChar }
	if _, literal, ok := strings.Cut(line, "}\r\n"); ok {
		line = literal
	}
	if strings.ContainsFunc(line, bad) {
		t.Errorf("%.60q: %.300q", what, line)
	}
}

// wantMailboxes opens all that is listed, each once.
func wantMailboxes(t *testing.T, c *mailtest.IMAP, accept bool) {
	t.Helper()
	if accept {
		c.OK("ENABLE UTF8=ACCEPT")
	}
	var names []string
	for _, line := range c.OK(`LIST "" *`).Untagged {
		wantLine(t, "LIST", line)
		_, name, _ := strings.Cut(line, `"/" `)
		if strings.Contains(line, "NonExistent") || strings.Contains(line, "Noselect") {
			continue
		}
		names = append(names, name)
		if got := c.Do("EXAMINE " + name); !got.OK() {
			t.Errorf("%s is listed: %s", line, got.Final)
		}
	}
	slices.Sort(names)
	if all := len(names); len(slices.Compact(names)) != all {
		t.Errorf("a name is listed twice: %q", names)
	}
}

// TestHostileAddresses adds accounts with hostile names as an administrator
// could, and asks for them in SMTP. What is made can log in and get mail.
func TestHostileAddresses(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}, {Address: "m\u00fcller@example.test"}}, Disk: true})
	made := 0
	for _, name := range hostileNames {
		if !utf8.ValidString(name) {
			continue // JSON does not carry it
		}
		for _, local := range []string{name, `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`} {
			a := admin.NewAccount{Address: local + "@example.test", Password: mailtest.Password}
			added, err := s.Admin().AddAccounts(t.Context(), admin.AddAccounts{Accounts: []admin.NewAccount{a}})
			if err != nil || added[0].Error != "" {
				continue
			}
			made++
			useAccount(t, s, a.Address)
		}
	}
	if made < 20 {
		t.Errorf("only %d of the names became accounts", made)
	}
	for _, same := range []string{"mu\u0308ller@example.test", "M\u00dcLLER@EXAMPLE.TEST", "ann@\uff45xample.test", `"ann"@example.test`, "ann@example\u3002test"} {
		added, err := s.Admin().AddAccounts(t.Context(), admin.AddAccounts{Accounts: []admin.NewAccount{{Address: same, Password: mailtest.Password}}, MakeDomains: true})
		if err != nil || added[0].Error == "" {
			t.Errorf("%q became an account beside the one that it is: %v, %v", same, added, err)
		}
	}
	s.Stop()
	for line := range strings.SplitSeq(strings.TrimSuffix(s.Log(), "\n"), "\n") {
		if !strings.HasPrefix(line, "time=") || strings.ContainsFunc(line, unicode.IsControl) {
			t.Errorf("a line of the log is %.300q", line)
		}
	}
	wantOurFiles(t, s)
}

// useAccount logs in, delivers to the account and reads.
func useAccount(t *testing.T, s *mailtest.Server, addr string) {
	t.Helper()
	c := s.DialIMAP()
	defer c.Close()
	c.OK(fmt.Sprintf("LOGIN {%d+}\r\n%s %q", len(addr), addr, mailtest.Password))
	replies := s.Talk("smtp", "EHLO a.test", "MAIL FROM:<x@far.test> SMTPUTF8", "RCPT TO:<"+addr+">", "DATA", "Subject: hello\r\n\r\nhello\r\n.")
	if got := replies[len(replies)-1]; !strings.HasPrefix(got, "250") {
		t.Errorf("delivery to %q: %q", addr, replies)
	}
	if got := c.OK("STATUS INBOX (MESSAGES)").String(); !strings.Contains(got, "MESSAGES 1") {
		t.Errorf("%q: %s", addr, got)
	}
}

// wantOurFiles wants no file in or beside the data folder that a peer has named.
func wantOurFiles(t *testing.T, s *mailtest.Server) {
	t.Helper()
	err := filepath.WalkDir(s.Data(), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !ours.MatchString(entry.Name()) {
			t.Errorf("there is a file %q", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
