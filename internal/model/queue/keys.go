package queue

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Subspaces; the package comment has the whole keys.
const (
	spaceMessage byte = 0x40 + iota
	spaceLeft
	spaceRecipient
	spaceWaiting
	spaceWake
	spaceLeased
	spaceHeld
	spaceUses
)

func messageKey(id ID) []byte { return binary.BigEndian.AppendUint64([]byte{spaceMessage}, uint64(id)) }
func leftKey(id ID) []byte    { return binary.BigEndian.AppendUint64([]byte{spaceLeft}, uint64(id)) }

func recipientKey(id ID, index uint32) []byte { return indexedKey(spaceRecipient, id, index) }
func leasedKey(id ID, index uint32) []byte    { return indexedKey(spaceLeased, id, index) }
func heldKey(id ID, index uint32) []byte      { return indexedKey(spaceHeld, id, index) }

func indexedKey(space byte, id ID, index uint32) []byte {
	key := make([]byte, 1, 13)
	key[0] = space
	key = binary.BigEndian.AppendUint64(key, uint64(id))
	return binary.BigEndian.AppendUint32(key, index)
}

// splitIndexed reads the end of a key that has id and index there.
func splitIndexed(key []byte) (ID, uint32) {
	tail := key[len(key)-12:]
	return ID(binary.BigEndian.Uint64(tail)), binary.BigEndian.Uint32(tail[8:])
}

// waitingPrefix is the start of the keys of all that wait for a hop. No domain
// and no host has a zero octet.
func waitingPrefix(h Hop) []byte {
	return append(append([]byte{spaceWaiting}, h...), 0)
}

// A level is a priority as it stands in a key: the highest comes first.
type level byte

func levelOf(priority int) level {
	return level(HighestPriority - min(max(priority, LowestPriority), HighestPriority))
}

func (l level) priority() int { return HighestPriority - int(l) }

func waitingKey(r *Recipient, m *Message) []byte {
	w := row{id: m.ID, index: r.Index, level: levelOf(int(m.Options.Priority)), due: r.Due}
	return w.key(r.Hop())
}

// waitingTail is how many bytes of a waitingKey follow the hop and its zero.
const waitingTail = 1 + 8 + 12

// splitWaiting reads the rest of a waitingKey.
func splitWaiting(key []byte) (row row) {
	row.id, row.index = splitIndexed(key)
	tail := key[len(key)-waitingTail:]
	row.level, row.due = level(tail[0]), readTime(tail[1:])
	return row
}

func wakeKey(due time.Time, h Hop, id ID) []byte {
	key := appendTime([]byte{spaceWake}, due)
	key = append(append(key, h...), 0)
	return binary.BigEndian.AppendUint64(key, uint64(id))
}

// splitWake reads the due time and the hop of a wakeKey.
func splitWake(key []byte) (due time.Time, hop []byte) {
	return readTime(key[1:]), key[9 : len(key)-9]
}

// rowOf returns the first row that a wake entry speaks of. The id is 0 if that is
// any row of the hop.
func rowOf(key, value []byte) row {
	due, _ := splitWake(key)
	return row{id: ID(binary.BigEndian.Uint64(key[len(key)-8:])), level: level(value[8]), due: due}
}

// Times are stored in milliseconds, and truncated to them everywhere.
func appendTime(key []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(key, uint64(max(0, t.UnixMilli())))
}

func readTime(b []byte) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b))).UTC()
}

func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// prefixed is the range of all keys with a prefix, which does not end in 0xff.
func prefixed(prefix []byte) storage.Range {
	end := bytes.Clone(prefix)
	end[len(end)-1]++
	return storage.Range{Start: prefix, End: end}
}

// recipientsOf is the range of the recipients of one message.
func recipientsOf(id ID) storage.Range {
	return storage.Range{Start: recipientKey(id, 0), End: recipientKey(id+1, 0)}
}

// after returns the first key behind a key.
func after(key []byte) []byte { return append(bytes.Clone(key), 0) }
