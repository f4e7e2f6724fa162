package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// VerifyOptions are what [Verify] needs besides the keys. All but Broken must be
// set.
type VerifyOptions struct {
	// Blob returns the size of a blob; storage.ErrNotFound if there is none.
	Blob func(storage.BlobID) (int64, error)
	// Broken says whether the bytes of a blob cannot be read; nil if nobody
	// has looked.
	Broken func(storage.BlobID) bool
	// Found is called with each thing that is wrong.
	Found func(damage.Finding)
	Now   time.Time
}

// A Verified counts what [Verify] has read.
type Verified struct {
	Messages   int
	Recipients int
}

// What a person can do about findings.
const (
	adviceDrop   = "ask the sender to send it again, and remove it with `mailstead queue drop`"
	adviceRepair = "stop the server and let `mailstead repair` set it right"
)

// Verify checks each message in the queue against its content, its recipients
// and the rows in which they wait, and these against each other. It returns an
// error only if it could not go on. Its memory is a few words for each hop.
func Verify(ctx context.Context, r storage.Reader, o VerifyOptions) (Verified, error) {
	if o.Broken == nil {
		o.Broken = func(storage.BlobID) bool { return false }
	}
	v := &verifier{ctx: ctx, reader: r, options: o, rows: make(map[byte]int), hops: make(map[Hop]time.Time)}
	err := v.messages()
	for _, check := range []func() error{v.strayRecipients, v.strayRows, v.wakes} {
		if err == nil {
			err = check()
		}
	}
	return v.count, err
}

// EachBlob calls fn with the blob of each message.
func EachBlob(r storage.Reader, fn func(storage.BlobID) error) error {
	return r.Scan(prefixed([]byte{spaceMessage}), func(_, value []byte) error {
		var m Message
		if decode(value, &m) != nil {
			return nil // Verify speaks of it
		}
		return fn(m.Blob)
	})
}

// A verifier is one run of Verify.
type verifier struct {
	ctx     context.Context
	reader  storage.Reader
	options VerifyOptions
	count   Verified
	rows    map[byte]int      // that recipients should have, by subspace
	hops    map[Hop]time.Time // when the first recipient is due
}

func (v *verifier) found(s damage.Severity, id ID, what, do string) {
	v.options.Found(damage.Finding{Severity: s, Queue: id.String(), What: what, Do: do})
}

func (v *verifier) messages() error {
	return v.reader.Scan(prefixed([]byte{spaceMessage}), func(key, value []byte) error {
		if len(key) != 9 {
			v.options.Found(damage.Finding{Severity: damage.Wrong, What: "a key of the queue makes no sense", Do: adviceRepair})
			return nil
		}
		v.count.Messages++
		id, _ := splitIndexed(append(bytes.Clone(key), 0, 0, 0, 0))
		m := Message{ID: id}
		if err := decode(value, &m); err != nil {
			v.found(damage.Lost, id, "the message cannot be read: "+err.Error(), adviceRepair)
			return nil
		}
		if err := v.content(&m); err != nil {
			return err
		}
		if err := v.recipients(&m); err != nil {
			return err
		}
		return v.ctx.Err()
	})
}

// content checks the blob of a message.
func (v *verifier) content(m *Message) error {
	size, err := v.options.Blob(m.Blob)
	what := ""
	switch {
	case errors.Is(err, storage.ErrNotFound):
		what = "the content of the message is gone"
	case errors.Is(err, storage.ErrCorrupt):
		what = "nobody knows where the content of the message is"
	case err != nil:
		return err
	case size+int64(len(m.Prefix)) != m.Size:
		what = fmt.Sprintf("the message has %d bytes and should have %d", size+int64(len(m.Prefix)), m.Size)
	case v.options.Broken(m.Blob):
		what = "the content of the message cannot be read"
	}
	if what != "" {
		v.options.Found(damage.Finding{Severity: damage.Lost, Queue: m.ID.String(), Blob: uint64(m.Blob), What: what, Do: adviceDrop})
	}
	return nil
}

// recipients checks the recipients of a message, and that each has its row.
func (v *verifier) recipients(m *Message) error {
	n := 0
	err := v.reader.Scan(recipientsOf(m.ID), func(key, value []byte) error {
		n++
		v.count.Recipients++
		_, index := splitIndexed(key)
		r := Recipient{Index: index}
		if err := decode(value, &r); err != nil {
			v.found(damage.Lost, m.ID, "a recipient cannot be read: "+err.Error(), adviceRepair)
			return nil
		}
		return v.row(m, &r)
	})
	if err != nil {
		return err
	}
	left, err := readLeft(v.reader, m.ID)
	switch {
	case errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrCorrupt):
		v.found(damage.Wrong, m.ID, "nobody knows how many recipients are left", adviceRepair)
	case err != nil:
		return err
	case left != uint64(n):
		v.found(damage.Wrong, m.ID, fmt.Sprintf("%d recipients are counted as left; there are %d", left, n), adviceRepair)
	}
	return nil
}

// row checks that a recipient has the row of its state.
func (v *verifier) row(m *Message, r *Recipient) error {
	var key []byte
	switch r.State() {
	case Waiting:
		key = waitingKey(r, m)
		if due, ok := v.hops[r.Hop()]; !ok || r.Due.Before(due) {
			v.hops[r.Hop()] = r.Due
		}
	case Held:
		key = heldKey(m.ID, r.Index)
	case Leased:
		key = leasedKey(m.ID, r.Index)
	}
	v.rows[key[0]]++
	_, err := v.reader.Get(nil, key)
	if errors.Is(err, storage.ErrNotFound) {
		v.found(damage.Wrong, m.ID, fmt.Sprintf("the recipient %s is %s and would never be found", r.Address, r.State()), adviceRepair)
		v.rows[key[0]]--
		return nil
	}
	return err
}

// strayRecipients finds recipients of messages that are not there.
func (v *verifier) strayRecipients() error {
	for _, space := range [...]byte{spaceRecipient, spaceLeft} {
		var last ID
		err := v.reader.Scan(prefixed([]byte{space}), func(key, _ []byte) error {
			if len(key) < 9 {
				return nil
			}
			id, _ := splitIndexed(append(bytes.Clone(key[:9]), 0, 0, 0, 0))
			if id == last {
				return nil
			}
			last = id
			_, err := v.reader.Get(nil, messageKey(id))
			if errors.Is(err, storage.ErrNotFound) {
				v.found(damage.Lost, id, "there are recipients of a message that is gone", adviceRepair)
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// strayRows counts the rows in which recipients wait: each recipient has its
// own, so if there are more, some have no recipient.
func (v *verifier) strayRows() error {
	for _, space := range [...]byte{spaceWaiting, spaceLeased, spaceHeld} {
		n := 0
		err := v.reader.Scan(prefixed([]byte{space}), func(_, _ []byte) error {
			n++
			return nil
		})
		if err != nil {
			return err
		}
		if extra := n - v.rows[space]; extra > 0 {
			v.options.Found(damage.Finding{Severity: damage.Wrong, What: fmt.Sprintf("%d rows of the queue belong to no recipient", extra), Do: adviceRepair})
		}
	}
	return nil
}

// wakes checks that each hop at which recipients wait is found in time.
func (v *verifier) wakes() error {
	first := make(map[Hop]time.Time)
	err := v.reader.Scan(prefixed([]byte{spaceWake}), func(key, _ []byte) error {
		if len(key) < 1+8+1+8 {
			return nil
		}
		due, hop := splitWake(key)
		if _, ok := first[Hop(hop)]; !ok {
			first[Hop(hop)] = due
		}
		return v.ctx.Err()
	})
	if err != nil {
		return err
	}
	soon := v.options.Now.Add(2 * leftPause)
	var late []string
	for hop, due := range v.hops {
		wake, ok := first[hop]
		if !ok || wake.After(due) && wake.After(soon) {
			late = append(late, string(hop))
		}
	}
	slices.Sort(late)
	for _, hop := range late {
		v.options.Found(damage.Finding{Severity: damage.Wrong, What: "the messages for " + hop + " would not be found when they are due", Do: adviceRepair})
	}
	return nil
}
