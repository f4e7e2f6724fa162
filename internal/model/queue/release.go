package queue

import (
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
// have died and not come back.
func (q *Queue) ReleaseExpired(now time.Time) (int, error) {
	return q.releaseLeases(func(_ string, until time.Time) bool { return until.Before(now) })
}

func (q *Queue) releaseLeases(which func(owner string, until time.Time) bool) (int, error) {
	total, start := 0, []byte{spaceLeased}
	for {
		var last []byte
		n := 0
		err := q.commit(func(r storage.Reader, b *storage.Batch) error {
			f := finisher{queue: q, reader: r, batch: b, wakes: wakeSet{}}
			var err error
			n, last, err = f.releaseFrom(start, which)
			return err
		})
		total += n
		if err != nil || last == nil {
			return total, err
		}
		start = after(last)
	}
}

// releaseFrom releases up to a chunk of leases that begin at a key. It returns
// the last key that it looked at, or nil at the end.
func (f *finisher) releaseFrom(start []byte, which func(string, time.Time) bool) (n int, last []byte, err error) {
	var keys [][]byte
	keys, last, err = scanChunk(f.reader, storage.Range{Start: start, End: []byte{spaceLeased + 1}}, func(_, value []byte) (bool, error) {
		return which(string(value[8:]), readTime(value)), nil
	})
	for _, key := range keys {
		id, index := splitIndexed(key)
		r, before, err := readRecipient(f.reader, id, index)
		if err != nil {
			return 0, nil, err
		}
		f.release(id, &r, before)
	}
	return len(keys), last, err
}

// chunk is how many records one batch changes.
const chunk = 500

// scanChunk returns the keys of a range that match, up to a chunk of them, and
// the last of these if there may be more.
func scanChunk(r storage.Reader, space storage.Range, match func(key, value []byte) (bool, error)) (keys [][]byte, last []byte, err error) {
	err = r.Scan(space, func(key, value []byte) error {
		if len(keys) == chunk {
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
