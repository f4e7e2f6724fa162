package journal

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

const (
	spaceEvent = 0x50
	spaceName  = 0x51
)

const (
	stampSize    = 8 + 4
	nameKeySize  = 1 + 4 + 8 + stampSize
	eventKeySize = 1 + stampSize
)

// A stamp is the time and number of an event: unique, and in order.
type stamp struct {
	nanos uint64
	n     uint32
}

func (s stamp) append(k []byte) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(k, s.nanos), s.n)
}

func (s stamp) compare(t stamp) int {
	return cmp.Or(cmp.Compare(s.nanos, t.nanos), cmp.Compare(s.n, t.n))
}

func (s stamp) day() uint32 { return dayOf(time.Unix(0, int64(s.nanos))) }

func dayOf(t time.Time) uint32 { return uint32(max(t.Unix(), 0) / (24 * 60 * 60)) }

func eventKey(s stamp) []byte {
	return s.append(append(make([]byte, 0, eventKeySize), spaceEvent))
}

func nameKey(name string, s stamp) []byte {
	return s.append(namePrefix(name, s.day()))
}

// namePrefix is where the events of a day with this name begin.
func namePrefix(name string, day uint32) []byte {
	h := fnv.New64a()
	h.Write([]byte(name))
	k := binary.BigEndian.AppendUint32(append(make([]byte, 0, nameKeySize), spaceName), day)
	return binary.BigEndian.AppendUint64(k, h.Sum64())
}

// stampOf reads the stamp at the end of a name's key.
func stampOf(k []byte) (stamp, bool) {
	if len(k) != nameKeySize {
		return stamp{}, false
	}
	k = k[nameKeySize-stampSize:]
	return stamp{binary.BigEndian.Uint64(k), binary.BigEndian.Uint32(k[8:])}, true
}

// newest is the range of the events of a day with this name, the newest first.
func newest(name string, day uint32) storage.Range {
	start := namePrefix(name, day)
	end := append(append([]byte(nil), start...), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	return storage.Range{Start: start, End: end, Reverse: true}
}
