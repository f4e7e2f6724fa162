package imapsession

import (
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

// TestMissing has a mailbox with UIDs 1, 4 and 6 of 7 that were given: where
// the change log does not reach back, all others have vanished (RFC 7162
// §3.2.5.2).
func TestMissing(t *testing.T) {
	t.Parallel()
	v := versionWithout(t, 7, imap.UIDSet{{Start: 2, Stop: 3}, {Start: 5, Stop: 5}, {Start: 7, Stop: 7}})
	for asked, want := range map[string]string{
		"1:4294967295": "2:3,5,7", "1": "", "2": "2", "3:6": "3,5", "4": "", "7:9": "7", "8:9": "", "1,4,6": "",
	} {
		set, err := imap.ParseSet[imap.UID](asked)
		if err != nil {
			t.Fatal(err)
		}
		if got := missing(v, set).String(); got != want {
			t.Errorf("of %s are missing %q, want %q", asked, got, want)
		}
	}
	if got := missing(versionWithout(t, 0, nil), imap.UIDSet{{Start: 1, Stop: 9}}); len(got) > 0 {
		t.Errorf("of an empty mailbox are missing %v", got)
	}
}

// versionWithout returns a mailbox that got n messages and lost some.
func versionWithout(t *testing.T, n int, lost imap.UIDSet) *mailstore.Version {
	t.Helper()
	st := memstore.New()
	mail := mailstore.New(st, mailstore.Options{})
	t.Cleanup(func() {
		mail.Close()
		st.Close()
	})
	account, err := mail.Account(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := account.Mailboxes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	inbox, _ := tree.Find(imap.Inbox)
	for range n {
		in := mail.NewIngest(0)
		in.Write([]byte("Subject: x\r\n\r\n"))
		content, err := in.Finish()
		if err != nil {
			t.Fatal(err)
		}
		_, err = account.Append(t.Context(), inbox.ID, []mailstore.Append{{Content: content}})
		content.Discard()
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := account.Remove(t.Context(), inbox.ID, lost); err != nil {
		t.Fatal(err)
	}
	v, err := account.Open(t.Context(), inbox.ID)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
