package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// RepairOptions are what [Repair] needs. Blob, Did and Now must be set.
type RepairOptions struct {
	// Blob returns the size of a blob; storage.ErrNotFound if there is none.
	Blob func(storage.BlobID) (int64, error)
	// Did is called with each thing that is done.
	Did func(damage.Finding)
	Now time.Time
	// Hold holds every recipient: for a queue that may have messages in it
	// that were delivered already.
	Hold bool
	// DryRun only says what would be done.
	DryRun bool
}

// Repair makes the rows of the queue anew from its messages and recipients, if
// [Verify] finds something wrong with them or all are to be held. Messages
// without content are dropped; leases end. Nobody else may use the queue.
func Repair(ctx context.Context, st storage.Store, o RepairOptions) error {
	wrong := false
	_, err := Verify(ctx, st, VerifyOptions{
		Blob: o.Blob, Now: o.Now,
		Found: func(damage.Finding) { wrong = true },
	})
	if err != nil || !wrong && !o.Hold {
		return err
	}
	r := &repairer{ctx: ctx, storage: st, options: o, writer: writer{queue: New(st, Options{Now: func() time.Time { return o.Now }})}}
	return r.run()
}

// A repairer is one run of Repair.
type repairer struct {
	ctx     context.Context
	storage storage.Store
	options RepairOptions
	writer  writer
	held    int
}

func (r *repairer) run() error {
	r.next()
	for space := spaceWaiting; space <= spaceHeld; space++ {
		all := prefixed([]byte{space})
		r.writer.batch.DeleteRange(all.Start, all.End)
	}
	err := r.storage.Scan(prefixed([]byte{spaceMessage}), func(key, value []byte) error {
		id, _ := splitIndexed(append(append([]byte{}, key...), 0, 0, 0, 0))
		if err := r.message(id, value); err != nil {
			return err
		}
		return r.flush(softBatch)
	})
	if err == nil {
		err = r.strays()
	}
	if err == nil {
		err = r.flush(0)
	}
	if err == nil && r.held > 0 {
		r.options.Did(damage.Finding{
			Severity: damage.Wrong, What: fmt.Sprintf("%d recipients in the queue are held: some may have been delivered already", r.held),
			Do: "look at them with `mailstead queue list`, then release or drop them",
		})
	}
	return err
}

// next begins a batch.
func (r *repairer) next() { r.writer.batch, r.writer.wakes = r.storage.NewBatch(), nil }

// flush commits the batch if it has more bytes than so many.
func (r *repairer) flush(above int) error {
	if r.writer.batch.Size() <= above {
		return r.ctx.Err()
	}
	b := r.writer.batch
	r.next()
	if r.options.DryRun {
		return r.ctx.Err()
	}
	return storage.Commit(r.storage, b)
}

func (r *repairer) drop(id ID, what string) {
	b, all := r.writer.batch, recipientsOf(id)
	b.Delete(messageKey(id))
	b.Delete(leftKey(id))
	b.DeleteRange(all.Start, all.End)
	r.options.Did(damage.Finding{Severity: damage.Lost, Queue: id.String(), What: what})
}

func (r *repairer) message(id ID, value []byte) error {
	m := Message{ID: id}
	if err := decode(value, &m); err != nil {
		r.drop(id, "the message could not be read")
		return nil
	}
	size, err := r.options.Blob(m.Blob)
	switch {
	case errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrCorrupt), err == nil && size+int64(len(m.Prefix)) != m.Size:
		r.drop(id, "the message had no content any more")
		return nil
	case err != nil:
		return err
	}
	left, err := r.recipients(&m)
	if err != nil {
		return err
	}
	if left == 0 {
		r.drop(id, "the message had no recipients any more")
		r.writer.batch.DeleteBlob(m.Blob)
		return nil
	}
	r.writer.batch.Set(leftKey(id), number(left))
	return nil
}

func (r *repairer) recipients(m *Message) (left uint64, err error) {
	err = r.storage.Scan(recipientsOf(m.ID), func(key, value []byte) error {
		_, index := splitIndexed(key)
		one := Recipient{Index: index}
		if err := decode(value, &one); err != nil {
			r.options.Did(damage.Finding{Severity: damage.Lost, Queue: m.ID.String(), What: "a recipient could not be read"})
			r.writer.batch.Delete(append([]byte{}, key...))
			return nil
		}
		if r.options.Hold && !one.Held {
			one.Held = true
			r.held++
		}
		one.Lease = Lease{}
		left++
		r.writer.setWaiting(m, &one)
		return r.ctx.Err()
	})
	return left, err
}

// strays drops the recipients of messages that are gone.
func (r *repairer) strays() error {
	for _, space := range [...]byte{spaceRecipient, spaceLeft} {
		err := r.storage.Scan(prefixed([]byte{space}), func(key, _ []byte) error {
			if len(key) >= 9 {
				id, _ := splitIndexed(append(append([]byte{}, key[:9]...), 0, 0, 0, 0))
				_, err := r.storage.Get(nil, messageKey(id))
				if !errors.Is(err, storage.ErrNotFound) {
					return err
				}
			}
			r.options.Did(damage.Finding{Severity: damage.Lost, What: "there were recipients of a message that is gone"})
			r.writer.batch.Delete(append([]byte{}, key...))
			return r.flush(softBatch)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
