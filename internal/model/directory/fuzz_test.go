package directory

import (
	"bytes"
	"errors"
	"testing"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// FuzzRecords reads anything as each record and key of the directory: it fails
// with ErrCorrupt, or what it reads is written as what reads the same.
func FuzzRecords(f *testing.F) {
	f.Add([]byte(`{"version":1,"lastAccount":2}`))
	f.Add([]byte(`{"account":1,"targets":["a@b.test"]}`))
	f.Add([]byte(`{"Address":"a@b@c","Created":"x"}`))
	f.Add(encode(credentials{Argon2: "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA", SCRAM: SCRAMKeys{Salt: []byte("x"), Iterations: -1}}))
	f.Add([]byte("\x13example.test\x00ann"))
	f.Fuzz(func(t *testing.T, value []byte) {
		again[state](t, value)
		again[domainRecord](t, value)
		again[accountRecord](t, value)
		again[addressRecord](t, value)
		again[credentials](t, value)
		again[POP3](t, value)
		if len(value) == 0 {
			return
		}
		a, err := parseAddressKey(value)
		if err != nil {
			return
		}
		if parsed, err := address.Parse(a.String()); err == nil && parsed == a && a == a.Canonical() && value[0] == spaceAddress {
			if !bytes.Equal(addressKey(a), value) {
				t.Errorf("the key %q is of %s, whose key is %q", value, a, addressKey(a))
			}
		}
	})
}

func again[T any](t *testing.T, value []byte) {
	t.Helper()
	first, err := decode[T](value)
	if err != nil {
		if !errors.Is(err, storage.ErrCorrupt) {
			t.Errorf("%q: %v", value, err)
		}
		return
	}
	written := encode(first)
	second, err := decode[T](written)
	if err != nil || !bytes.Equal(written, encode(second)) {
		t.Errorf("%q is read and written as %q: %v", value, written, err)
	}
}
