package queue

import (
	"math"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Hasten makes due now what would wait for longer than anything may: most, and
// for how long the sender has asked the message to be held (RFC 4865). Only a
// clock that went wrong and was set back leaves such rows behind, which nobody
// would look at for as long as it was wrong. It returns how many they were, and
// costs little if there are none.
func (q *Queue) Hasten(now time.Time, most time.Duration) (int, error) {
	hops, err := q.late(now.Add(most))
	if err != nil {
		return 0, err
	}
	total := 0
	for hop := range hops {
		n, err := q.hasten(hop, now, most)
		if total += n; err != nil {
			return total, err
		}
	}
	return total, nil
}

// late returns the hops that have rows which are due after a time.
func (q *Queue) late(t time.Time) (map[Hop]bool, error) {
	snapshot := q.store.Snapshot()
	defer snapshot.Close()
	space := prefixed([]byte{spaceWake})
	space.Start = appendTime([]byte{spaceWake}, t.Add(time.Millisecond))
	hops := make(map[Hop]bool)
	err := snapshot.Scan(space, func(key, _ []byte) error {
		_, hop := splitWake(key)
		hops[Hop(hop)] = true
		return nil
	})
	return hops, err
}

func (q *Queue) hasten(hop Hop, now time.Time, most time.Duration) (int, error) {
	return q.inChunks(prefixed(waitingPrefix(hop)), math.MaxInt, func(r storage.Reader, key, _ []byte) (bool, error) {
		w := splitWaiting(key)
		if !w.due.After(now.Add(most)) {
			return false, nil
		}
		m, err := readMessage(r, w.id)
		return err == nil && w.due.After(now.Add(m.held()+most)), err
	}, func(f *finisher, m *Message, r *Recipient, before []byte) {
		f.rewrite(m, r, before, func() { r.Due = now.Add(m.held()) })
	})
}

// held is for how long the sender has asked a message to be held.
func (m *Message) held() time.Duration {
	if m.NotBefore.IsZero() {
		return 0
	}
	return max(0, m.NotBefore.Sub(m.Received))
}
