package maildrop

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/internal/platform/storage/memstore"
)

func newStore(t testing.TB) *Store {
	st := memstore.New()
	t.Cleanup(func() { st.Close() })
	return New(st)
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// TestRandom holds random changes against a map.
func TestRandom(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		st := memstore.New()
		defer st.Close()
		s := New(st)
		model := make(map[AccountID]map[MessageID]Note)
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			account := AccountID(rapid.SampledFrom([]uint64{0, 1, 2, ^uint64(0) - 1}).Draw(t, "account"))
			ids := rapid.SliceOfNDistinct(rapid.Uint64Range(0, 9), 0, 5, rapid.ID[uint64]).Draw(t, "ids")
			note := Note{Hidden: rapid.Bool().Draw(t, "hidden"), UID: rapid.SampledFrom([]string{"", "x", "yy"}).Draw(t, "uid")}
			if rapid.Bool().Draw(t, "retrieved") {
				note.Retrieved = noon
			}
			var list []MessageID
			if model[account] == nil {
				model[account] = make(map[MessageID]Note)
			}
			for _, id := range ids {
				list = append(list, MessageID(id))
				model[account][MessageID(id)] = note
			}
			err := s.Change(t.Context(), account, list, func(_ MessageID, n *Note) { *n = note })
			if err != nil {
				t.Fatal(err)
			}
		}
		for account, want := range model {
			compare(t, s, account, want)
		}
	})
}

func compare(t *rapid.T, s *Store, account AccountID, want map[MessageID]Note) {
	notes, err := s.Load(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for id, note := range want {
		if got := notes.Of(id); got != note {
			t.Fatalf("account %d, message %d: %+v, want %+v", account, id, got, note)
		}
		if !note.isZero() {
			count++
		}
	}
	if notes.Len() != count {
		t.Fatalf("account %d has %d notes, want %d", account, notes.Len(), count)
	}
}

func TestManyAndRemove(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var ids []MessageID
	for i := range 2*changeTogether + 10 {
		ids = append(ids, MessageID(i))
	}
	for _, account := range []AccountID{3, 4, 900} {
		err := s.Change(t.Context(), account, ids, func(id MessageID, n *Note) { n.UID = fmt.Sprint(id) })
		if err != nil {
			t.Fatal(err)
		}
	}
	var accounts []AccountID
	for at, ok, err := s.Next(t.Context(), 0); ok; at, ok, err = s.Next(t.Context(), at) {
		if err != nil {
			t.Fatal(err)
		}
		accounts = append(accounts, at)
	}
	if fmt.Sprint(accounts) != "[3 4 900]" {
		t.Errorf("accounts with notes: %v", accounts)
	}
	batch := s.storage.NewBatch()
	Remove(batch, 3)
	if err := storage.Commit(s.storage, batch); err != nil {
		t.Fatal(err)
	}
	for account, want := range map[AccountID]int{3: 0, 4: len(ids)} {
		if notes, err := s.Load(t.Context(), account); err != nil || notes.Len() != want {
			t.Errorf("account %d has %d notes, %v, want %d", account, notes.Len(), err, want)
		}
	}
}

// TestConcurrent changes one note from many sides; none may be lost.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	errs := make(chan error)
	const writers = 8
	for i := range writers {
		go func() {
			errs <- s.Change(t.Context(), 1, []MessageID{1}, func(_ MessageID, n *Note) {
				if !strings.ContainsRune(n.UID, rune('a'+i)) {
					n.UID += string(rune('a' + i))
				}
			})
		}()
	}
	for range writers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	notes, err := s.Load(t.Context(), 1)
	if err != nil || len(notes.Of(1).UID) != writers {
		t.Errorf("after %d writers %q, %v", writers, notes.Of(1).UID, err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	err := s.Change(t.Context(), 1, []MessageID{1}, func(_ MessageID, n *Note) { n.UID = strings.Repeat("x", MaxUID+1) })
	if err == nil {
		t.Error("a unique-id that is too long has been taken")
	}
	for _, bad := range []string{"", "\x02\x00\x00", "\x01\x02\x00", "\x01\x00", "\x01\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		if _, err := parseNote([]byte(bad)); !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("%q is a note: %v", bad, err)
		}
	}
}

func FuzzParseNote(f *testing.F) {
	f.Add(Note{Hidden: true, Retrieved: noon, UID: "x"}.append(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		note, err := parseNote(b)
		if err != nil {
			return
		}
		again, err := parseNote(note.append(nil))
		if err != nil || again != note {
			t.Errorf("%+v became %+v, %v", note, again, err)
		}
	})
}
