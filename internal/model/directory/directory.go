package directory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Options of a Directory. Start from DefaultOptions.
type Options struct {
	// Separators are the characters that may part a user from the detail
	// of a subaddress; empty switches subaddresses off.
	Separators string
	// Postmaster gets the mail to postmaster of each domain that has no
	// such address of its own. When it is zero, the first account does.
	Postmaster address.Address
	// Argon2 is the work for hashing new passwords. Old hashes keep the
	// parameters that they were made with.
	Argon2 Argon2
	// SCRAMIterations is the work for new SCRAM keys, at least 4096
	// (RFC 7677 §4).
	SCRAMIterations int
	// HashParallelism bounds how many passwords are hashed at the same
	// time, and so, with Argon2.MemoryKiB, the memory for it.
	HashParallelism int
	// VerifiedFor is how long a password that was found right is
	// remembered, as a keyed hash in memory; zero for not at all.
	VerifiedFor time.Duration
	// Remembered is how many resolved recipients, and how many verified
	// passwords, are kept in memory.
	Remembered int
	// Now is the clock.
	Now func() time.Time
	// Changed, if not nil, is called after each change, when it is durable. It
	// must not block nor call the Directory.
	Changed func()
}

// DefaultOptions returns the options that the server uses unless it is told
// otherwise.
func DefaultOptions() Options {
	return Options{
		Separators:      "+",
		Argon2:          Argon2{MemoryKiB: 19 << 10, Passes: 2, Lanes: 1},
		SCRAMIterations: 15_000,
		HashParallelism: max(2, runtime.GOMAXPROCS(0)),
		VerifiedFor:     2 * time.Minute,
		Remembered:      16 << 10,
		Now:             time.Now,
	}
}

func (o Options) check() error {
	switch {
	case o.SCRAMIterations < minSCRAMIterations:
		return fmt.Errorf("directory: SCRAM needs at least %d iterations", minSCRAMIterations)
	case o.HashParallelism < 1 || o.Remembered < 1 || o.Now == nil:
		return errors.New("directory: options are not complete")
	}
	return o.Argon2.check()
}

// A Directory keeps domains, accounts and aliases in a store. Its methods may
// be called concurrently.
type Directory struct {
	store    storage.Store
	options  Options
	hasher   *hasher
	verified *verified
	secret   []byte                 // makes the decoys of unknown users
	memory   atomic.Pointer[memory] // what Resolve found since the last change

	mu sync.Mutex // held while a change is decided and committed
}

// Open reads the directory of a store and founds it if there is none. The
// store stays the caller's to close.
func Open(store storage.Store, options Options) (*Directory, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	secret, err := found(store)
	if err != nil {
		return nil, fmt.Errorf("directory: open: %w", err)
	}
	d := &Directory{
		store:    store,
		options:  options,
		hasher:   newHasher(options),
		verified: newVerified(options),
		secret:   secret,
	}
	d.memory.Store(newMemory(options.Remembered))
	return d, nil
}

// found returns the directory's secret, and makes the records that all else
// stands on when the store has none.
func found(store storage.Store) ([]byte, error) {
	for {
		secret, err := store.Get(nil, secretKey())
		if !errors.Is(err, storage.ErrNotFound) {
			return secret, err
		}
		secret = make([]byte, 32)
		rand.Read(secret)
		batch := store.NewBatch()
		batch.Assert(secretKey(), nil)
		batch.Set(secretKey(), secret)
		batch.Set(stateKey(), encode(state{}))
		if err := storage.Commit(store, batch); !errors.Is(err, storage.ErrConflict) {
			return secret, err
		}
	}
}

// Version counts the changes of the directory since it was founded.
func (d *Directory) Version(ctx context.Context) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s, err := read[state](d.store, stateKey())
	return s.Version, err
}
