package retrieval_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mailstead/mailstead/imap"
	"github.com/mailstead/mailstead/internal/flow/retrieval"
	"github.com/mailstead/mailstead/internal/model/maildrop"
)

func (w *world) importUIDs(list ...retrieval.OldUID) retrieval.Imported {
	w.t.Helper()
	done, err := w.ImportUIDs(w.t.Context(), w.ID(ann), list)
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

func TestImportUIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	native := w.uids()
	done := w.importUIDs(
		retrieval.OldUID{MessageID: "<3@x>", UID: "old3"},
		retrieval.OldUID{MessageID: " 1@x ", UID: "old1"},
		retrieval.OldUID{MessageID: "<9@x>", UID: "old9"},
	)
	if done.Taken != 2 || done.Known != 0 || done.Unmatched != 1 || len(done.Refused) != 0 {
		t.Errorf("imported: %+v", done)
	}
	want := []string{"old1", native[1], "old3"}
	if got := w.uids(); !slices.Equal(got, want) {
		t.Errorf("unique-ids %q, want %q", got, want)
	}
	w.deliver(9)
	done = w.importUIDs(
		retrieval.OldUID{MessageID: "<1@x>", UID: "old1"},
		retrieval.OldUID{MessageID: "<2@x>", UID: "old3"},
		retrieval.OldUID{MessageID: "<3@x>", UID: "other"},
		retrieval.OldUID{MessageID: "<9@x>", UID: "with space"},
		retrieval.OldUID{MessageID: "<9@x>", UID: strings.Repeat("x", 71)},
		retrieval.OldUID{MessageID: "<9@x>", UID: "mailstead-1"},
		retrieval.OldUID{MessageID: "<9@x>", UID: ""},
	)
	if done.Taken != 0 || done.Known != 1 || len(done.Refused) != 6 {
		t.Errorf("imported again: %+v", done)
	}
	if got := w.uids(); !slices.Equal(got[:3], want) {
		t.Errorf("unique-ids %q, want %q", got, want)
	}
}

// TestImportTwins has messages with one Message-ID.
func TestImportTwins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.deliver(1)
	w.deliver(1)
	native := w.uids()
	done := w.importUIDs(retrieval.OldUID{MessageID: "<1@x>", UID: "a"}, retrieval.OldUID{MessageID: "<1@x>", UID: "b"})
	if got := w.uids(); done.Taken != 2 || !slices.Equal(got, []string{"a", "b", native[2]}) {
		t.Errorf("%+v gives %q", done, got)
	}
}

// TestImportNative imports unique-ids that look like our own.
func TestImportNative(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	native := w.uids()
	done := w.importUIDs(retrieval.OldUID{MessageID: "<1@x>", UID: native[1]})
	if got := w.uids(); done.Taken != 0 || len(done.Refused) != 1 || !slices.Equal(got, native) {
		t.Errorf("that of another message: %+v gives %q, before %q", done, got, native)
	}
	// Two change places, so that nobody keeps what the other gets.
	done = w.importUIDs(
		retrieval.OldUID{MessageID: "<1@x>", UID: native[1]},
		retrieval.OldUID{MessageID: "<2@x>", UID: native[0]},
	)
	want := []string{native[1], native[0], native[2]}
	if got := w.uids(); done.Taken != 2 || !slices.Equal(got, want) {
		t.Errorf("changing places: %+v gives %q, want %q", done, got, want)
	}
}

// TestImportFuture imports what later messages would be called.
func TestImportFuture(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	var future []string
	for n := 2; n < 40; n++ {
		future = append(future, string(rune('0'+n%10)))
	}
	if done := w.importUIDs(retrieval.OldUID{MessageID: "<1@x>", UID: "9"}); done.Taken != 1 {
		t.Fatalf("imported: %+v", done)
	}
	for i := range future {
		w.deliver(i + 2)
	}
	uids := w.uids()
	slices.Sort(uids)
	if unique := slices.Compact(slices.Clone(uids)); len(unique) != len(uids) || !slices.Contains(uids, "mailstead-9") {
		t.Errorf("unique-ids %q", uids)
	}
	// The message goes, its unique-id is still nobody else's.
	w.leave([]int{1}, nil)
	if got := w.uids(); slices.Contains(got, "9") || !slices.Contains(got, "mailstead-9") {
		t.Errorf("after the first is gone %q", got)
	}
}

// TestImportedStays follows an imported unique-id through moves.
func TestImportedStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	w.importUIDs(retrieval.OldUID{MessageID: "1@x", UID: "old"})
	tree, err := w.account.Mailboxes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	trash, _ := tree.Find("Trash")
	inbox, _ := tree.Find(imap.Inbox)
	if _, err := w.account.Move(t.Context(), inbox.ID, trash.ID, imap.UIDSet{{Start: 1, Stop: 1}}); err != nil {
		t.Fatal(err)
	}
	if got := w.uids(); len(got) != 0 {
		t.Errorf("moved away, INBOX has %q", got)
	}
	if _, err := w.account.Move(t.Context(), trash.ID, inbox.ID, imap.UIDSet{{Start: 1, Stop: 1}}); err != nil {
		t.Fatal(err)
	}
	w.Service.Notes = maildrop.New(w.Store) // as after a restart
	if got := w.uids(); !slices.Equal(got, []string{"old"}) {
		t.Errorf("back again %q", got)
	}
}
