package queue

import (
	"math"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// ReleaseOwner ends all leases of an owner. An owner calls it when it starts:
// what it had leased before, nobody delivers any more. It returns how many
// recipients wait again.
func (q *Queue) ReleaseOwner(owner string) (int, error) {
	return q.releaseLeases(func(o string, _ time.Time) bool { return o == owner })
}

// ReleaseExpired ends all leases that were to end before now, of owners that
// have died and not come back. It leaves those of the owner that calls it: they
// are under way, even if the clock has jumped.
func (q *Queue) ReleaseExpired(owner string, now time.Time) (int, error) {
	return q.releaseLeases(func(o string, until time.Time) bool { return o != owner && until.Before(now) })
}

func (q *Queue) releaseLeases(which func(owner string, until time.Time) bool) (int, error) {
	return q.inChunks(prefixed([]byte{spaceLeased}), math.MaxInt, func(_ storage.Reader, _, value []byte) (bool, error) {
		return which(string(value[8:]), readTime(value)), nil
	}, func(f *finisher, m *Message, r *Recipient, before []byte) {
		f.release(m, r, before)
	})
}

// Renew prolongs the leases of Works until a time, for deliveries that take
// long. Recipients whose lease has passed to another, or that are gone, are
// left alone: Finish will find the same.
func (q *Queue) Renew(works []*Work, until time.Time) error {
	return q.commit(func(r storage.Reader, b *storage.Batch) error {
		for _, w := range works {
			if err := w.renew(r, b, until); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *Work) renew(reader storage.Reader, b *storage.Batch, until time.Time) error {
	for i := range w.Recipients {
		r, before, err := w.read(reader, i)
		if err == ErrNotFound || err == nil && r.Lease.Token != w.token {
			continue
		}
		if err != nil {
			return err
		}
		b.Assert(recipientKey(w.Message.ID, r.Index), before)
		r.Lease.Until = stored(until)
		setLeased(b, w.Message.ID, &r, encode(&r))
	}
	return nil
}

// Resume makes recipients that wait for a hop due now if their last attempt was
// suspended: all of them when the hop can be reached again, or at most so many
// to find out. It returns how many they are.
func (q *Queue) Resume(h Hop, now time.Time, most int) (int, error) {
	return q.inChunks(prefixed(waitingPrefix(h)), most, func(r storage.Reader, key, _ []byte) (bool, error) {
		w := splitWaiting(key)
		if !w.due.After(now) {
			return false, nil
		}
		one, _, err := readRecipient(r, w.id, w.index)
		return one.Suspended, err
	}, func(f *finisher, m *Message, r *Recipient, before []byte) {
		f.retry(m, r, before, now)
	})
}

// chunk is how many records one batch changes.
const chunk = 500

// inChunks does something to the recipients that the keys of a range end with,
// those that match, at most so many, in batches of a chunk. It returns how many
// they were.
func (q *Queue) inChunks(space storage.Range, most int, match func(r storage.Reader, key, value []byte) (bool, error),
	do func(f *finisher, m *Message, r *Recipient, before []byte)) (int, error) {
	total := 0
	for {
		var keys [][]byte
		var last []byte
		err := q.commit(func(r storage.Reader, b *storage.Batch) error {
			var err error
			keys, last, err = scanChunk(r, space, min(chunk, most-total), func(key, value []byte) (bool, error) { return match(r, key, value) })
			if err != nil {
				return err
			}
			return newFinisher(q, r, b).each(keys, do)
		})
		if err != nil {
			return total, err
		}
		total += len(keys)
		if last == nil || total >= most {
			return total, nil
		}
		space.Start = after(last)
	}
}

// each does something to the recipients that keys end with.
func (f *finisher) each(keys [][]byte, do func(f *finisher, m *Message, r *Recipient, before []byte)) error {
	var m Message
	for _, key := range keys {
		id, index := splitIndexed(key)
		r, before, err := readRecipient(f.reader, id, index)
		if err != nil {
			return err
		}
		if m.ID != id {
			if m, err = readMessage(f.reader, id); err != nil {
				return err
			}
		}
		do(f, &m, &r, before)
	}
	return f.settle()
}

// scanChunk returns the keys of a range that match, up to so many of them, and
// the last of these if there may be more.
func scanChunk(r storage.Reader, space storage.Range, most int, match func(key, value []byte) (bool, error)) (keys [][]byte, last []byte, err error) {
	err = r.Scan(space, func(key, value []byte) error {
		if len(keys) == most {
			last = keys[len(keys)-1]
			return storage.ErrStop
		}
		ok, err := match(key, value)
		if ok {
			keys = append(keys, append([]byte(nil), key...))
		}
		return err
	})
	return keys, last, err
}
