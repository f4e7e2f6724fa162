//go:build clients

package clienttest

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
)

// TestHostileIMAPCommands says wrong things, and after each of them goes on
// with the same connection.
func TestHostileIMAPCommands(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	tests := []struct{ name, send, want string }{
		{"unknown", "t XYZZY", "t BAD"},
		{"tag alone", "t", "* BAD"},
		{"empty", "", "* BAD"},
		{"no tag", " NOOP", "* BAD"},
		{"plus as a tag", "+ NOOP", "* BAD"},
		{"literal as a tag", "{4+}\r\nabcd NOOP", "* BAD"},
		{"NUL", "t NO\x00OP", "t BAD"},
		{"NUL in a string", "t SELECT \"IN\x00BOX\"", "t BAD"},
		{"bare CR in a string", "t SELECT \"IN\rBOX\"", "t BAD"},
		{"8-bit in an atom", "t SELECT \xe9", "t BAD"},
		{"invalid UTF-8 in a string", "t SELECT \"\xff\xfe\"", "t BAD"},
		{"unclosed string", `t SELECT "INBOX`, "t BAD"},
		{"unclosed list", "t STATUS INBOX (MESSAGES", "t BAD"},
		{"argument too many", "t NOOP now", "t BAD"},
		{"modified UTF-7 with a bad shift", `t CREATE "&Jjo"`, "t "},
		{"modified UTF-7 of ASCII", `t CREATE "&AGE-"`, "t "},
		{"modified UTF-7 of half a surrogate", `t CREATE "&2AA-"`, "t "},
		{"modified UTF-7 of NUL", `t CREATE "&AAA-"`, "t "},
		{"modified UTF-7 of a line", `t CREATE "&AA0ACg-"`, "t "},
		{"empty literal8", "t SELECT ~{0+}\r\n", "t BAD"},
		{"huge literal", "t SELECT {99999999999}", "t NO [LIMIT]"},
		{"literal beyond 64 bits", "t SELECT {99999999999999999999}", "t BAD"},
		{"negative literal", "t SELECT {-1}", "t BAD"},
		{"literal with junk", "t SELECT {3} x", "t BAD"},
		{"big literal", "t SELECT {300000+}\r\n" + strings.Repeat("x", 300000), "t "},
		{"FETCH unselected", "t FETCH 1 FLAGS", "t BAD"},
		{"LOGIN again", "t LOGIN a b", "t BAD"},
		{"STARTTLS too late", "t STARTTLS", "t BAD"},
		{"sequence of 0", "t UID FETCH 0 FLAGS", "t BAD"},
		{"deep list", "t LIST (" + strings.Repeat("(", 5000), "t BAD"},
		{"APPEND of nothing", "t APPEND INBOX", "t BAD"},
		{"APPEND too big", "t APPEND INBOX {99999999}", "t NO [TOOBIG]"},
		{"APPEND to nowhere", "t APPEND Nowhere {5}", "t NO [TRYCREATE]"},
		{"bad date", `t APPEND INBOX "32-Foo-2026 99:99:99 +9999" {5}`, "t BAD"},
		{"dot-dot", `t CREATE "../../etc"`, "t "},
		{"LIST of wildcards", "t LIST \"\" " + strings.Repeat("*%", 2000), "t OK"},
	}
	for _, protocol := range []string{"imap", "imaps"} {
		for _, tt := range tests {
			t.Run(protocol+"/"+tt.name, func(t *testing.T) {
				w := s.imapSession(t, protocol, bob)
				w.send("%s\r\n", tt.send)
				for line := w.line(); ; line = w.line() {
					if strings.HasPrefix(line, tt.want) {
						break
					}
					if strings.HasPrefix(line, "t ") || strings.HasPrefix(line, "+ ") || strings.HasPrefix(line, "* BAD") {
						t.Fatalf("got %q, want %q", line, tt.want)
					}
				}
				w.ok("NOOP")
				w.ok("LOGOUT")
				w.closed()
			})
		}
	}
	t.Run("names made", func(t *testing.T) {
		w := s.imapSession(t, "imap", bob)
		for _, line := range w.ok(`LIST "" *`) {
			for _, c := range line {
				if c < ' ' || c > '~' {
					t.Errorf("%q", line)
				}
			}
		}
	})
}

// TestIMAPTooLong sends what a server must not gather.
func TestIMAPTooLong(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	t.Run("line", func(t *testing.T) {
		w := s.imapSession(t, "imap", bob)
		go fmt.Fprintf(w.conn, "t SELECT %s\r\n", strings.Repeat("x", 10<<20))
		text, _ := w.rest()
		contains(t, text, "* BYE [LIMIT]")
	})
	t.Run("line before login", func(t *testing.T) {
		w := s.dial(t, "imap")
		go fmt.Fprintf(w.conn, "t LOGIN %s\r\n", strings.Repeat("x", 10<<20))
		text, _ := w.rest()
		contains(t, text, "* BYE [LIMIT]")
	})
	t.Run("literals before login", func(t *testing.T) {
		w := s.dial(t, "imap")
		w.expect("* OK")
		w.send("t LOGIN {4000+}\r\n%s {4000+}\r\n%s\r\n", strings.Repeat("x", 4000), strings.Repeat("y", 4000))
		w.expect("t ")
		w.ok("NOOP")
	})
	t.Run("announced and not sent", func(t *testing.T) {
		w := s.imapSession(t, "imap", bob)
		w.send("t APPEND INBOX {1000}\r\n")
		w.expect("+ ")
		w.send("only this")
		w.halfClose()
		w.rest()
		if got := strings.Join(s.imapSession(t, "imap", bob).ok("STATUS INBOX (MESSAGES)"), " "); !strings.Contains(got, "MESSAGES 0") {
			t.Error(got)
		}
	})
}

// TestIMAPIsolation looks for what belongs to another user.
func TestIMAPIsolation(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	a := s.imapSession(t, "imap", alice)
	a.ok("CREATE secret-plan")
	body := "Subject: secret-mail\r\n\r\nsecret-body\r\n"
	a.ok("APPEND secret-plan {%d+}\r\n%s", len(body), body)
	w := s.imapSession(t, "imap", bob)
	for _, c := range []string{
		`LIST "" *`, `LIST "" "*secret*"`, `LIST "/" "*"`, `LIST "alice@example.test" *`, `LIST "../alice@example.test/" *`, `LSUB "" *`, "NAMESPACE",
		"SELECT secret-plan", "EXAMINE alice@example.test/secret-plan", `SELECT "../alice@example.test/secret-plan"`, `SELECT "/alice@example.test/INBOX"`,
		"STATUS secret-plan (MESSAGES)", "SELECT INBOX", "FETCH 1 BODY[]", "UID FETCH 1:* (FLAGS BODY[])", "UID SEARCH ALL", "UID SEARCH TEXT secret", "COPY 1:* INBOX",
		"RENAME secret-plan mine", "DELETE secret-plan", "GETQUOTAROOT INBOX", `LIST "" "user/*"`, `LIST "" "#shared/*"`,
	} {
		got := strings.Join(w.imapCommand("%s", c), "\n")
		if strings.Contains(strings.ReplaceAll(got, c, ""), "secret-") {
			t.Errorf("%s: %s", c, got)
		}
	}
	contains(t, strings.Join(a.ok("STATUS secret-plan (MESSAGES)"), "\n"), "MESSAGES 1")
}

// TestStrangersLearnNoNames asks in each protocol with a wrong password, for an
// account that there is and for one that there is not: the answers are the same.
func TestStrangersLearnNoNames(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	for protocol, dialogue := range map[string]func(w *wire, user string) string{
		"imap": func(w *wire, user string) string {
			w.expect("* OK")
			return w.answer("LOGIN %s wrong", user)
		},
		"pop3": func(w *wire, user string) string {
			w.expect("+OK")
			w.send("USER %s\r\nPASS wrong\r\n", user)
			return w.line() + w.line()
		},
		"submission": func(w *wire, user string) string {
			w.expect("220")
			w.smtpOK("EHLO client.test", "250")
			return w.smtp("AUTH PLAIN %s", base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00wrong")))
		},
		"smtp": func(w *wire, user string) string {
			w.expect("220")
			w.smtpOK("EHLO client.test", "250")
			return w.smtp("VRFY %s", user) + w.smtp("EXPN %s", user)
		},
	} {
		t.Run(protocol, func(t *testing.T) {
			known, unknown := dialogue(s.dial(t, protocol), alice), dialogue(s.dial(t, protocol), "nobody@example.test")
			if known != unknown {
				t.Errorf("%q and %q", known, unknown)
			}
		})
	}
}
