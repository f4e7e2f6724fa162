package imapsession_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// searched are three messages; the second has all that is special.
var searched = []struct{ options, text string }{
	{`(\Seen) "01-Feb-2020 23:30:00 -0500"`,
		"From: Ann <ann@example.test>\r\nTo: bob@far.test\r\nSubject: plain\r\nDate: Sat, 1 Feb 2020 12:00:00 +0000\r\n\r\nnothing here\r\n"},
	{`(\Answered \Flagged \Deleted \Draft $Key) "02-Feb-2020 00:30:00 +0500"`,
		"From: =?utf-8?q?J=C3=BCrgen?= <j@far.test>\r\nCc: cid@far.test\r\nBcc: hidden@far.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= aus\r\n Berlin\r\n" +
			"Date: Mon, 3 Feb 2020 12:00:00 +0000\r\nX-Mark: yes\r\nX-Empty:\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
			"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nStra=DFe und split=\r\n word\r\n" +
			"--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nYmFzZTY0IHNlY3JldA==\r\n--b--\r\n"},
	{`"03-Mar-2020 12:00:00 +0000"`, "Subject: no date at all\r\n\r\n" + strings.Repeat("long line of words\r\n", 100)},
}

func TestSearchKeys(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.IMAP(ann)
	for _, m := range searched {
		c.OK(mailtest.Append("INBOX", m.options, m.text))
	}
	c.OK("SELECT INBOX")
	sizes := make([]int, len(searched))
	for i, m := range searched {
		sizes[i] = len(m.text)
	}
	for _, one := range []struct{ keys, want string }{
		{"ALL", "1 2 3"}, {"2:3", "2 3"}, {"*", "3"}, {"UID 1,3", "1 3"}, {"UID 9", ""}, {"NOT 2", "1 3"},
		{"SEEN", "1"}, {"UNSEEN", "2 3"}, {"ANSWERED", "2"}, {"UNANSWERED", "1 3"}, {"FLAGGED", "2"}, {"UNFLAGGED", "1 3"},
		{"DELETED", "2"}, {"UNDELETED", "1 3"}, {"DRAFT", "2"}, {"UNDRAFT", "1 3"},
		{"KEYWORD $Key", "2"}, {"KEYWORD $KEY", "2"}, {"KEYWORD $Other", ""}, {"UNKEYWORD $Key", "1 3"},
		{"RECENT", "1 2 3"}, {"NEW", "2 3"}, {"OLD", ""},
		// Dates are those of the message's own zone (RFC 9051 §6.4.4).
		{"ON 1-Feb-2020", "1"}, {"BEFORE 2-Feb-2020", "1"}, {"SINCE 2-Feb-2020", "2 3"}, {"ON 2-Feb-2020", "2"},
		{"SENTON 3-Feb-2020", "2"}, {"SENTBEFORE 3-Feb-2020", "1"}, {"SENTSINCE 3-Feb-2020", "2 3"}, {"SENTON 3-Mar-2020", "3"},
		{"SAVEDSINCE 1-Jan-2021", "1 2 3"}, {"SAVEDBEFORE 1-Jan-2021", ""}, {"SAVEDON 3-Feb-2020", ""},
		{"OLDER 3600", "1 2 3"}, {"YOUNGER 3600", ""}, {"YOUNGER 2000000000", "1 2 3"},
		{fmt.Sprintf("LARGER %d", sizes[0]), "2 3"}, {fmt.Sprintf("SMALLER %d", sizes[0]), ""}, {fmt.Sprintf("SMALLER %d", sizes[0]+1), "1"},
		{"FROM ann", "1"}, {"FROM example.test", "1"}, {"FROM {7+}\r\njürgen", "2"}, {"TO bob", "1"}, {"CC cid", "2"}, {"BCC hidden", "2"},
		{"SUBJECT PLAIN", "1"}, {"SUBJECT {7+}\r\ngrüße", "2"}, {`SUBJECT "aus Berlin"`, "2"}, {`SUBJECT ""`, "1 2 3"},
		{"HEADER X-Mark YES", "2"}, {`HEADER X-Mark ""`, "2"}, {`HEADER X-Empty ""`, "2"}, {"HEADER X-Mark no", ""}, {`HEADER Date ""`, "1 2"},
		{"BODY nothing", "1"}, {"BODY Ann", ""}, {"BODY secret", "2"}, {"BODY {7+}\r\nstraße", "2"}, {`BODY "split word"`, "2"}, {"BODY LONG", "3"},
		{"TEXT plain", "1 2"}, {"TEXT X-Mark", "2"}, {"TEXT secret", "2"},
		{"OR SEEN FLAGGED", "1 2"}, {"OR SUBJECT plain BODY long", "1 3"}, {"NOT OR SEEN FLAGGED", "3"}, {"NOT (SUBJECT plain SEEN)", "2 3"},
		{"UNSEEN BODY long", "3"}, {"(FLAGGED) (BODY secret)", "2"}, {"MODSEQ 1", "1 2 3"}, {"MODSEQ 999", ""},
		{"EMAILID E2", "2"}, {"EMAILID M2", ""}, {"THREADID T1", ""},
	} {
		keys := one.keys
		if strings.Contains(keys, "{") {
			keys = "CHARSET UTF-8 " + keys
		}
		c.Write("s SEARCH " + keys + "\r\n")
		r := c.Finish("s")
		got := "no answer"
		for _, line := range r.Lines("SEARCH") {
			got = strings.TrimPrefix(strings.TrimPrefix(line, "SEARCH"), " ")
			got, _, _ = strings.Cut(got, "(MODSEQ")
			got = strings.TrimSpace(got)
		}
		if !r.OK() || got != one.want {
			t.Errorf("SEARCH %q finds %q, want %q: %s", one.keys, got, one.want, r.Final)
		}
	}
}

func TestSearchReturn(t *testing.T) {
	t.Parallel()
	_, all := open(t, 1, "one", "two", "three", "two again")
	c := all[0]
	for command, want := range map[string]string{
		"SEARCH RETURN (MIN) SUBJECT two":               "MIN 2",
		"SEARCH RETURN (MAX) SUBJECT two":               "MAX 4",
		"SEARCH RETURN (MIN MAX COUNT ALL) SUBJECT two": "MIN 2 MAX 4 ALL 2,4 COUNT 2",
		"UID SEARCH RETURN (ALL) SUBJECT two":           "UID ALL 2,4",
		"SEARCH RETURN (COUNT) SUBJECT nowhere":         "COUNT 0",
		"SEARCH RETURN (MIN MAX ALL) SUBJECT nowhere":   "",
		"SEARCH RETURN (MIN) MODSEQ 1":                  "MIN 1 MODSEQ 2",
	} {
		r := c.OK(command)
		_, got, _ := strings.Cut(r.Lines("ESEARCH")[0], ")")
		if got = strings.TrimSpace(got); got != want {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
	c.OK("SEARCH RETURN (SAVE) SUBJECT two")
	expect(t, c, "FETCH $ UID", "OK", "2 FETCH (UID 2)", "4 FETCH (UID 4)")
	expect(t, c, "SEARCH NOT $", "OK", "SEARCH 1 3")
	if r := c.Do("SEARCH CHARSET x-klingon TEXT a"); !strings.HasPrefix(r.Final, "NO [BADCHARSET") {
		t.Errorf("an unknown charset: %s", r.Final)
	}
	// Numbers beyond the view are no error (RFC 7377 §2).
	expect(t, c, "SEARCH 9", "OK", "SEARCH")
	expect(t, c, "SEARCH 3:9", "OK", "SEARCH 3 4")
}
