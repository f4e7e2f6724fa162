package imapsession_test

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/mailstead/mailstead/imap/imapthread"
	"github.com/mailstead/mailstead/internal/mailtest"
)

// A sorted message is one of the random test of SORT, as a plain program sees it.
type sorted struct {
	seq            int
	subject, from  string
	name           string
	sent, internal time.Time
	text           string
}

// randomMessages returns messages that have much in common.
func randomMessages(random *rand.Rand, n int) []sorted {
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	all := make([]sorted, n)
	for i := range all {
		m := sorted{
			seq:     i + 1,
			subject: pick("", "Re: ", "[list] ", "Fwd: [x] ") + pick("apple", "Äpfel", "apfel", "BANANA", "banana", "", "zoo (fwd)"),
			from:    pick("", "ann", "Bob", "bob", "carl", "Zed"),
			name:    pick("", "Ann", "zoe", "Émile", "Emil"),
		}
		m.internal = time.Date(2024, 1, 1+random.IntN(5), 0, 0, random.IntN(3), 0, time.UTC)
		m.sent = m.internal
		var head strings.Builder
		fmt.Fprintf(&head, "Subject: %s\r\n", m.subject)
		if random.IntN(4) > 0 {
			zone := time.FixedZone("", 3600*random.IntN(5))
			m.sent = time.Date(2024, 1, 1+random.IntN(5), random.IntN(24), 0, 0, 0, zone)
			fmt.Fprintf(&head, "Date: %s\r\n", m.sent.Format(time.RFC1123Z))
		}
		if m.from != "" {
			fmt.Fprintf(&head, "From: %q <%s@example.test>\r\n", m.name, m.from)
		}
		m.text = head.String() + "\r\n" + strings.Repeat("x", random.IntN(4))
		all[i] = m
	}
	return all
}

// casemap is i;unicode-casemap for the letters of this test.
func casemap(s string) string { return norm.NFKD.String(strings.ToUpper(s)) }

func (m sorted) display() string {
	switch {
	case m.from == "":
		return ""
	case m.name == "":
		return m.from + "@example.test"
	}
	return m.name
}

var sortOrders = map[string]func(a, b sorted) int{
	"ARRIVAL": func(a, b sorted) int { return a.internal.Compare(b.internal) },
	"DATE":    func(a, b sorted) int { return a.sent.Compare(b.sent) },
	"SIZE":    func(a, b sorted) int { return cmp.Compare(len(a.text), len(b.text)) },
	"FROM":    func(a, b sorted) int { return strings.Compare(casemap(a.from), casemap(b.from)) },
	"DISPLAYFROM": func(a, b sorted) int {
		return strings.Compare(casemap(a.display()), casemap(b.display()))
	},
	"SUBJECT": func(a, b sorted) int {
		x, _ := imapthread.BaseSubject(a.subject)
		y, _ := imapthread.BaseSubject(b.subject)
		return strings.Compare(casemap(x), casemap(y))
	},
}

// TestSortRandom compares SORT, over enough messages for several workers, with a
// plain sort.
func TestSortRandom(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.IMAP(ann)
	random := rand.New(rand.NewPCG(3, 9))
	all := randomMessages(random, 400)
	for _, m := range all {
		c.OK(mailtest.Append("INBOX", m.internal.Format(`"02-Jan-2006 15:04:05 -0700"`), m.text))
	}
	c.OK("SELECT INBOX")
	names := []string{"ARRIVAL", "DATE", "SIZE", "FROM", "DISPLAYFROM", "SUBJECT"}
	for range 40 {
		var program []string
		var orders []func(a, b sorted) int
		for range 1 + random.IntN(3) {
			name := names[random.IntN(len(names))]
			order, sign := sortOrders[name], 1
			if random.IntN(2) == 0 {
				name, sign = "REVERSE "+name, -1
			}
			program = append(program, name)
			orders = append(orders, func(a, b sorted) int { return sign * order(a, b) })
		}
		from := 1 + random.IntN(len(all))
		want := slices.Clone(all[from-1:])
		slices.SortStableFunc(want, func(a, b sorted) int {
			for _, order := range orders {
				if c := order(a, b); c != 0 {
					return c
				}
			}
			return 0
		})
		answer := []byte("SORT")
		for _, m := range want {
			answer = fmt.Appendf(answer, " %d", m.seq)
		}
		command := fmt.Sprintf("SORT (%s) UTF-8 %d:*", strings.Join(program, " "), from)
		if r := c.OK(command); len(r.Untagged) != 1 || !bytes.Equal([]byte(r.Untagged[0]), answer) {
			t.Errorf("%s:\n%s\nwant\n%s", command, r, answer)
		}
	}
}
