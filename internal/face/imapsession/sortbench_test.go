package imapsession_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// appendMany fills INBOX with n messages in conversations of ten.
func appendMany(c *mailtest.IMAP, n int) {
	const at = 1000 // in one command
	for first := 0; first < n; first += at {
		var b strings.Builder
		b.WriteString("m APPEND INBOX")
		for i := first; i < first+at; i++ {
			thread := i/100*10 + i%10
			text := fmt.Sprintf("Message-ID: <%d.%d@example.test>\r\nReferences: <%d.0@example.test> <%d.%d@example.test>\r\n"+
				"From: Sender %d <sender%d@example.test>\r\nTo: Ann <ann@example.test>\r\nSubject: Re: [list] conversation %d about things\r\n"+
				"Date: %02d Jan 2024 10:%02d:%02d +0000\r\n\r\nText.\r\n",
				thread, i, thread, thread, i-10, i*7919%1000, i*7919%1000, thread, 1+i*31%28, i%60, i*17%60)
			fmt.Fprintf(&b, ` "%02d-Jan-2024 12:%02d:00 +0000" {%d+}`+"\r\n%s", 1+i*13%28, i%60, len(text), text)
		}
		b.WriteString("\r\n")
		c.Write(b.String())
		c.Finish("m")
	}
}

// BenchmarkSort sorts and threads 100 000 messages.
func BenchmarkSort(b *testing.B) {
	s := mailtest.Start(b, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}}})
	c := s.IMAP(ann)
	const n = 100_000
	appendMany(c, n)
	c.OK("SELECT INBOX")
	for _, bench := range []struct{ name, command string }{
		{"search-subject", "SEARCH SUBJECT quetzal"},
		{"arrival", "SORT RETURN (COUNT MIN) (ARRIVAL) UTF-8 ALL"},
		{"date", "SORT RETURN (COUNT MIN) (REVERSE DATE) UTF-8 ALL"},
		{"subject", "SORT RETURN (COUNT MIN) (SUBJECT) UTF-8 ALL"},
		{"from-date", "SORT RETURN (COUNT MIN) (FROM DATE) UTF-8 ALL"},
		{"orderedsubject", "THREAD ORDEREDSUBJECT UTF-8 ALL"},
		{"references", "THREAD REFERENCES UTF-8 ALL"},
		{"refs", "THREAD REFS UTF-8 ALL"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.OK(bench.command)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/message")
		})
	}
}
