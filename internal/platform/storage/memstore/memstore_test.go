package memstore

import (
	"errors"
	"testing"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

func TestFailCommits(t *testing.T) {
	t.Parallel()
	s := New()
	commit := func(value string) error {
		b := s.NewBatch()
		b.Set([]byte("k"), []byte(value))
		return storage.Commit(s, b)
	}
	if err := commit("first"); err != nil {
		t.Fatal(err)
	}
	s.FailCommits(2, storage.ErrFull)
	for range 2 {
		if err := commit("lost"); !errors.Is(err, storage.ErrFull) {
			t.Fatalf("commit on a full store: %v", err)
		}
	}
	if got, _ := s.Get(nil, []byte("k")); string(got) != "first" {
		t.Fatalf("a failed commit wrote %q", got)
	}
	if err := commit("after"); err != nil {
		t.Fatal(err)
	}
}
