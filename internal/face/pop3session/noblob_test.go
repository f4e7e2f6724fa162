package pop3session_test

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mailstead/mailstead/internal/flow/retrieval"
	"github.com/mailstead/mailstead/internal/mailtest"
	"github.com/mailstead/mailstead/internal/model/directory"
	"github.com/mailstead/mailstead/internal/model/maildrop"
	"github.com/mailstead/mailstead/internal/model/mailstore"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A watchedStore counts the blobs that are opened and the keys that are read
// one by one.
type watchedStore struct {
	storage.Store
	blobs, gets atomic.Int64
}

func (s *watchedStore) OpenBlob(id storage.BlobID) (storage.Blob, error) {
	s.blobs.Add(1)
	return s.Store.OpenBlob(id)
}

func (s *watchedStore) Get(dst, key []byte) ([]byte, error) {
	s.gets.Add(1)
	return s.Store.Get(dst, key)
}

// TestListsReadNoMessage answers all that STAT, LIST and UIDL ask of a maildrop
// from the index alone, hidden messages and imported unique-ids among it.
func TestListsReadNoMessage(t *testing.T) {
	t.Parallel()
	const messages = 1000
	m := mailtest.NewModels(t, []mailtest.Account{{Address: ann}})
	for i := range messages {
		deliver(t, m, ann, message(fmt.Sprint(i)))
	}
	store := &watchedStore{Store: m.Store}
	mail := mailstore.New(store, mailstore.Options{})
	defer mail.Close()
	notes := maildrop.New(store)
	service := retrieval.New(retrieval.Options{
		Directory: m.Directory, Mail: mail, Notes: notes, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		Defaults: newRetrieval(m).Defaults,
	})
	_, err := m.Directory.SetPOP3(t.Context(), m.ID(ann), func(p *directory.POP3) { p.Delete = directory.Hide })
	if err != nil {
		t.Fatal(err)
	}
	drop, err := service.Open(t.Context(), m.ID(ann))
	if err != nil {
		t.Fatal(err)
	}
	if err := drop.Leave(t.Context(), []int{1, 500}, nil); err != nil {
		t.Fatal(err)
	}
	drop.Close()
	store.gets.Store(0)
	if drop, err = service.Open(t.Context(), m.ID(ann)); err != nil {
		t.Fatal(err)
	}
	var octets int64
	seen := make(map[string]bool)
	for n := 1; n <= drop.Len(); n++ {
		octets += drop.Entry(n).Size()
		seen[string(drop.AppendUID(nil, n))] = true
	}
	if drop.Len() != messages-2 || len(seen) != messages-2 || octets == 0 {
		t.Errorf("%d messages, %d unique-ids, %d octets", drop.Len(), len(seen), octets)
	}
	if blobs, gets := store.blobs.Load(), store.gets.Load(); blobs > 0 || gets > 10 {
		t.Errorf("%d blobs were opened and %d keys read", blobs, gets)
	}
}
