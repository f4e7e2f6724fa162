package archtest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// A capabilityRow is a row of RFC.md's table of what is announced. A name that
// ends in "=" stands for all that begin so.
type capabilityRow struct{ protocol, name, tests string }

var capabilityRows = regexp.MustCompile("(?m)^\\| (SMTP|IMAP|POP3) \\| `([^`]+)` \\| [^|]+ \\| ([^|]+) \\|$")

// TestCapabilitiesHaveTests asks a whole server what it announces: each word
// must stand in RFC.md with the tests that show that it is there, and each word
// in RFC.md must be announced.
func TestCapabilitiesHaveTests(t *testing.T) {
	rows := readCapabilityRows(t)
	announced := map[string][]string{"SMTP": announcedBySMTP(t), "IMAP": announcedByIMAP(t), "POP3": announcedByPOP3(t)}
	used := make(map[capabilityRow]bool)
	for protocol, names := range announced {
		for _, name := range names {
			i := slices.IndexFunc(rows, func(r capabilityRow) bool { return r.protocol == protocol && covers(r.name, name) })
			if i < 0 {
				t.Errorf("%s announces %s, which has no row in RFC.md, \"What is announced\"", protocol, name)
				continue
			}
			used[rows[i]] = true
		}
	}
	for _, r := range rows {
		if !used[r] {
			t.Errorf("RFC.md says that %s announces %s, which it does not", r.protocol, r.name)
		}
		r.checkTests(t)
	}
}

func readCapabilityRows(t *testing.T) []capabilityRow {
	t.Helper()
	text, err := os.ReadFile("../../RFC.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []capabilityRow
	for _, m := range capabilityRows.FindAllStringSubmatch(string(text), -1) {
		rows = append(rows, capabilityRow{m[1], m[2], m[3]})
	}
	return rows
}

func covers(row, name string) bool {
	return row == name || strings.HasSuffix(row, "=") && strings.HasPrefix(name, row)
}

// checkTests wants every file that the row names, as `path` or `path*`.
func (r capabilityRow) checkTests(t *testing.T) {
	t.Helper()
	for name := range strings.SplitSeq(r.tests, ",") {
		name = strings.Trim(name, " `")
		found, err := filepath.Glob(filepath.Join("../..", name))
		if err != nil || len(found) == 0 || name == "" {
			t.Errorf("RFC.md names %q as a test of %s, which is no file", name, r.name)
		}
	}
}

const owner = "ann@example.test"

func wholeServer(t *testing.T) *mailtest.Server {
	return mailtest.Start(t, mailtest.Options{Accounts: []mailtest.Account{{Address: owner}}})
}

// announcedByIMAP returns what is announced before and after a login.
func announcedByIMAP(t *testing.T) []string {
	text := ask(t, wholeServer(t), "imaps", fmt.Sprintf("a CAPABILITY\r\nb LOGIN %s %q\r\nc CAPABILITY\r\nd LOGOUT\r\n", owner, mailtest.Password)) +
		askPlainly(t, wholeServer(t), "imap", "a CAPABILITY\r\nb LOGOUT\r\n")
	return words(text, regexp.MustCompile(`(?m)^\* CAPABILITY (.*)\r$`))
}

// announcedByPOP3 returns the first word of each capability.
func announcedByPOP3(t *testing.T) []string {
	text := ask(t, wholeServer(t), "pop3s", "CAPA\r\nUSER "+owner+"\r\nPASS "+mailtest.Password+"\r\nCAPA\r\nQUIT\r\n") +
		askPlainly(t, wholeServer(t), "pop3", "CAPA\r\nQUIT\r\n")
	return words(text, regexp.MustCompile(`(?m)^([A-Z0-9][-A-Z0-9]*)(?: .*)?\r$`))
}

// announcedBySMTP returns the first word of each line of EHLO, at every door.
func announcedBySMTP(t *testing.T) []string {
	s := wholeServer(t)
	text := ask(t, s, "submissions", "EHLO client.example\r\nQUIT\r\n")
	for service, hello := range map[string]string{"smtp": "EHLO", "submission": "EHLO", "lmtp": "LHLO"} {
		text += askPlainly(t, s, service, hello+" client.example\r\nQUIT\r\n")
	}
	text = regexp.MustCompile(`250[- ]\S+ greets .*\r\n`).ReplaceAllString(text, "")
	return words(text, regexp.MustCompile(`(?m)^250[- ]([A-Z0-9][-A-Z0-9]*)(?: .*)?\r$`))
}

// words returns the words of all matches' first group, each once.
func words(text string, re *regexp.Regexp) []string {
	found := make(map[string]bool)
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		for word := range strings.FieldsSeq(m[1]) {
			found[word] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// ask says something over TLS and returns all that comes back.
func ask(t *testing.T, s *mailtest.Server, service, say string) string {
	t.Helper()
	conn, err := tls.Dial("tcp", s.Addr(service), s.TLS())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return converse(t, conn, say)
}

func askPlainly(t *testing.T, s *mailtest.Server, service, say string) string {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr(service))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return converse(t, conn, say)
}

// converse waits for the greeting, as SMTP wants it, before it speaks.
func converse(t *testing.T, conn net.Conn, say string) string {
	t.Helper()
	conn.SetDeadline(time.Now().Add(20 * time.Second)) // only reached by a failure
	r := bufio.NewReader(conn)
	greeting, err := r.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, say); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("after %q: %v", rest, err)
	}
	return greeting + string(rest)
}
