package mailstore

import (
	"context"
	"sort"

	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/message"
)

// A MessageReader returns the contents of many messages, one after the other,
// as FETCH, SEARCH and POP3 need them. Records of neighbours are mostly
// neighbours themselves, since both are numbered as messages come in: when the
// reader notices that, it reads many records by one scan, which takes a quarter of
// the time of as many single reads. Their blobs are the ones that the store is
// told to expect next.
//
// It is not for concurrent use. What it has read ahead is bounded in size; a
// message that is expunged meanwhile may still be returned.
type MessageReader struct {
	account *Account
	blobs   storage.BlobReader
	last    RecordID // that was asked for
	ahead   []aheadRecord
	next    int    // the one of ahead that is probably asked for next
	count   int    // of records to read by the next scan
	left    int    // messages that will be asked for at most; 0 if that is not known
	values  []byte // of ahead, one after the other

	message Message // that was returned
	decoder message.StructureDecoder
	key     key    // scratch
	alone   []byte // the record of a message that was read by itself

	expected []storage.BlobID // of ahead
	hints    []storage.BlobID // those of expected that come after message
	used     int              // how many of ahead were asked for
	sparse   bool             // few of those before were
}

type aheadRecord struct {
	id         RecordID
	start, end int // in values
}

// Limits of what is read at once. A record that is near the last one asked for
// starts the reading ahead, of few records at first: a client that wants ten
// messages shall not pay for hundreds. Each scan reads four times as many as
// the one before, but no more than are expected: a list of 25 takes a third of the
// time by that.
const (
	near         = 16
	firstCount   = 16
	longestCount = 256
	aheadBytes   = 128 << 10
	// keptBytes is how large a record may be whose memory Release keeps.
	keptBytes = 2 << 10
)

// Reader returns a MessageReader. It must be released.
func (a *Account) Reader() *MessageReader {
	return &MessageReader{account: a, blobs: a.store.storage.BlobReader(), count: firstCount}
}

// Expect says that at most n more messages will be asked for.
func (r *MessageReader) Expect(n int) { r.left = n }

// Reset makes a reader that has been released one of the messages of another
// account of the same store. It is for who keeps readers for many.
func (r *MessageReader) Reset(a *Account) {
	if a.store != r.account.store {
		panic("mailstore: a MessageReader for another store")
	}
	r.account = a
}

// Release gives back the memory of what has been read ahead. The reader can go
// on being used, and is then to be released again.
func (r *MessageReader) Release() {
	r.blobs.Release()
	kept := MessageReader{account: r.account, blobs: r.blobs, count: firstCount, key: r.key}
	if cap(r.alone) <= keptBytes {
		kept.alone = r.alone
	}
	*r = kept
}

// Message is Account.Message. The result is valid until the next call, and what
// was opened of it must be closed before.
func (r *MessageReader) Message(ctx context.Context, e Entry) (*Message, error) {
	id := e.Record()
	sequential := r.last != 0 && id > r.last && id-r.last <= near
	r.last = id
	left := r.left
	r.left = max(left-1, 0)
	if m, known, err := r.known(id); known || err != nil {
		return m, err
	}
	if !sequential {
		r.count = firstCount
		return r.single(ctx, id)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := r.readAhead(id, left); err != nil {
		return nil, err
	}
	if m, known, err := r.known(id); known || err != nil {
		return m, err
	}
	return nil, ErrNoMessage
}

// single reads one message by itself.
func (r *MessageReader) single(ctx context.Context, id RecordID) (*Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r.hints = nil
	r.key = appendRecordKey(r.key[:0], r.account.id, id)
	var err error
	if r.alone, err = r.account.store.storage.Get(r.alone[:0], r.key); err != nil {
		return nil, absent(err)
	}
	return r.parse(id, r.alone)
}

// parse makes a stored record the message that is returned.
func (r *MessageReader) parse(id RecordID, stored []byte) (*Message, error) {
	m := &r.message
	m.store, m.id, m.decoder, m.reader = r.account.store.storage, id, &r.decoder, r
	if err := m.record.parse(stored); err != nil {
		return nil, err
	}
	return m, nil
}

// known returns a message that has been read already.
func (r *MessageReader) known(id RecordID) (*Message, bool, error) {
	i := r.next
	if i >= len(r.ahead) || r.ahead[i].id != id {
		i = sort.Search(len(r.ahead), func(i int) bool { return r.ahead[i].id >= id })
		if i == len(r.ahead) || r.ahead[i].id != id {
			return nil, false, nil
		}
	}
	r.used++
	r.next = i + 1
	r.hints = r.expected[r.next:]
	m, err := r.parse(id, r.values[r.ahead[i].start:r.ahead[i].end])
	return m, err == nil, err
}

// readAhead reads the record of an id and those behind it, of which left may be
// asked for, if it is not 0.
func (r *MessageReader) readAhead(id RecordID, left int) error {
	r.sparse = r.used < len(r.ahead)/4
	r.ahead, r.expected, r.used = r.ahead[:0], r.expected[:0], 0
	r.values, r.next = r.values[:0], 0
	a, count := r.account, r.count
	r.count = min(4*count, longestCount)
	if left > 0 {
		count = min(count, left)
	}
	// Records of other mailboxes may lie between.
	within := storage.Range{Start: recordKey(a.id, id), End: recordKey(a.id, id+RecordID(4*count))}
	return a.store.storage.Scan(within, func(key, value []byte) error {
		start := len(r.values)
		r.values = append(r.values, value...)
		r.ahead = append(r.ahead, aheadRecord{RecordID(lastU64(key, 1)), start, len(r.values)})
		r.expected = append(r.expected, blobOf(value))
		if len(r.ahead) == count || len(r.values) >= aheadBytes {
			return storage.ErrStop
		}
		return nil
	})
}

// openBlob opens the blob of the message that was returned last.
func (r *MessageReader) openBlob(id storage.BlobID) (storage.Blob, error) {
	if r.sparse {
		return r.blobs.Open(id, nil)
	}
	return r.blobs.Open(id, r.hints)
}
