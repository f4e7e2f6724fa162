package mailstore_test

import (
	"errors"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// preview reads a message of INBOX and its preview, made if need be.
func (f *fixture) preview(uid imap.UID, maker *mailstore.PreviewMaker) (kept bool, text string) {
	f.t.Helper()
	e, ok := f.version("INBOX").Get(uid)
	if !ok {
		f.t.Fatalf("no message %d", uid)
	}
	m, err := f.account.Message(f.t.Context(), e)
	f.check(err)
	text, kept = m.Preview()
	if maker != nil {
		text, err = maker.Make(f.t.Context(), e, m)
		f.check(err)
	}
	return kept, text
}

// TestPreviewIsKept makes previews once, and finds them after a restart.
func TestPreviewIsKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.append("INBOX", "one")
	f.append("INBOX", "two")
	maker := f.account.PreviewMaker()
	if kept, text := f.preview(1, maker); kept || text != "Body of one" {
		t.Fatalf("%t, %q", kept, text)
	}
	f.check(maker.Finish(t.Context()))
	f.reopen()
	if kept, text := f.preview(1, nil); !kept || text != "Body of one" {
		t.Fatalf("kept: %t, %q", kept, text)
	}
	if kept, _ := f.preview(2, nil); kept {
		t.Fatal("a preview was made that nobody asked for")
	}
	_, err := f.account.Copy(t.Context(), f.box("INBOX").ID, f.box("Archive").ID, imap.UIDSet{{Start: 1, Stop: 1}})
	f.check(err)
	e, _ := f.version("Archive").Get(1)
	if f.read(e) != mail("one") {
		t.Fatal("a message with a preview reads otherwise")
	}
}

// TestPreviewOfWhatGoes makes previews of a message whose record goes before
// they are written: it must not come back.
func TestPreviewOfWhatGoes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.append("INBOX", "one")
	e, _ := f.version("INBOX").Get(1)
	maker := f.account.PreviewMaker()
	f.preview(1, maker)
	_, err := f.account.Remove(t.Context(), f.box("INBOX").ID, imap.UIDSet{{Start: 1, Stop: 1}})
	f.check(err)
	f.now = f.now.Add(1e15)
	_, err = f.store.CollectOrphans(t.Context(), f.now)
	f.check(err)
	f.check(maker.Finish(t.Context()))
	if _, err := f.account.Message(t.Context(), e); !errors.Is(err, mailstore.ErrNoMessage) {
		t.Fatalf("the record is back: %v", err)
	}
}

// TestReplace replaces within a mailbox, across mailboxes, and fails whole.
func TestReplace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.append("INBOX", "one")
	f.append("INBOX", "two")
	usage, err := f.account.Usage(t.Context())
	f.check(err)
	f.quota = mailstore.Quota{Bytes: usage.Bytes + 1, Messages: 2}
	replace := func(from string, uid imap.UID, to string, subject string) (*imap.AppendData, error) {
		c := f.content(mail(subject))
		defer c.Discard()
		return f.account.Replace(t.Context(), f.box(from).ID, uid,
			mailstore.Destination{Account: f.account, Mailbox: f.box(to).ID}, mailstore.Append{Content: c})
	}
	data, err := replace("INBOX", 1, "INBOX", "new")
	f.check(err)
	if data.UIDs.String() != "3" || f.version("INBOX").UIDSet().String() != "2:3" {
		t.Fatalf("replaced: %v, INBOX has %v", data.UIDs, f.version("INBOX").UIDSet())
	}
	if _, err := replace("INBOX", 2, "Archive", "much longer than all that was before it"); !errors.Is(err, mailstore.ErrOverQuota) {
		t.Fatalf("over quota: %v", err)
	}
	if _, err := replace("INBOX", 1, "Archive", "new"); !errors.Is(err, mailstore.ErrNoMessage) {
		t.Fatalf("no such message: %v", err)
	}
	if f.version("INBOX").UIDSet().String() != "2:3" || f.version("Archive").Len() != 0 {
		t.Fatal("a failed Replace left something")
	}
	_, err = replace("INBOX", 2, "Archive", "new")
	f.check(err)
	if f.version("INBOX").UIDSet().String() != "3" || f.version("Archive").Len() != 1 {
		t.Fatal("not moved to the other mailbox")
	}
}
