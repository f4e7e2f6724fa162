package imapsession_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/internal/mailtest"
)

// TestSearchManyMessages looks through enough of them for several workers, by
// keys that need records, headers and bytes.
func TestSearchManyMessages(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.IMAP(ann)
	const n = 300
	for i := 1; i <= n; i++ {
		c.OK(mailtest.Append("INBOX", "", fmt.Sprintf("Subject: number %d\r\nX-Mod: m%d.\r\n\r\nText says r%d. to all\r\n", i, i%10, i%7)))
	}
	c.OK("SELECT INBOX")
	c.OK(`STORE 1:150 +FLAGS (\Seen)`)
	for keys, want := range map[string]func(i int) bool{
		"SUBJECT number":           func(int) bool { return true },
		"HEADER X-Mod m3.":         func(i int) bool { return i%10 == 3 },
		"BODY r5.":                 func(i int) bool { return i%7 == 5 },
		"TEXT M4.":                 func(i int) bool { return i%10 == 4 },
		"UNSEEN BODY SAYS":         func(i int) bool { return i > 150 },
		"NOT BODY r0. TEXT m1.":    func(i int) bool { return i%7 != 0 && i%10 == 1 },
		"OR SEEN BODY r1.":         func(i int) bool { return i <= 150 || i%7 == 1 },
		"100:200 TEXT r2. BODY r2": func(i int) bool { return i >= 100 && i <= 200 && i%7 == 2 },
		"BODY nowhere":             func(int) bool { return false },
	} {
		var seqs []string
		for i := 1; i <= n; i++ {
			if want(i) {
				seqs = append(seqs, fmt.Sprint(i))
			}
		}
		expect(t, c, "SEARCH "+keys, "OK", strings.TrimSpace("SEARCH "+strings.Join(seqs, " ")))
	}
	for command, want := range map[string]string{
		"SEARCH RETURN (MIN) BODY r6.":                    "MIN 6",
		"SEARCH RETURN (MIN) BODY m299 SUBJECT x":         "",
		"SEARCH RETURN (MIN) SUBJECT {10+}\r\nnumber 280": "MIN 280",
		"SEARCH RETURN (MIN MAX) BODY r6.":                "MIN 6 MAX 300",
		"SEARCH RETURN (COUNT) TEXT m0.":                  "COUNT 30",
	} {
		r := c.OK(command)
		_, got, _ := strings.Cut(r.Lines("ESEARCH")[0], ")")
		if got = strings.TrimSpace(got); got != want {
			t.Errorf("%s: %q, want %q", command, got, want)
		}
	}
}

func BenchmarkSearch(b *testing.B) {
	s := mailtest.Start(b, mailtest.Options{Accounts: []mailtest.Account{{Address: ann}}})
	c := s.IMAP(ann)
	const n = 2000
	text := strings.Repeat("This is a line of text that a person could have written to another.\r\n", 60)
	for i := range n {
		c.OK(mailtest.Append("INBOX", "", fmt.Sprintf("Subject: number %d\r\nX-Other: value\r\n\r\n%s", i, text)))
	}
	c.OK("SELECT INBOX")
	for name, keys := range map[string]string{
		"column": "UNSEEN", "subject": "SUBJECT quetzal", "header": "HEADER X-Other quetzal",
		"body": "BODY quetzal", "text": "TEXT quetzal", "min": "RETURN (MIN) BODY person",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c.OK("SEARCH " + keys)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/message")
		})
	}
}
