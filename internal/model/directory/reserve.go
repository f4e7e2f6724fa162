package directory

import (
	"crypto/rand"
	"errors"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// reservedIDs is how many accounts may have been added and forgotten.
const reservedIDs = 1000

// Reserve keeps the numbers of accounts from being given again after the keys of
// a store were made again from older ones: not those up to last, of which there
// is mail, and not those that may have been given since. Nobody may have the
// directory open.
func Reserve(st storage.Store, last AccountID) error {
	s, err := read[state](st, stateKey())
	if err != nil && !errors.Is(err, storage.ErrNotFound) && !errors.Is(err, storage.ErrCorrupt) {
		return err
	}
	s.Version++
	s.LastAccount = max(s.LastAccount, last) + reservedIDs
	b := st.NewBatch()
	b.Set(stateKey(), encode(s))
	if _, err := st.Get(nil, secretKey()); errors.Is(err, storage.ErrNotFound) {
		// Without it, Open would found the directory, and begin to count at one.
		secret := make([]byte, 32)
		rand.Read(secret)
		b.Set(secretKey(), secret)
	}
	return storage.Commit(st, b)
}
