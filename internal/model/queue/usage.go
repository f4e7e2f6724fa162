package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A Use is what has been sent to one destination on one day (UTC) from one pool
// of addresses.
type Use struct {
	Day         time.Time
	Pool        string
	Destination string
}

func (u *Use) key() []byte {
	key := append(usesBefore(u.Day).End, u.Pool...)
	key = append(key, 0)
	return append(key, u.Destination...)
}

// usesBefore is the range of the keys of all days before one.
func usesBefore(day time.Time) storage.Range {
	end := binary.BigEndian.AppendUint32([]byte{spaceUses}, uint32(max(0, day.Unix())/(24*60*60)))
	return storage.Range{Start: []byte{spaceUses}, End: end}
}

// Used returns how many recipients have been counted.
func (q *Queue) Used(u Use) (uint64, error) {
	value, err := q.store.Get(nil, u.key())
	if errors.Is(err, storage.ErrNotFound) {
		return 0, nil
	}
	if err == nil && len(value) != 8 {
		err = fmt.Errorf("queue: %w: counter of a pool", storage.ErrCorrupt)
	}
	if err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint64(value), nil
}

// SetUsed notes in a batch how many recipients have been counted, and forgets
// the days before.
func SetUsed(b *storage.Batch, u Use, n uint64) {
	old := usesBefore(u.Day)
	b.DeleteRange(old.Start, old.End)
	b.Set(u.key(), number(n))
}
