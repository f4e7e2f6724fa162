package imapsession_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

const multipart = "From: =?utf-8?q?J=C3=BCrgen?= <j@far.test>\r\nTo: ann@example.test\r\nSubject: parts\r\n" +
	"Date: Mon, 4 May 2026 03:02:01 +0000\r\nMessage-ID: <p@far.test>\r\n" +
	"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n" +
	"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nfirst part\r\n" +
	"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner body\r\n" +
	"--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n"

// TestSections fetches a message that has trace fields in front of it: all
// offsets must have moved by their length.
func TestSections(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.Deliver("j@far.test", ann, multipart)
	c := s.IMAP(ann)
	c.OK("EXAMINE INBOX")
	whole := s.Messages(ann, "INBOX")[0]
	prefix := strings.TrimSuffix(whole, multipart)
	if !strings.HasPrefix(prefix, "Return-Path: <j@far.test>\r\nDelivered-To: ") || !strings.Contains(prefix, "\r\nReceived: ") {
		t.Fatalf("in front stands %q", prefix)
	}
	header, text, _ := strings.Cut(whole, "\r\n\r\n")
	header += "\r\n\r\n"
	for section, want := range map[string]string{
		"":                                    whole,
		"HEADER":                              header,
		"TEXT":                                text,
		"HEADER.FIELDS (Subject Return-Path)": "Return-Path: <j@far.test>\r\nSubject: parts\r\n\r\n",
		"1":                                   "first part",
		"1.MIME":                              "Content-Type: text/plain; charset=utf-8\r\n\r\n",
		"2":                                   "Subject: inner\r\n\r\ninner body",
		"2.HEADER":                            "Subject: inner\r\n\r\n",
		"2.TEXT":                              "inner body",
		"2.1":                                 "inner body",
		"3":                                   "aGVsbG8=",
	} {
		r := c.OK("FETCH 1 BODY.PEEK[" + section + "]")
		if got := value(r); got != want {
			t.Errorf("BODY[%s] is %q, want %q", section, got, want)
		}
		for _, window := range [][2]int{{0, 5}, {3, 1000}, {len(want), 3}} {
			r := c.OK(fmt.Sprintf("FETCH 1 BODY.PEEK[%s]<%d.%d>", section, window[0], window[1]))
			part := want[min(window[0], len(want)):min(window[0]+window[1], len(want))]
			if got := value(r); got != part {
				t.Errorf("BODY[%s]<%d.%d> is %q, want %q", section, window[0], window[1], got, part)
			}
		}
	}
	if got := value(c.OK("FETCH 1 BINARY.PEEK[3]")); got != "hello" {
		t.Errorf("BINARY[3] is %q", got)
	}
	expect(t, c, "FETCH 1 (RFC822.SIZE BINARY.SIZE[3])", "OK", fmt.Sprintf("1 FETCH (RFC822.SIZE %d BINARY.SIZE[3] 5)", len(whole)))
	expect(t, c, "FETCH 1 ENVELOPE", "OK", `1 FETCH (ENVELOPE ("Mon, 4 May 2026 03:02:01 +0000" "parts" `+
		`(("=?utf-8?q?J=C3=BCrgen?=" NIL "j" "far.test")) (("=?utf-8?q?J=C3=BCrgen?=" NIL "j" "far.test")) (("=?utf-8?q?J=C3=BCrgen?=" NIL "j" "far.test")) `+
		`((NIL NIL "ann" "example.test")) NIL NIL NIL "<p@far.test>"))`)
	expect(t, c, "FETCH 1 BODY", "OK", `1 FETCH (BODY (("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 10 0)`+
		`("message" "rfc822" NIL NIL NIL "7bit" 28 (NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 0) 2)`+
		`("application" "octet-stream" NIL NIL NIL "base64" 8) "mixed"))`)
}

// value returns the content of the only literal or string of a response.
func value(r mailtest.Response) string {
	line := r.Untagged[0]
	if _, after, ok := strings.Cut(line, "}\r\n"); ok {
		return strings.TrimSuffix(after, ")")
	}
	_, after, _ := strings.Cut(line, ` "`)
	return strings.TrimSuffix(after, `")`)
}

// TestVanished resynchronizes as RFC 7162 §3.2 wants it.
func TestVanished(t *testing.T) {
	t.Parallel()
	_, c := open(t, 2, "one", "two", "three", "four")
	modseq := func() string {
		line := c[0].OK("STATUS INBOX (HIGHESTMODSEQ)").Lines("STATUS")[0]
		return strings.TrimSuffix(line[strings.LastIndexByte(line, ' ')+1:], ")")
	}
	c[1].OK("ENABLE QRESYNC")
	before := modseq()
	c[0].OK(`STORE 2:3 +FLAGS.SILENT (\Deleted)`)
	c[0].OK("EXPUNGE")
	c[0].OK(`UID STORE 4 +FLAGS.SILENT (\Flagged)`)
	after := modseq()
	expect(t, c[1], "NOOP", "OK", "VANISHED 2:3", `2 FETCH (UID 4 FLAGS (\Flagged) MODSEQ (`+after+`))`)
	expect(t, c[1], "UID FETCH 1:* (FLAGS) (CHANGEDSINCE "+before+" VANISHED)", "OK",
		"VANISHED (EARLIER) 2:3", `2 FETCH (UID 4 FLAGS (\Flagged) MODSEQ (`+after+`))`)
	expect(t, c[1], "UID FETCH 3:4 (FLAGS) (CHANGEDSINCE "+after+" VANISHED)", "OK")
	validity := c[1].OK("STATUS INBOX (UIDVALIDITY)").Untagged[0]
	validity = strings.TrimSuffix(validity[strings.LastIndexByte(validity, ' ')+1:], ")")
	r := c[1].OK("SELECT INBOX (QRESYNC (" + validity + " " + before + "))")
	got := strings.Join(append(r.Lines("VANISHED"), r.Lines("FETCH")...), "\n")
	if want := "VANISHED (EARLIER) 2:3\n" + `2 FETCH (UID 4 FLAGS (\Flagged) MODSEQ (` + after + `))`; got != want {
		t.Errorf("SELECT with QRESYNC: %s\nwant %s", r, want)
	}
}
