package maildrop

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// An AccountID names an account. The directory assigns it, never twice.
type AccountID uint64

// A MessageID names a message of an account for ever, wherever it is moved.
type MessageID uint64

// MaxUID is the length of the longest unique-id (RFC 1939 §7).
const MaxUID = 70

// ErrBusy says that others kept changing the same notes.
var ErrBusy = errors.New("maildrop: notes keep changing")

const spaceNotes byte = 0x30

// A Store is the notes of all accounts. Its methods may be called
// concurrently.
type Store struct{ storage storage.Store }

// New returns a Store on st, which stays the caller's to close.
func New(st storage.Store) *Store { return &Store{st} }

func noteKey(account AccountID, id MessageID) []byte {
	return binary.BigEndian.AppendUint64(accountPrefix(account), uint64(id))
}

func accountPrefix(account AccountID) []byte {
	key := make([]byte, 1, 17)
	key[0] = spaceNotes
	return binary.BigEndian.AppendUint64(key, uint64(account))
}

func accountRange(account AccountID) storage.Range {
	return storage.Range{Start: accountPrefix(account), End: accountPrefix(account + 1)}
}

// Load reads the notes of an account.
func (s *Store) Load(ctx context.Context, account AccountID) (*Notes, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	notes := new(Notes)
	err := s.storage.Scan(accountRange(account), func(key, value []byte) error {
		note, err := parseNote(value)
		notes.list = append(notes.list, noted{messageOf(key), note})
		return err
	})
	return notes, err
}

func messageOf(key []byte) MessageID { return MessageID(binary.BigEndian.Uint64(key[9:])) }

// Limits of one batch, and of attempts when others change the same notes.
const (
	changeTogether = 4000
	maxAttempts    = 20
)

// Change lets a function change the notes of messages, and returns when that
// is durable. The function may be called more than once for a message. If
// there are more messages than go into one batch, some may be changed when it
// fails.
func (s *Store) Change(ctx context.Context, account AccountID, ids []MessageID, change func(MessageID, *Note)) error {
	for len(ids) > 0 {
		n := min(len(ids), changeTogether)
		if err := s.changeSome(ctx, account, ids[:n], change); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

func (s *Store) changeSome(ctx context.Context, account AccountID, ids []MessageID, change func(MessageID, *Note)) error {
	for range maxAttempts {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch := s.storage.NewBatch()
		for _, id := range ids {
			if err := s.changeOne(batch, noteKey(account, id), func(n *Note) { change(id, n) }); err != nil {
				return err
			}
		}
		if batch.Empty() {
			return nil
		}
		if err := storage.Commit(s.storage, batch); !errors.Is(err, storage.ErrConflict) {
			return err
		}
	}
	return ErrBusy
}

func (s *Store) changeOne(batch *storage.Batch, key []byte, change func(*Note)) error {
	stored, err := s.storage.Get(nil, key)
	var before Note
	switch {
	case errors.Is(err, storage.ErrNotFound):
		stored = nil
	case err != nil:
		return err
	default:
		if before, err = parseNote(stored); err != nil {
			return err
		}
	}
	after := before
	change(&after)
	if len(after.UID) > MaxUID {
		return fmt.Errorf("maildrop: a unique-id of %d octets", len(after.UID))
	}
	if after == before {
		return nil
	}
	batch.Assert(key, stored)
	if after.isZero() {
		batch.Delete(key)
	} else {
		batch.Set(key, after.append(nil))
	}
	return nil
}

// Next returns the first account above one that has notes, and false if there
// is none. It is how to go through all accounts, from zero.
func (s *Store) Next(ctx context.Context, above AccountID) (AccountID, bool, error) {
	var next AccountID
	found := false
	err := s.storage.Scan(storage.Range{Start: accountPrefix(above + 1), End: []byte{spaceNotes + 1}}, func(key, _ []byte) error {
		next, found = AccountID(binary.BigEndian.Uint64(key[1:])), true
		return storage.ErrStop
	})
	return next, found, errors.Join(err, ctx.Err())
}

// Remove adds to a batch the removal of all notes of an account.
func Remove(b *storage.Batch, account AccountID) {
	all := accountRange(account)
	b.DeleteRange(all.Start, all.End)
}
