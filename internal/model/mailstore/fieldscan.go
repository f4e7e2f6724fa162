package mailstore

import (
	"github.com/mailstead/mailstead/internal/platform/storage"
	"github.com/mailstead/mailstead/message"
)

// sparsest is how many records a scan may pass over for one that it is for.
const sparsest = 8

// ScanFields calls found with the header fields that records keep of messages,
// by the index of the message and in their order: those of the prefix, and the
// others. They are read where they stand, without a copy, and valid only during
// the call. The messages are best neighbours, some hundred of them: one scan
// goes through their records.
//
// It is not called for messages whose record does not have the fields or is not
// where one expects it: they must be read one by one, which also tells what is
// wrong with them.
func (a *Account) ScanFields(messages []Entry, found func(i int, prefix, fields message.Header)) error {
	if len(messages) == 0 {
		return nil
	}
	first, last := messages[0].Record(), messages[len(messages)-1].Record()
	if last < first || uint64(last-first) > sparsest*uint64(len(messages)) {
		return nil
	}
	next, rec := 0, new(record)
	wanted := first // the record of the next message
	pass := func() {
		if next++; next < len(messages) {
			wanted = messages[next].Record()
		}
	}
	within := storage.Range{Start: recordKey(a.id, first), End: recordKey(a.id, last+1)}
	return a.store.storage.Scan(within, func(key, value []byte) error {
		id := RecordID(lastU64(key, 1))
		for next < len(messages) && wanted < id {
			pass()
		}
		for ; next < len(messages) && wanted == id; pass() {
			if d := rec.parseStart(value); !d.bad && len(rec.fields) > 0 {
				found(next, rec.prefix, rec.fields)
			}
		}
		if next == len(messages) {
			return storage.ErrStop
		}
		return nil
	})
}
