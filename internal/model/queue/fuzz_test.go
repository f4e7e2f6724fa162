package queue

import (
	"bytes"
	"errors"
	"testing"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// FuzzRecords reads anything as the records and names of the queue: it fails
// with ErrCorrupt, or what it reads is written as what reads the same.
func FuzzRecords(f *testing.F) {
	f.Add(encode(Message{ID: 7}), "")
	f.Add(encode(Recipient{Index: 3}), ID(7).String())
	f.Add([]byte(`{"Due":"9999-12-31T23:59:59Z","Attempts":-1}`), "AAAAAAAAAAAA=")
	f.Add([]byte(`{"To":"a@b@c"}`), "\x00")
	f.Fuzz(func(t *testing.T, value []byte, name string) {
		again[Message](t, value)
		again[Recipient](t, value)
		if id, err := ParseID(name); err == nil {
			if back, err := ParseID(id.String()); err != nil || back != id {
				t.Errorf("%q is %v, which is %v, %v", name, id, back, err)
			}
		}
	})
}

func again[T any](t *testing.T, value []byte) {
	t.Helper()
	var first, second T
	if err := decode(value, &first); err != nil {
		if !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("%q: %v", value, err)
		}
		return
	}
	written := encode(first)
	if err := decode(written, &second); err != nil || !bytes.Equal(written, encode(second)) {
		t.Errorf("%q is read and written as %q, then %q: %v", value, written, encode(second), err)
	}
}
