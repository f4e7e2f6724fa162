package mailstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/model/mailstore"
)

// conversation appends a message with its own and other identifiers.
func (f *fixture) conversation(box, own, references, inReplyTo string) imap.UID {
	f.t.Helper()
	text := "Subject: x\r\n"
	for _, field := range [][2]string{{"Message-ID", own}, {"References", references}, {"In-Reply-To", inReplyTo}} {
		if field[1] != "" {
			text += field[0] + ": " + field[1] + "\r\n"
		}
	}
	c := f.content(text + "\r\n")
	defer c.Discard()
	data, err := f.account.Append(context.Background(), f.box(box).ID, []mailstore.Append{{Content: c}})
	f.check(err)
	return data.UIDs.Min()
}

func (f *fixture) thread(box string, uid imap.UID) mailstore.ThreadID {
	f.t.Helper()
	e, ok := f.version(box).Get(uid)
	if !ok {
		f.t.Fatalf("no message %d", uid)
	}
	m, err := f.account.Message(context.Background(), e)
	f.check(err)
	thread, err := m.Thread()
	f.check(err)
	return thread
}

func TestThreads(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	type message struct {
		own, references, inReplyTo string
		thread                     int // which conversation it belongs to
	}
	messages := []message{
		{own: "<a@x>", thread: 1},
		{own: "<b@x>", references: "<a@x>", thread: 1},
		{own: "<c@x>", references: "<a@x> <b@x>", thread: 1},
		{own: "<d@x>", inReplyTo: "<c@x>", thread: 1},           // knows only its parent
		{own: "<e@x>", inReplyTo: "your mail <d@x>", thread: 1}, // and so on
		{own: "<f@x>", references: "<d@x> <e@x>", thread: 1},    // cut short
		{own: `<"g"@x>`, references: "<z@x>", thread: 2},        // before its root
		{own: "<h@x>", inReplyTo: "<g@x>", thread: 2},
		{own: "<z@x>", thread: 2},
		{own: "<i@x>", thread: 3},
		{thread: 4},
		{thread: 5},
		{references: "<a@x>", thread: 1},
		{own: "<A@x>", thread: 6},
	}
	uids := make([]imap.UID, len(messages))
	for i, m := range messages {
		uids[i] = f.conversation("INBOX", m.own, m.references, m.inReplyTo)
	}
	check := func() map[int]mailstore.ThreadID {
		t.Helper()
		ids := make(map[int]mailstore.ThreadID)
		for i, m := range messages {
			got := f.thread("INBOX", uids[i])
			if want, ok := ids[m.thread]; ok && got != want {
				t.Errorf("message %d (%+v) is in thread %v, want %v", i, m, got, want)
			}
			ids[m.thread] = got
		}
		if len(ids) != 6 {
			t.Errorf("%d threads: %v", len(ids), ids)
		}
		return ids
	}
	before := check()
	f.reopen()
	if after := check(); after[1] != before[1] || after[4] != before[4] {
		t.Errorf("threads changed: %v, %v", before, after)
	}
}

// TestThreadsMove wants copies and moved messages to keep their thread, and
// replies to find it that come later.
func TestThreadsMove(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	f.conversation("INBOX", "<b@x>", "<a@x>", "")
	reply := f.conversation("INBOX", "<c@x>", "", "<b@x>")
	thread := f.thread("INBOX", reply)
	inbox, archive := f.box("INBOX").ID, f.box("Archive").ID
	copied, err := f.account.Copy(ctx, inbox, archive, imap.SetOf(reply))
	f.check(err)
	moved, err := f.account.Move(ctx, inbox, archive, imap.SetOf(reply))
	f.check(err)
	if f.thread("Archive", copied.Dest.Min()) != thread || f.thread("Archive", moved.Dest.Min()) != thread {
		t.Error("a copy has another thread")
	}
	if later := f.conversation("INBOX", "<d@x>", "", "<c@x>"); f.thread("INBOX", later) != thread {
		t.Error("a later reply has another thread")
	}
}

// TestThreadsForgotten removes a conversation for good: nothing of it stays.
func TestThreadsForgotten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := context.Background()
	first := f.conversation("INBOX", "<b@x>", "<a@x>", "")
	second := f.conversation("INBOX", "<c@x>", "", "<b@x>")
	thread := f.thread("INBOX", first)
	_, err := f.account.Remove(ctx, f.box("INBOX").ID, imap.SetOf(first, second))
	f.check(err)
	f.now = f.now.Add(48 * time.Hour)
	_, err = f.store.CollectOrphans(ctx, f.now)
	f.check(err)
	if again := f.conversation("INBOX", "<d@x>", "", "<c@x>"); f.thread("INBOX", again) == thread {
		t.Error("what was removed is remembered")
	}
}
