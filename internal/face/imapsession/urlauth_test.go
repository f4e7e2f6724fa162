package imapsession_test

import (
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

const pictureMail = "Subject: picture\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/plain\r\n\r\nA picture\r\n" +
	"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KAAE=\r\n--b--\r\n"

// sign has a user complete a rump.
func sign(t *testing.T, c *mailtest.IMAP, rump string) string {
	t.Helper()
	lines := c.OK(`GENURLAUTH "` + rump + `" INTERNAL`).Lines("GENURLAUTH")
	if len(lines) != 1 {
		t.Fatalf("GENURLAUTH: %q", lines)
	}
	_, url, _ := strings.Cut(lines[0], `"`)
	return strings.TrimSuffix(url, `"`)
}

// TestURLFetch has the examples of RFC 4467 §7 and RFC 5524 §4: one user gives a
// URL to another, and takes it back.
func TestURLFetch(t *testing.T) {
	t.Parallel()
	s := start(t)
	a, b := s.IMAP(ann), s.IMAP("bob@example.test")
	defer a.Close()
	defer b.Close()
	a.OK(mailtest.Append("INBOX", "", pictureMail))
	part := "imap://ann%40example.test@" + mailtest.Hostname + "/INBOX/;uid=1"
	authuser := sign(t, a, part+"/;section=1;urlauth=authuser")
	picture := sign(t, a, part+"/;section=2;urlauth=user+bob%40example.test")
	header := sign(t, a, part+"/;section=HEADER.FIELDS%20(Subject);urlauth=authuser")
	window := sign(t, a, part+"/;section=2/;partial=2.3;urlauth=authuser")
	beyond := sign(t, a, part+"/;section=1/;partial=99;urlauth=authuser")
	late := sign(t, a, part+";expire=2020-01-01T00:00:00Z;urlauth=authuser")
	submit := sign(t, a, part+";urlauth=submit+bob%40example.test")
	const structure = `(BODYPARTSTRUCTURE ("image" "png" NIL NIL NIL "base64" 12 NIL NIL NIL NIL))`
	for _, test := range []struct{ who, ask, url, want string }{
		{"bob", `"%"`, authuser, " {9}\r\nA picture"},
		{"ann", `"%"`, authuser, " {9}\r\nA picture"},
		{"bob", `"%"`, header, " {20}\r\nSubject: picture\r\n\r\n"},
		{"bob", `"%"`, window, " {3}\r\nBOR"},
		{"bob", `"%"`, beyond, " {0}\r\n"},
		{"bob", `"%"`, late, " NIL"},
		{"bob", `"%"`, submit, " NIL"},
		{"ann", `"%"`, picture, " NIL"},
		{"bob", `("%" BODYPARTSTRUCTURE BINARY)`, picture, " " + structure + " (BINARY ~{8}\r\n\x89PNG\r\n\x00\x01)"},
		{"bob", `("%" BODY BODYPARTSTRUCTURE)`, picture, " " + structure + " (BODY {12}\r\niVBORw0KAAE=)"},
		{"bob", `("%" BINARY)`, header, " (BINARY {20}\r\nSubject: picture\r\n\r\n)"},
		{"bob", `("%" BODYPARTSTRUCTURE)`, header, " (BODYPARTSTRUCTURE NIL)"},
	} {
		c := map[string]*mailtest.IMAP{"ann": a, "bob": b}[test.who]
		got := c.OK("URLFETCH " + strings.ReplaceAll(test.ask, "%", test.url)).String()
		if want := "URLFETCH \"" + test.url + "\"" + test.want; !strings.Contains(got, want) {
			t.Errorf("%s: %s\n got %q\nwant %q", test.who, test.ask, got, want)
		}
	}
	a.OK("RESETKEY INBOX")
	if got := b.OK(`URLFETCH "` + authuser + `"`).String(); !strings.Contains(got, `" NIL`) {
		t.Errorf("after RESETKEY: %q", got)
	}
}
