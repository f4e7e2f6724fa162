package imapsession_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/imap/imapclient"
	"github.com/mailstead/mailstead/internal/mailtest"
)

// TestSortAndThreadByClient has our client understand what our server answers.
func TestSortAndThreadByClient(t *testing.T) {
	t.Parallel()
	s := start(t)
	setup := s.IMAP(ann)
	for i, refs := range []string{"", "<0@x>", "<0@x> <1@x>", "<0@x>", "<9@x>", "<9@x>"} {
		setup.OK(mailtest.Append("INBOX", "", fmt.Sprintf(
			"Message-ID: <%d@x>\r\nReferences: %s\r\nSubject: s%d\r\nDate: Mon, %d Jan 2024 10:00:00 +0000\r\n\r\n", i, refs, (i*4)%6, i+1)))
	}
	ctx := t.Context()
	c := s.IMAPClient(ann, imapclient.Options{})
	if _, err := c.Select(ctx, "INBOX", imapclient.SelectOptions{}); err != nil {
		t.Fatal(err)
	}
	for program, want := range map[string][]uint32{
		"(SUBJECT) UTF-8 ALL":                  {1, 4, 3, 6, 2, 5},
		"(REVERSE DATE) UTF-8 2:*":             {6, 5, 4, 3, 2},
		"RETURN (ALL) (SUBJECT) UTF-8 ALL":     {1, 4, 3, 6, 2, 5},
		"RETURN (ALL) (DATE) UTF-8 ALL":        {1, 2, 3, 4, 5, 6},
		"RETURN (MIN MAX) (SUBJECT) UTF-8 ALL": nil,
	} {
		r, err := c.Sort(ctx, imap.NumUID, program)
		if err != nil || !slices.Equal(r.All, want) {
			t.Fatalf("%s: %v, %v, want %v", program, r, err, want)
		}
		if want == nil && (r.Min != 1 || r.Max != 5) {
			t.Errorf("%s: %+v", program, r)
		}
	}
	nodes, err := c.Thread(ctx, imap.NumSeq, "REFS UTF-8 ALL")
	want := []imap.ThreadNode{{Num: 1}, {Num: 2, Depth: 1}, {Num: 3, Depth: 2}, {Num: 4, Depth: 1}, {}, {Num: 5, Depth: 1}, {Num: 6, Depth: 1}}
	if err != nil || !slices.Equal(nodes, want) {
		t.Errorf("THREAD: %v, %v, want %v", nodes, err, want)
	}
	if nodes, err = c.Thread(ctx, imap.NumUID, "REFERENCES UTF-8 KEYWORD none"); err != nil || len(nodes) > 0 {
		t.Errorf("THREAD of nothing: %v, %v", nodes, err)
	}
}
