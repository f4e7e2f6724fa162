package smtpsession_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// TestSubmitByURL has a user submit a draft without sending its text
// (RFC 4468 §3, §6).
func TestSubmitByURL(t *testing.T) {
	t.Parallel()
	s, far := startHouse(t)
	c := s.IMAP(ann)
	defer c.Close()
	c.OK(mailtest.Append("INBOX", "", mail))
	sign := func(access string) string {
		rump := "imap://ann%40example.test@" + mailtest.Hostname + "/INBOX/;uid=1;urlauth=" + access
		lines := c.OK(`GENURLAUTH "` + rump + `" INTERNAL`).Lines("GENURLAUTH")
		_, url, _ := strings.Cut(lines[0], `"`)
		return strings.TrimSuffix(url, `"`)
	}
	login := func(user string) string {
		return "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00"+mailtest.Password))
	}
	submit := sign("submit+ann%40example.test")
	got := s.Talk("submission", "EHLO x", login(ann), "EHLO x", "MAIL FROM:<"+ann+">", "RCPT TO:<x@far.test>", "BURL "+submit+" LAST")
	if !strings.Contains(got[0], "\n250-BURL\r\n") || !strings.Contains(got[2], "\n250-BURL imap\r\n") || !strings.HasPrefix(got[5], "250 ") {
		t.Errorf("answers %q", got)
	}
	received, err := far.Wait(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(received[0].Text, mail) {
		t.Errorf("sent %q", received[0].Text)
	}
	for url, want := range map[string]string{
		sign("user+ann%40example.test"):      "554 5.6.6",
		sign("submit+bob%40example.test"):    "554 5.6.6",
		submit[:len(submit)-1]:               "554 5.6.6",
		"imap://elsewhere.test/INBOX/;uid=1": "554 5.6.6",
		"http://elsewhere.test/":             "501 5.5.4",
	} {
		got := s.Talk("submission", "EHLO x", login(ann), "MAIL FROM:<"+ann+">", "RCPT TO:<"+bob+">", "BURL "+url+" LAST", "NOOP")
		if !strings.HasPrefix(got[4], want) || !strings.HasPrefix(got[5], "250 ") {
			t.Errorf("%s: %q, want %s", url, got[4:], want)
		}
	}
	if got := s.Talk("smtp", "EHLO x", "BURL "+submit+" LAST"); strings.Contains(got[0], "BURL") || !strings.HasPrefix(got[1], "502 ") {
		t.Errorf("a stranger: %q", got)
	}
}

// TestDisabledAtOnce ends what a user may do, also in a session that goes on.
func TestDisabledAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := startHouse(t)
	c := s.Submission(ann)
	expect(t, s.Send(c, s.Envelope(ann, mail, bob)), "ok")
	if err := s.Admin().DisableAccount(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	expect(t, s.Send(c, s.Envelope(ann, mail, bob)), "550 5.7.13")
	expect(t, s.Send(s.SMTP("smtp"), s.Envelope(far, text, ann)), "550 5.2.1")
	if err := s.Admin().EnableAccount(t.Context(), ann); err != nil {
		t.Fatal(err)
	}
	expect(t, s.Send(c, s.Envelope(ann, mail, bob)), "ok")
	expect(t, s.Send(s.SMTP("smtp"), s.Envelope(far, text, ann)), "ok")
}
