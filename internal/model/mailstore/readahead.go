package mailstore

import (
	"context"
	"slices"
	"sort"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A MessageReader returns the contents of many messages, one after the other,
// as FETCH, SEARCH and POP3 need them. Records of neighbours are mostly
// neighbours themselves, since both are numbered as messages come in: when the
// reader notices that, it reads many records by one scan, which takes a quarter of
// the time of as many single reads.
//
// It is not for concurrent use. What it has read ahead is bounded in size; a
// message that is expunged meanwhile may still be returned.
type MessageReader struct {
	account *Account
	last    RecordID // that was asked for
	ahead   []aheadRecord
	values  []byte // of ahead, one after the other
}

type aheadRecord struct {
	id         RecordID
	start, end int // in values
}

// Limits of what is read at once. A record that is near the last one asked for
// starts the reading ahead.
const (
	near        = 16
	aheadCount  = 64
	aheadBytes  = 128 << 10
	aheadBeyond = 4 * aheadCount // records of other mailboxes may lie between
)

// Reader returns a MessageReader.
func (a *Account) Reader() *MessageReader { return &MessageReader{account: a} }

// Message is Account.Message. The result is valid until the next call.
func (r *MessageReader) Message(ctx context.Context, e Entry) (*Message, error) {
	id := e.Record()
	sequential := r.last != 0 && id > r.last && id-r.last <= near
	r.last = id
	if m, known, err := r.known(id); known || err != nil {
		return m, err
	}
	if !sequential {
		return r.account.Message(ctx, e)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := r.readAhead(id); err != nil {
		return nil, err
	}
	if m, known, err := r.known(id); known || err != nil {
		return m, err
	}
	return nil, ErrNoMessage
}

// known returns a message that has been read already.
func (r *MessageReader) known(id RecordID) (*Message, bool, error) {
	i := sort.Search(len(r.ahead), func(i int) bool { return r.ahead[i].id >= id })
	if i == len(r.ahead) || r.ahead[i].id != id {
		return nil, false, nil
	}
	rec, err := parseRecord(r.values[r.ahead[i].start:r.ahead[i].end])
	if err != nil {
		return nil, false, err
	}
	return &Message{store: r.account.store.storage, id: id, record: rec}, true, nil
}

// readAhead reads the record of an id and those behind it.
func (r *MessageReader) readAhead(id RecordID) error {
	r.ahead, r.values = r.ahead[:0], slices.Grow(r.values[:0], aheadBytes/4)
	a := r.account
	within := storage.Range{Start: recordKey(a.id, id), End: recordKey(a.id, id+aheadBeyond)}
	return a.store.storage.Scan(within, func(key, value []byte) error {
		start := len(r.values)
		r.values = append(r.values, value...)
		r.ahead = append(r.ahead, aheadRecord{RecordID(lastU64(key, 1)), start, len(r.values)})
		if len(r.ahead) == aheadCount || len(r.values) >= aheadBytes {
			return storage.ErrStop
		}
		return nil
	})
}
