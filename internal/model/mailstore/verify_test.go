package mailstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// verify returns all that is wrong with the store.
func (f *fixture) verify(broken ...storage.BlobID) []damage.Finding {
	f.t.Helper()
	var found []damage.Finding
	_, err := mailstore.Verify(context.Background(), f.engine, mailstore.VerifyOptions{
		Blob: f.blobSize,
		Broken: func(id storage.BlobID) bool {
			for _, b := range broken {
				if b == id {
					return true
				}
			}
			return false
		},
		Found: func(d damage.Finding) { found = append(found, d) },
	})
	f.check(err)
	return found
}

func (f *fixture) blobSize(id storage.BlobID) (int64, error) {
	b, err := f.engine.OpenBlob(id)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	return b.Size(), nil
}

// raw changes a row behind the back of the store.
func (f *fixture) raw(change func(b *storage.Batch)) {
	f.t.Helper()
	f.close()
	b := f.engine.NewBatch()
	change(b)
	f.check(storage.Commit(f.engine, b))
	f.store = mailstore.New(f.engine, f.options)
}

// rowsOf returns the keys of account 7 of one kind.
func (f *fixture) rowsOf(kind byte) (keys, values [][]byte) {
	f.t.Helper()
	prefix := []byte{0x20, 0, 0, 0, 0, 0, 0, 0, 7, kind}
	end := []byte{0x20, 0, 0, 0, 0, 0, 0, 0, 7, kind + 1}
	f.check(f.engine.Scan(storage.Range{Start: prefix, End: end}, func(k, v []byte) error {
		keys, values = append(keys, append([]byte{}, k...)), append(values, append([]byte{}, v...))
		return nil
	}))
	return keys, values
}

// The kinds of rows that are damaged below.
const (
	rowCounters = iota
	rowMailbox
	_
	_
	rowPage
	rowRecord
	rowCopies
	rowLog
)

// TestVerifyFindsDamage damages one row of each kind, and wants it to be said
// whose mail it touches.
func TestVerifyFindsDamage(t *testing.T) {
	t.Parallel()
	flip := func(kind byte, at int) func(*fixture, *storage.Batch) {
		return func(f *fixture, b *storage.Batch) {
			keys, values := f.rowsOf(kind)
			values[0][at] ^= 0x55
			b.Set(keys[0], values[0])
		}
	}
	remove := func(kind byte) func(*fixture, *storage.Batch) {
		return func(f *fixture, b *storage.Batch) {
			keys, _ := f.rowsOf(kind)
			b.Delete(keys[0])
		}
	}
	tests := map[string]struct {
		damage func(*fixture, *storage.Batch)
		want   string
	}{
		"counters damaged":    {flip(rowCounters, 0), "lost: account 7: the account cannot be opened"},
		"counters changed":    {flip(rowCounters, 1), "wrong: account 7: the change log lacks 75 entries"},
		"counters gone":       {remove(rowCounters), "unused: account 7: the account was removed"},
		"mailbox gone":        {remove(rowMailbox), "there are rows of mailbox 1, which there is not"},
		"page damaged":        {flip(rowPage, 0), `lost: account 7, mailbox "INBOX": the list of the messages with UIDs from 0 to 63`},
		"page gone":           {remove(rowPage), `wrong: account 7, mailbox "INBOX": counts 3 messages`},
		"record damaged":      {flip(rowRecord, 0), `lost: account 7, mailbox "INBOX", UID 1: the record of the message cannot be read`},
		"record gone":         {remove(rowRecord), `lost: account 7, mailbox "INBOX", UID 1: the message has no record`},
		"note of copies gone": {remove(rowCopies), "wrong: account 7, mailbox \"Archive\", UID 1: record 2 is used 2 times and counted 1 times"},
		"entry of log gone":   {remove(rowLog), "the change log lacks 1 entries"},
		"blob gone": {func(f *fixture, b *storage.Batch) {
			f.check(mailstore.EachLink(f.engine, func(id storage.BlobID) error {
				b.DeleteBlob(id)
				return nil
			}))
		}, `mailbox "INBOX", UID 3, blob 3: the content of the message is gone`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			for _, subject := range []string{"one", "two", "three"} {
				f.append("INBOX", subject)
			}
			_, err := f.account.Copy(t.Context(), f.box("INBOX").ID, f.box("Archive").ID, imap.UIDSet{{Start: 2, Stop: 2}})
			f.check(err)
			if found := f.verify(); len(found) > 0 {
				t.Fatalf("before the damage: %v", found)
			}
			f.raw(func(b *storage.Batch) { tt.damage(f, b) })
			var lines []string
			for _, d := range f.verify() {
				lines = append(lines, d.String())
				if d.Do == "" {
					t.Errorf("%v does not say what to do", d)
				}
			}
			if !strings.Contains(strings.Join(lines, "\n"), tt.want) {
				t.Errorf("found:\n%s\nwant: %s", strings.Join(lines, "\n"), tt.want)
			}
			f.repair(true)
			if found := f.verify(); len(found) != len(lines) {
				t.Errorf("after a dry run: %v, before: %v", found, lines)
			}
			f.repair(false)
			if found := f.verify(); len(found) > 0 {
				t.Errorf("after the repair: %v", found)
			}
		})
	}
}

// TestVerifyBroken wants the messages of a blob that cannot be read to be named.
func TestVerifyBroken(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.append("INBOX", "one")
	f.append("Archive", "two")
	found := f.verify(2)
	if len(found) != 1 || found[0].Mailbox != "Archive" || found[0].UID != 1 || found[0].Severity != damage.Lost {
		t.Errorf("found %v, want UID 1 of Archive", found)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := mailstore.Verify(ctx, f.engine, mailstore.VerifyOptions{Found: func(damage.Finding) {}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is done: %v", err)
	}
}

// repair repairs the store, and returns what was done.
func (f *fixture) repair(dry bool) (did []damage.Finding) {
	f.t.Helper()
	_, err := mailstore.Repair(context.Background(), f.engine, mailstore.RepairOptions{
		Blob: f.blobSize, DryRun: dry, Now: f.now,
		Did: func(d damage.Finding) { did = append(did, d) },
	})
	f.check(err)
	return did
}

// TestRepairKeeps repairs what is whole and what is not, and wants everything
// that can be kept: names, UIDs, flags and content.
func TestRepairKeeps(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.append("INBOX", "one", imap.FlagSeen, "work")
	f.append("INBOX", "two")
	f.append("Archive", "three")
	validity := f.version("INBOX").UIDValidity()
	if did := f.repair(false); len(did) > 0 {
		t.Errorf("did to what is whole: %v", did)
	}
	f.raw(func(b *storage.Batch) { // the first page of INBOX, and the record of Archive's mailbox
		pages, _ := f.rowsOf(rowPage)
		b.Delete(pages[0])
	})
	did := f.repair(false)
	if len(did) == 0 || did[0].Mailbox != mailstore.RecoveredName {
		t.Errorf("did %v, want two messages in %s", did, mailstore.RecoveredName)
	}
	f.open()
	v := f.version(mailstore.RecoveredName)
	if v.Len() != 2 || f.read(v.At(1)) != mail("one") || f.read(v.At(2)) != mail("two") {
		t.Errorf("%d messages recovered", v.Len())
	}
	if v := f.version("INBOX"); v.UIDValidity() != validity || v.UIDNext() != 3 || v.Len() != 0 {
		t.Errorf("INBOX has UIDVALIDITY %d, UIDNEXT %d and %d messages", v.UIDValidity(), v.UIDNext(), v.Len())
	}
	if v := f.version("Archive"); v.Len() != 1 || f.read(v.At(1)) != mail("three") {
		t.Error("Archive has changed")
	}
	f.append("INBOX", "four")
	if found := f.verify(); len(found) > 0 {
		t.Errorf("in use after the repair: %v", found)
	}
}

// TestRepairRebuilt wants no number to be given again that may have been given
// after the keys that are left were written.
func TestRepairRebuilt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.append("INBOX", "one")
	old, before := f.version("INBOX"), f.account
	tree, err := before.Mailboxes(t.Context())
	f.check(err)
	f.close()
	_, err = mailstore.Repair(t.Context(), f.engine, mailstore.RepairOptions{
		Blob: f.blobSize, Now: f.now, Rebuilt: true, Did: func(damage.Finding) {},
	})
	f.check(err)
	f.open()
	v := f.version("INBOX")
	if v.UIDValidity() <= old.UIDValidity() || v.At(1).UID != 1 || f.read(v.At(1)) != mail("one") {
		t.Errorf("UIDVALIDITY %d after %d", v.UIDValidity(), old.UIDValidity())
	}
	after, err := f.account.Mailboxes(t.Context())
	f.check(err)
	if after.ModSeq() < tree.ModSeq()+1<<32 {
		t.Errorf("MODSEQ %d after %d", after.ModSeq(), tree.ModSeq())
	}
	if _, err := f.account.Changes(t.Context(), v.Mailbox().ID, tree.ModSeq()); !errors.Is(err, mailstore.ErrTooOld) {
		t.Errorf("changes since before the rebuild: %v", err)
	}
	seen := make(map[imap.UIDValidity]bool)
	for box := range after.All() {
		if seen[box.UIDValidity] {
			t.Errorf("UIDVALIDITY %d is used twice", box.UIDValidity)
		}
		seen[box.UIDValidity] = true
	}
	f.append("INBOX", "two")
	if e := f.version("INBOX").At(2); e.Instance() < 1<<32 {
		t.Errorf("instance %d may have been given before", e.Instance())
	}
	if found := f.verify(); len(found) > 0 {
		t.Errorf("in use after the repair: %v", found)
	}
}
