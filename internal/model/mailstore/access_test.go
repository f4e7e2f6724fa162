package mailstore_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/mailstead/mailstead/internal/model/mailstore"
)

func (f *fixture) accessKey(id mailstore.MailboxID) (mailstore.AccessKey, bool) {
	f.t.Helper()
	k, ok, err := f.account.AccessKey(f.t.Context(), id)
	f.check(err)
	return k, ok
}

// TestAccessKeys follows the key of a mailbox through its life (RFC 4467 §5).
func TestAccessKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.box("INBOX").ID
	if _, ok := f.accessKey(id); ok {
		t.Fatal("a new mailbox has a key")
	}
	made, err := f.account.NeedAccessKey(t.Context(), id)
	f.check(err)
	f.reopen()
	if again, err := f.account.NeedAccessKey(t.Context(), id); err != nil || again != made {
		t.Fatalf("the key did not stay: %v", err)
	}
	f.check(f.account.ResetAccessKey(t.Context(), id))
	reset, ok := f.accessKey(id)
	if !ok || reset == made || reset == (mailstore.AccessKey{}) {
		t.Fatal("the key was not replaced")
	}
	f.check(f.account.RemoveAccessKeys(t.Context()))
	if _, ok := f.accessKey(id); ok {
		t.Fatal("the key was not removed")
	}
}

func TestAccessKeyGoesWithTheMailbox(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.box("Archive").ID
	_, err := f.account.NeedAccessKey(t.Context(), id)
	f.check(err)
	f.check(f.account.Rename(t.Context(), "Archive", "Kept"))
	if _, ok := f.accessKey(id); !ok {
		t.Fatal("renaming took the key")
	}
	f.check(f.account.Delete(t.Context(), "Kept"))
	if _, ok := f.accessKey(id); ok {
		t.Fatal("the key outlived the mailbox")
	}
	if _, err := f.account.NeedAccessKey(t.Context(), id); !errors.Is(err, mailstore.ErrNoMailbox) {
		t.Fatalf("key for a mailbox that is gone: %v", err)
	}
}

// TestAccessKeyIsMadeOnce has many ask at the same time: all get the same key.
func TestAccessKeyIsMadeOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.box("INBOX").ID
	var keys [8]mailstore.AccessKey
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = f.account.NeedAccessKey(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k != keys[0] {
			t.Fatal("two keys were given")
		}
	}
}
