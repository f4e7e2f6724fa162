package journal

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

const (
	spaceEvents = 0x50
	spaceNames  = 0x51
)

const (
	stampSize     = 8 + 4
	eventsKeySize = 1 + stampSize + 2
	namesKeySize  = 1 + 4 + 1 + stampSize
)

// A stamp is the time and number of a segment: unique, and in order.
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

func nanosOf(t time.Time) uint64 { return uint64(max(t.UnixNano(), 0)) }

func dayOf(t time.Time) uint32 { return uint32(max(t.Unix(), 0) / (24 * 60 * 60)) }

// eventsKey is where the events of a page of a segment are.
func eventsKey(s stamp, page uint16) []byte {
	return binary.BigEndian.AppendUint16(eventsFrom(s), page)
}

// eventsFrom is where the pages of a segment begin.
func eventsFrom(s stamp) []byte {
	return s.append(append(make([]byte, 0, eventsKeySize), spaceEvents))
}

// A nameHash stands for a name in the index.
type nameHash uint64

func hashOf(name string) nameHash {
	h := fnv.New64a()
	h.Write([]byte(name))
	return nameHash(h.Sum64())
}

// buckets is how many parts the index of a segment has: a question reads one of
// them.
const buckets = 64

func (h nameHash) bucket() byte { return byte(h % buckets) }

func namesKey(s stamp, bucket byte) []byte {
	return s.append(append(namesOf(s.day()), bucket))
}

// namesOf is where the index of a day begins.
func namesOf(day uint32) []byte {
	return binary.BigEndian.AppendUint32(append(make([]byte, 0, namesKeySize), spaceNames), day)
}

// stampOf reads the stamp at the end of a key of the index.
func stampOf(k []byte) (stamp, bool) {
	if len(k) != namesKeySize {
		return stamp{}, false
	}
	k = k[namesKeySize-stampSize:]
	return stamp{binary.BigEndian.Uint64(k), binary.BigEndian.Uint32(k[8:])}, true
}

// newest is the range of the index of a day in which a name is, the newest
// segment first.
func newest(h nameHash, day uint32) storage.Range {
	return storage.Range{
		Start: append(namesOf(day), h.bucket()), End: append(namesOf(day), h.bucket()+1), Reverse: true,
	}
}
