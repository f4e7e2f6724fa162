package retrieval_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/flow/retrieval"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/maildrop"
)

const day = 24 * time.Hour

// TestExpire follows messages that were downloaded on different days, and one
// that never was.
func TestExpire(t *testing.T) {
	t.Parallel()
	for kind, trash := range map[directory.Deletion]int{directory.Delete: 0, directory.ToTrash: 2, directory.Hide: 0} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 3)
			w.policy(directory.POP3{LeaveDays: 30, Delete: kind})
			uids := w.uids()
			w.leave(nil, []int{1})
			w.now = w.now.Add(10 * day)
			w.leave(nil, []int{1, 2}) // 1 for the second time
			w.now = w.now.Add(20*day - time.Second)
			w.expire(0)
			w.now = w.now.Add(time.Second)
			w.expire(1)
			if got := w.uids(); !slices.Equal(got, uids[1:]) {
				t.Errorf("after 30 days %q, before %q", got, uids)
			}
			w.now = w.now.Add(10 * day)
			w.expire(1)
			w.now = w.now.Add(1000 * day)
			w.expire(0)
			if got := w.uids(); !slices.Equal(got, uids[2:]) {
				t.Errorf("at last %q, before %q", got, uids)
			}
			left := 1
			if kind == directory.Hide {
				left = 3
			}
			if inbox, in := w.count("INBOX"), w.count("Trash"); inbox != left || in != trash {
				t.Errorf("INBOX has %d messages, Trash %d, want %d and %d", inbox, in, left, trash)
			}
		})
	}
}

// TestExpireFromTrash brings an expired message back: its days count anew.
func TestExpireFromTrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.policy(directory.POP3{LeaveDays: 1, Delete: directory.ToTrash})
	w.leave(nil, []int{1})
	w.now = w.now.Add(day)
	w.expire(1)
	tree, err := w.account.Mailboxes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	trash, _ := tree.Find("Trash")
	inbox, _ := tree.Find(imap.Inbox)
	if _, err := w.account.Move(t.Context(), trash.ID, inbox.ID, imap.UIDSet{{Start: 1, Stop: 1}}); err != nil {
		t.Fatal(err)
	}
	w.expire(0)
	w.leave(nil, []int{1})
	w.expire(0)
	w.now = w.now.Add(day)
	w.expire(1)
}

// TestExpireOtherPolicies changes the rules after the download.
func TestExpireOtherPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.policy(directory.POP3{LeaveDays: 1})
	w.leave(nil, []int{1})
	w.now = w.now.Add(100 * day)
	w.policy(directory.POP3{LeaveDays: directory.LeaveForever})
	w.expire(0)
	w.policy(directory.POP3{LeaveDays: 1, Mailbox: "Nowhere"})
	w.expire(0)
	w.policy(directory.POP3{LeaveDays: 1})
	w.expire(1)
}

// TestExpireFailure lets one account fail: the other is looked after, and the
// failure is told.
func TestExpireFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.policy(directory.POP3{LeaveDays: 1})
	w.leave(nil, []int{1})
	w.now = w.now.Add(day)
	w.Store.FailCommits(1, errors.New("disk on fire"))
	if _, err := w.Expire(t.Context()); err == nil || !strings.Contains(w.log.String(), "disk on fire") {
		t.Errorf("a failure came to %v, log %s", err, &w.log)
	}
	w.expire(1)
}

// TestExpireInUse leaves a maildrop alone that a session has open.
func TestExpireInUse(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.policy(directory.POP3{LeaveDays: 1})
	w.leave(nil, []int{1})
	w.now = w.now.Add(day)
	d, err := w.Open(t.Context(), w.ID(ann))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Open(t.Context(), w.ID(ann)); err != retrieval.ErrInUse {
		t.Errorf("a second session: %v", err)
	}
	w.expire(0)
	d.Close()
	w.expire(1)
}

// TestPrune wants notes of messages that are gone to go, and others to stay.
func TestPrune(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.policy(directory.POP3{Delete: directory.Hide})
	w.leave([]int{1}, nil)
	var gone []maildrop.MessageID
	for i := range 1200 {
		gone = append(gone, maildrop.MessageID(1000+i))
	}
	id := maildrop.AccountID(w.ID(ann))
	err := w.Notes.Change(t.Context(), id, gone, func(m maildrop.MessageID, n *maildrop.Note) {
		n.Hidden = true
		if m == 1000 {
			n.UID = "1a"
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	w.expire(0)
	notes, err := w.Notes.Load(t.Context(), id)
	if err != nil || notes.Len() != 2 || notes.Of(1000).UID != "1a" {
		t.Errorf("%d notes are left, %v", notes.Len(), err)
	}
	if got := w.open().Len(); got != 1 {
		t.Errorf("%d messages are shown, want 1", got)
	}
}

func TestRemovedAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.policy(directory.POP3{LeaveDays: 1})
	w.leave(nil, []int{1})
	if _, err := w.Models.Directory.RemoveAccount(t.Context(), w.ID(ann), nil); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(day)
	w.expire(0)
}
