package directory

import (
	"context"
	"errors"
	"fmt"

	"github.com/mailstead/mailstead/address"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// maxAttempts bounds how often a change is decided anew. Inside the process
// changes wait for each other, so only other nodes make a change lose.
const maxAttempts = 50

// A tx is a change of the directory in the making: it reads the state of one
// version, with its own writes on top.
type tx struct {
	snapshot storage.Snapshot
	batch    *storage.Batch
	written  map[string][]byte // nil values are deletions
	state    state
}

// change commits what fn writes. It calls fn again when another change came in
// between, so fn must have no effect but on its tx and on results that it sets
// anew each time.
func (d *Directory) change(ctx context.Context, fn func(*tx) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for range maxAttempts {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.attempt(fn); !errors.Is(err, storage.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("directory: %w", ErrBusy)
}

func (d *Directory) attempt(fn func(*tx) error) error {
	snapshot := d.store.Snapshot()
	defer snapshot.Close()
	before, err := snapshot.Get(nil, stateKey())
	if err != nil {
		return fmt.Errorf("directory: state: %w", err)
	}
	t := &tx{snapshot: snapshot, batch: d.store.NewBatch(), written: make(map[string][]byte)}
	if t.state, err = decode[state](before); err != nil {
		return err
	}
	if err := fn(t); err != nil {
		return err
	}
	if t.batch.Empty() {
		return nil
	}
	t.state.Version++
	t.batch.Assert(stateKey(), before)
	t.batch.Set(stateKey(), encode(t.state))
	// What was remembered goes, whether the commit came through or not: a
	// failed commit may yet have reached the disk.
	defer d.memory.Store(newMemory(d.options.Remembered))
	if err := storage.Commit(d.store, t.batch); err != nil {
		return err
	}
	if d.options.Changed != nil {
		d.options.Changed()
	}
	return nil
}

// Get makes a tx a storage.Reader that sees its own writes.
func (t *tx) Get(dst, key []byte) ([]byte, error) {
	value, ok := t.written[string(key)]
	switch {
	case !ok:
		return t.snapshot.Get(dst, key)
	case value == nil:
		return dst, storage.ErrNotFound
	}
	return append(dst, value...), nil
}

// Scan sees the state before the change only.
func (t *tx) Scan(r storage.Range, fn func(key, value []byte) error) error {
	return t.snapshot.Scan(r, fn)
}

func (t *tx) set(key []byte, record any) {
	value := encode(record)
	t.written[string(key)] = value
	t.batch.Set(key, value)
}

func (t *tx) delete(key []byte) {
	t.written[string(key)] = nil
	t.batch.Delete(key)
}

// take checks that an address can be given away: well-formed, in a domain of
// ours, and nobody's.
func (t *tx) take(a address.Address) error {
	if len(a.Local) > address.MaxLocalPart {
		return about(ErrAddress, a)
	}
	if _, ok, err := find[domainRecord](t, domainKey(a.Domain)); err != nil || !ok {
		return firstError(err, about(ErrNoDomain, a.Domain))
	}
	if _, ok, err := find[addressRecord](t, addressKey(a)); err != nil || ok {
		return firstError(err, about(ErrExists, a))
	}
	return nil
}

// firstError returns the first that is not nil: a failure of the store before
// what would be true without it.
func firstError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// about says which name an error is about.
func about(err error, name fmt.Stringer) error {
	return fmt.Errorf("%w: %v", err, name)
}
