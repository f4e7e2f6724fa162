package server_test

import (
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// body makes a message of about 4 KB.
var body = "Subject: bench\r\n\r\n" + strings.Repeat(strings.Repeat("x", 62)+"\r\n", 64)

// BenchmarkDeliver sends messages by SMTP into a mailbox, one after the other.
func BenchmarkDeliver(b *testing.B) {
	s := mailtest.Start(b, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}}})
	c := s.SMTP("smtp")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if got := s.Send(c, s.Envelope("far@elsewhere.test", body, ann)); got[0] != "ok" {
			b.Fatal(got)
		}
	}
}

// BenchmarkFetch reads a message by IMAP.
func BenchmarkFetch(b *testing.B) {
	s := mailtest.Start(b, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}}})
	s.Deliver("far@elsewhere.test", ann, body)
	c := s.IMAP(ann)
	c.OK("SELECT INBOX")
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		c.OK("FETCH 1 BODY.PEEK[]")
	}
}
