package mailstore_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/message"
)

// TestScanFields compares with the fields of messages that are read one by one:
// of neighbours, of copies in another order, with some whose record has no
// fields and some that are gone.
func TestScanFields(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 200 {
		header := fmt.Sprintf("Subject: %d\r\n", i)
		if i%40 == 7 {
			header += "To: " + strings.Repeat("somebody@example.test,\r\n ", 300) + "x@y\r\n" // too much for a record
		}
		content := f.content(header + "\r\nText.\r\n")
		_, err := f.account.Append(t.Context(), f.box("INBOX").ID, []mailstore.Append{{Content: content}})
		f.check(err)
		content.Discard()
	}
	inbox := f.box("INBOX").ID
	for range 30 {
		_, err := f.account.Copy(t.Context(), inbox, inbox, imap.SetOf(imap.UID(1+rand.IntN(200))))
		f.check(err)
	}
	v := f.version("INBOX")
	_, err := f.account.Remove(t.Context(), inbox, imap.SetOf[imap.UID](50, 51, 60))
	f.check(err)
	_, err = f.store.CollectOrphans(t.Context(), f.now.Add(time.Hour))
	f.check(err)

	var all []mailstore.Entry
	for _, e := range v.All() {
		all = append(all, e)
	}
	some := func(keep func(int) bool) (list []mailstore.Entry) {
		for i, e := range all {
			if keep(i) {
				list = append(list, e)
			}
		}
		return list
	}
	for name, test := range map[string]struct {
		messages []mailstore.Entry
		least    int // that are found
	}{
		"none":        {nil, 0},
		"one":         {all[:1], 1},
		"neighbours":  {all[:200], 200 - 5 - 3},
		"some":        {some(func(i int) bool { return i < 200 && i%5 == 0 }), 35},
		"with copies": {all, 0},
		"copies":      {all[200:], 0},
		"far apart":   {some(func(i int) bool { return i == 0 || i == 199 }), 0},
	} {
		if got := f.compareFields(test.messages); got < test.least {
			t.Errorf("%s: %d messages found, want at least %d", name, got, test.least)
		}
	}
	slices.Reverse(all)
	f.compareFields(all)
}

// compareFields returns of how many messages ScanFields finds the fields.
func (f *fixture) compareFields(messages []mailstore.Entry) (found int) {
	f.t.Helper()
	last := -1
	f.check(f.account.ScanFields(messages, func(i int, prefix, fields message.Header) {
		if i <= last {
			f.t.Fatalf("message %d comes after %d", i, last)
		}
		last = i
		m, err := f.account.Message(f.t.Context(), messages[i])
		f.check(err)
		want, ok := m.Fields(nil)
		if got := string(prefix) + string(fields); !ok || got != string(want) {
			f.t.Errorf("message %d: %q, want %q", i, got, want)
		}
		found++
	}))
	return found
}
