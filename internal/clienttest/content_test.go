//go:build clients

package clienttest

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// samples returns messages with what clients stumble over: lines of dots, long
// lines, eight bits, an empty body, a size beyond all buffers.
func samples(n int) []string {
	bodies := []string{
		"plain\r\n",
		".\r\n..\r\n.dot\r\n\r\n.\r\n",
		strings.Repeat("long ", 190) + "\r\n",
		"Grüße aus Köln\r\n",
		"",
		strings.Repeat("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n", 5000),
	}
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("From: far@elsewhere.test\r\nTo: %s\r\nDate: Fri, 2 Jan 2026 12:00:%02d +0000\r\n"+
			"Message-ID: <%d@elsewhere.test>\r\nSubject: sample %d\r\nMIME-Version: 1.0\r\n"+
			"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s",
			alice, i, i, i, bodies[i%len(bodies)]))
	}
	return all
}

// upload puts messages into a mailbox, byte for byte.
func (s *server) upload(t *testing.T, mailbox string, messages ...string) {
	t.Helper()
	for _, text := range messages {
		file := filepath.Join(t.TempDir(), "m.eml")
		writeFile(t, file, text)
		s.curl(t, alice, mailbox, "-T", file)
	}
}

// A digest is the hash of a message with bare line ends.
type digest [sha256.Size]byte

func digestOf(text string) digest {
	return sha256.Sum256([]byte(strings.ReplaceAll(text, "\r\n", "\n")))
}

// digests returns those of messages, in an order that does not depend on theirs.
func digests(messages []string) []string {
	var all []string
	for _, text := range messages {
		all = append(all, fmt.Sprintf("%x", digestOf(text)))
	}
	slices.Sort(all)
	return all
}

// remote returns the messages of a mailbox, as IMAP serves them.
func (s *server) remote(t *testing.T, mailbox string) []string {
	t.Helper()
	found := s.curl(t, alice, mailbox, "-X", "UID SEARCH ALL")
	var all []string
	for _, uid := range regexp.MustCompile(`\d+`).FindAllString(found, -1) {
		all = append(all, s.curl(t, alice, mailbox+";UID="+uid))
	}
	return all
}

// local returns the messages of a Maildir.
func local(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	for _, text := range maildir(t, dir) {
		all = append(all, text)
	}
	return all
}

// same wants two sets of messages to be equal in every octet but line ends.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if slices.Equal(digests(got), digests(want)) {
		return
	}
	wanted := make(map[digest]bool)
	for _, text := range want {
		wanted[digestOf(text)] = true
	}
	for _, text := range got {
		if !wanted[digestOf(text)] {
			t.Errorf("%s: unknown message\n%.600q", what, text)
		}
	}
	t.Errorf("%s: %d messages, want %d", what, len(got), len(want))
}
