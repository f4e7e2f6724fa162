package smtpsession_test

import (
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/platform/config"
)

// TestOpenRelay asks in many ways to pass a stranger's mail on. None must work,
// whatever the settings of extensions.
func TestOpenRelay(t *testing.T) {
	t.Parallel()
	victims := mailtest.NewElsewhere()
	s := mailtest.Start(t, mailtest.Options{
		Accounts:  []mailtest.Account{{Address: ann}},
		Elsewhere: map[string]*mailtest.Elsewhere{"192.0.2.1:25": victims},
		Zones:     mailtest.Zone("far.test", "192.0.2.1"),
		Config: func(c *config.Config) {
			c.ESMTP.VRFY, c.ESMTP.EXPN = true, true
			c.ESMTP.PriorityTrusted, c.ESMTP.XForwardTrusted = []string{"127.0.0.0/8"}, []string{"127.0.0.0/8"}
		},
	})
	recipients := []string{
		"x@far.test", "X@FAR.TEST", "x@far.test.", "x@[192.0.2.1]", "x@[IPv6:2001:db8::1]", "x@sub.far.test",
		// A way for others inside an address of ours, or beside it.
		"x%far.test@example.test", "x%far.test@mail.example.test", "x%far.test", "x@far.test@example.test",
		`"x@far.test"@example.test`, `"x@far.test"`, `"x%far.test"@example.test`, `far.test!x@example.test`, `far.test!x`,
		`"far.test!x"@example.test`, "example.test!x@far.test", "x%example.test@far.test", "@example.test:x@far.test",
		"@example.test,@far.test:x@far.test", "@mail.example.test:x@far.test", `"x"@far.test`, `x@far.test\@example.test`,
		// Ourselves by another name, which is no leave to pass on.
		"x%far.test@[127.0.0.1]", "x@far.test@[127.0.0.1]", "x%far.test@localhost", "@[127.0.0.1]:x@far.test",
		// What looks like our domain, and is not.
		"ann@example.test.far.test", "ann@far-example.test", "ann@xexample.test", "ann@ex\u0430mple.test", "ann@example\u3002far.test",
		"ann@example.test,x@far.test", "ann@example.test> RCPT TO:<x@far.test",
		"ann@example.test x@far.test", "ann+x@far.test@example.test", "ann@example.test\x00@far.test",
	}
	for _, from := range []string{far, ann, "", "x@far.test", "postmaster@example.test", "ann@[127.0.0.1]"} {
		for _, params := range []string{"", " SMTPUTF8", " AUTH=<>", " MT-PRIORITY=9"} {
			lines := []string{"EHLO example.test", "MAIL FROM:<" + from + ">" + params}
			for _, to := range recipients {
				lines = append(lines, "RCPT TO:<"+to+">")
			}
			probe(t, s, "smtp", append(lines, "DATA"))
		}
	}
	// Others than strangers who write to us, but as little known.
	for service, hello := range map[string]string{"lmtp": "LHLO example.test", "submission": "EHLO example.test"} {
		for _, from := range []string{far, ann, ""} {
			lines := []string{hello, "MAIL FROM:<" + from + ">"}
			for _, to := range recipients {
				lines = append(lines, "RCPT TO:<"+to+">")
			}
			probe(t, s, service, append(lines, "DATA"))
		}
	}
	for _, first := range []string{"AUTH PLAIN AGFubkBleGFtcGxlLnRlc3QAd3Jvbmc=", "AUTH PLAIN AA==", "XCLIENT LOGIN=ann@example.test", "XFORWARD IDENT=ann"} {
		got := s.Talk("submission", "EHLO example.test", first, "MAIL FROM:<"+ann+">", "RCPT TO:<x@far.test>", "DATA")
		for i, reply := range got[2:] {
			if !strings.HasPrefix(reply, "5") {
				t.Errorf("after %s: reply %d is %s", first, i, reply)
			}
		}
	}
	if got := waiting(t, s); len(got) > 0 || len(victims.Mail()) > 0 {
		t.Errorf("queued for %v, sent %v", got, victims.Mail())
	}
}

// probe wants no recipient of a dialogue accepted, and at last no message.
func probe(t *testing.T, s *mailtest.Server, service string, lines []string) {
	t.Helper()
	const atOnce = 15 // below what bad commands may be
	for len(lines) > 3 {
		n := min(atOnce, len(lines)-3)
		some := append(append([]string{}, lines[:2+n]...), "DATA")
		got := s.Talk(service, some...)
		for i, reply := range got[2:] {
			if !strings.HasPrefix(reply, "5") {
				t.Errorf("%s: %s, %s: %s", service, some[1], some[2+i], reply)
			}
		}
		lines = append(lines[:2:2], lines[2+n:]...)
	}
}
