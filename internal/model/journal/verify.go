package journal

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/s2"

	"github.com/mailstead/mailstead/internal/platform/damage"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Verify reads all events and all of their index, says what of it cannot be
// read, and returns how many events there are. Damage here costs answers of
// `mailstead trace`, and no mail.
func Verify(ctx context.Context, r storage.Reader, found func(damage.Finding)) (events int, err error) {
	bad := 0
	err = r.Scan(storage.Range{Start: []byte{spaceEvents}, End: []byte{spaceEvents + 1}}, func(key, value []byte) error {
		n, err := countEvents(value)
		if err != nil || len(key) != eventsKeySize {
			bad++
		}
		events += n
		return ctx.Err()
	})
	if err != nil {
		return events, err
	}
	err = r.Scan(storage.Range{Start: []byte{spaceNames}, End: []byte{spaceNames + 1}}, func(key, value []byte) error {
		if len(key) != namesKeySize || len(value)%entrySize != 0 {
			bad++
		}
		return ctx.Err()
	})
	if bad > 0 {
		found(damage.Finding{Severity: damage.Lost, What: fmt.Sprintf("%d pages of the journal cannot be read", bad), Do: "nothing: no mail is touched, and the pages go in time"})
	}
	return events, err
}

// countEvents decodes all events of a page.
func countEvents(stored []byte) (n int, err error) {
	if size, err := s2.DecodedLen(stored); err != nil || size > pageSize {
		return 0, errCorrupt
	}
	events, err := s2.Decode(nil, stored)
	if err != nil {
		return 0, errCorrupt
	}
	for len(events) > 0 {
		size, width := binary.Uvarint(events)
		if width <= 0 || size > uint64(len(events)-width) {
			return n, errCorrupt
		}
		if _, err := decodeEvent(events[width : width+int(size)]); err != nil {
			return n, err
		}
		events = events[width+int(size):]
		n++
	}
	return n, nil
}
