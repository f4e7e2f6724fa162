package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
)

// startSmall starts a server with two accounts on which little is much.
func startSmall(t *testing.T) *mailtest.Server {
	return mailtest.Start(t, mailtest.Options{
		Accounts: []mailtest.Account{{Address: ann}, {Address: "bob@example.test", Quota: 1}},
		Config:   func(c *config.Config) { c.Limits.MessageSize = 64 << 10 },
	})
}

// TestSmuggledInLiterals hides a command in a literal that nobody waits for, of a
// command that is refused for its name, its state, its size or its other words.
// It must be read as the literal that it is, or the connection end.
func TestSmuggledInLiterals(t *testing.T) {
	t.Parallel()
	s := startSmall(t)
	const hidden = "\r\nx CREATE smuggled\r\ny APPEND INBOX {2+}\r\nhi\r\n"
	big := strings.Repeat(hidden, 80<<10/len(hidden))
	for _, login := range []bool{true, false} {
		for _, user := range []string{ann, "bob@example.test"} {
			for _, command := range []string{
				"a APPEND INBOX %s", "a APPEND nowhere %s", "a APPEND %s", "a APPEND INBOX (\\Bad \x00) %s", `a APPEND INBOX "yesterday" %s`, "a APPEND INBOX CATENATE (TEXT %s", "a APPEND INBOX CATENATE (TEXT %s URL \"/;UID=9\")",
				"a APPEND INBOX UTF8 (%s", "a REPLACE 1 INBOX %s", "a NOSUCH %s", "a NOOP %s", "%s", "a %s", "a LOGIN %s", "a LOGIN a %s", "a LOGIN %s b", "a AUTHENTICATE PLAIN %s", "a AUTHENTICATE %s", "a SELECT %s", "a CREATE x %s y",
				"a SEARCH TEXT %s", "a UID FETCH 1 BODY[HEADER.FIELDS (%s)]", "a STORE 1 FLAGS (%s)", "a ID (\"name\" %s)", "a SETMETADATA INBOX (/private/comment %s)", "a SETMETADATA INBOX (bad %s)", "a GETMETADATA (DEPTH 7) %s", "a NOTIFY SET (mailboxes %s)", "a ENABLE %s", "a LIST \"\" (%s)",
				"a IDLE %s", "a STARTTLS %s", "a COMPRESS %s", "a LOGOUT %s", strings.Repeat("z", 70_000) + "%s",
			} {
				for _, text := range []string{hidden, big} {
					for _, form := range []string{"{%d+}\r\n%s", "~{%d+}\r\n%s"} {
						start := "0 NOOP\r\n"
						if login {
							start = fmt.Sprintf("0 LOGIN %s %q\r\n", user, mailtest.Password)
						}
						said := converse(t, s, "imap", start+fmt.Sprintf(command, fmt.Sprintf(form, len(text), text))+"\r\nz NOOP\r\n")
						if strings.Contains(said, "\r\nx ") || strings.Contains(said, "\r\ny ") {
							t.Errorf("%.40q with %d octets (login: %v): %q", command, len(text), login, said)
						}
					}
				}
			}
		}
	}
	for _, user := range []string{ann, "bob@example.test"} {
		if list := s.IMAP(user).OK(`LIST "" *`).String(); strings.Contains(list, "smuggled") {
			t.Error(list)
		}
	}
}

// TestSmuggledInChunks hides commands in chunks of BDAT that are refused, and in
// what lies between BDAT and DATA (RFC 3030 §2).
func TestSmuggledInChunks(t *testing.T) {
	t.Parallel()
	s := startSmall(t)
	const hidden = "RSET\r\nMAIL FROM:<evil@far.test>\r\nRCPT TO:<ann@example.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"
	big := strings.Repeat(hidden, 80<<10/len(hidden))
	const to, outer = "MAIL FROM:<far@far.test>\r\nRCPT TO:<ann@example.test>\r\n", "Subject: outer\r\n\r\nx\r\n"
	for _, service := range []string{"smtp", "lmtp", "submission"} {
		for _, text := range []string{hidden, big} {
			chunk := fmt.Sprintf("BDAT %d\r\n%s", len(text), text)
			last := fmt.Sprintf("BDAT %d LAST\r\n%s", len(text), text)
			for _, before := range []string{
				chunk, last, "MAIL FROM:<far@far.test>\r\n" + chunk, "MAIL FROM:<far@far.test>\r\nRCPT TO:<nobody@example.test>\r\n" + last,
				"MAIL FROM:<far@far.test> SIZE=99999999\r\n" + chunk + last, to + "BDAT 3\r\nabc" + "DATA\r\n" + last, to + "BDAT 3\r\nabc" + to + chunk,
				to + "BDAT 99999999999999999999\r\n", to + "BDAT -1 LAST\r\n", to + "BDAT 2 LASTING\r\n", to + "BDAT 0x10\r\n",
				"MAIL FROM:<far@far.test> BODY=BINARYMIME\r\nRCPT TO:<ann@example.test>\r\nDATA\r\n" + last, to + chunk + "QUIT\r\n",
			} {
				hello := "EHLO far.test\r\n"
				if service == "lmtp" {
					hello = "LHLO far.test\r\n"
				}
				converse(t, s, service, hello+before+"RSET\r\n"+to+fmt.Sprintf("BDAT %d LAST\r\n%s", len(outer), outer))
			}
		}
	}
	messages := s.Messages(ann, "INBOX")
	if len(messages) == 0 {
		t.Error("the messages in between have not come either")
	}
	for _, message := range messages {
		if strings.HasPrefix(message, "Return-Path: <evil@") {
			t.Errorf("a message was smuggled in:\n%.500s", message)
		}
	}
}
