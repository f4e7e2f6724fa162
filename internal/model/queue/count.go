package queue

import (
	"errors"
)

// Counts are figures for metrics and for people.
type Counts struct {
	Messages int
	Waiting  int // recipients
	Leased   int // recipients
	Held     int // recipients
	// Hops are those with the most waiting recipients, the largest first.
	Hops []HopCount
}

// A HopCount says how many recipients wait for a hop.
type HopCount struct {
	Hop     Hop
	Waiting int
}

// Count counts what is in the queue, and the largest hops, at most so many. It
// reads the keys of all rows: call it once a minute, not for each message.
func (q *Queue) Count(hops int) (Counts, error) {
	snapshot := q.store.Snapshot()
	defer snapshot.Close()
	var c Counts
	countKeys := func(space byte, n *int) error {
		return snapshot.Scan(prefixed([]byte{space}), func(_, _ []byte) error {
			*n++
			return nil
		})
	}
	top := topList{size: hops}
	err := errors.Join(
		countKeys(spaceMessage, &c.Messages),
		countKeys(spaceLeased, &c.Leased),
		countKeys(spaceHeld, &c.Held),
		snapshot.Scan(prefixed([]byte{spaceWaiting}), func(key, _ []byte) error {
			c.Waiting++
			top.count(key[1 : len(key)-waitingTail-1])
			return nil
		}),
	)
	c.Hops = top.list()
	return c, err
}
