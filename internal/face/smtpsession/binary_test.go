package smtpsession_test

import (
	"strings"
	"testing"

	"github.com/mailstead/mailstead/smtp"
)

// TestBinaryMIME takes a message of any octets and lets people here read it, and
// people elsewhere get it, without the extension (RFC 3030 §3).
func TestBinaryMIME(t *testing.T) {
	t.Parallel()
	s, elsewhere := startHouse(t)
	const head = "From: ann@example.test\r\nDate: Mon, 4 May 2026 03:02:01 +0000\r\nMessage-ID: <1@example.test>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: image/png\r\n"
	m := s.Envelope(ann, head+"Content-Transfer-Encoding: binary\r\n\r\n\x89PNG\r\n\x1a\n\x00", bob, "x@far.test")
	m.Options.Body = smtp.BodyBinaryMIME
	expect(t, s.Send(s.Submission(ann), m), "ok", "ok")
	const want = head + "Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoA"
	if got := s.Messages(bob, "INBOX"); len(got) != 1 || !strings.HasSuffix(strings.TrimRight(got[0], "\r\n"), want) {
		t.Errorf("stored %q", got)
	}
	received, err := elsewhere.Wait(t.Context(), 1)
	if err != nil || !strings.HasSuffix(strings.TrimRight(received[0].Text, "\r\n"), want) {
		t.Errorf("sent %q, %v", received, err)
	}
	bad := s.Envelope(far, "Subject: \x00\r\n\r\nx", ann)
	bad.Options.Body = smtp.BodyBinaryMIME
	expect(t, s.Send(s.SMTP("smtp"), bad), "554 5.6.3")
	count(t, s, map[string]int{ann: 0})
}
