package journal

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/klauspost/compress/s2"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

// Bounds of a segment.
const (
	segmentPages = 16
	pageSize     = 60 << 10 // bytes before compression; what the store takes for a value, and less
)

// A segment is events that are written together, with the index of their names:
// a few large values are much cheaper for the store than many small ones.
type segment struct {
	stamp stamp
	pages []page
	names [buckets][]byte // a hash and an address for each
	most  int             // bytes of the largest of names

	// What follows is room for add, used again with each event.
	text   []byte
	list   []string
	hashes []nameHash
}

// A page is one value of a segment.
type page struct {
	events []byte // each with its length in front
	n      int
}

// An address says which event of a segment is meant.
type address struct{ page, event uint16 }

// entrySize is the bytes of a name in the index.
const entrySize = 8 + 2 + 2

// maxEntries is the bytes of the names of one event, at most.
const maxEntries = 4 * maxRecipients * entrySize

func (s *segment) full() bool {
	last := len(s.pages) - 1
	return s.most > pageSize-maxEntries || last == segmentPages-1 && len(s.pages[last].events) > pageSize/2
}

// add adds an event. It fails if the event cannot be written at all.
func (s *segment) add(e *Event) error {
	text, err := s.encode(e)
	if err != nil {
		return err
	}
	if last := len(s.pages) - 1; last < 0 || len(s.pages[last].events)+len(text)+binary.MaxVarintLen32 > pageSize {
		s.pages = append(s.pages, page{})
	}
	p := &s.pages[len(s.pages)-1]
	p.events = append(binary.AppendUvarint(p.events, uint64(len(text))), text...)
	at := address{uint16(len(s.pages) - 1), uint16(p.n)}
	p.n++
	s.list, s.hashes = e.names(s.list[:0]), s.hashes[:0]
	for _, name := range s.list {
		if h := hashOf(name); !slices.Contains(s.hashes, h) {
			s.hashes = append(s.hashes, h)
			s.index(h, at)
		}
	}
	return nil
}

func (s *segment) index(h nameHash, at address) {
	b := &s.names[h.bucket()]
	*b = binary.BigEndian.AppendUint64(*b, uint64(h))
	*b = binary.BigEndian.AppendUint16(*b, at.page)
	*b = binary.BigEndian.AppendUint16(*b, at.event)
	s.most = max(s.most, len(*b))
}

// encode returns an event as it fits into a page, until the next call. It leaves
// recipients out for that.
func (s *segment) encode(e *Event) ([]byte, error) {
	e.bound()
	for {
		s.text = appendEvent(s.text[:0], e)
		if len(s.text) <= pageSize-binary.MaxVarintLen32 {
			return s.text, nil
		}
		half := len(e.Recipients) / 2
		if half == len(e.Recipients) {
			return nil, errTooLarge
		}
		e.Recipients, e.More = e.Recipients[:half], e.More+len(e.Recipients)-half
	}
}

func (s *segment) put(b *storage.Batch) {
	for i := range s.pages {
		b.Set(eventsKey(s.stamp, uint16(i)), s2.Encode(nil, s.pages[i].events))
	}
	for i, names := range s.names {
		if len(names) > 0 {
			b.Set(namesKey(s.stamp, byte(i)), names)
		}
	}
}

var errTooLarge = errors.New("journal: event too large")

// readPage returns the events of a page.
func readPage(r storage.Reader, s stamp, number uint16) ([]byte, error) {
	stored, err := r.Get(nil, eventsKey(s, number))
	if err != nil {
		return nil, err
	}
	if n, err := s2.DecodedLen(stored); err != nil || n > pageSize {
		return nil, errCorrupt
	}
	return s2.Decode(nil, stored)
}

// eventAt returns an event of a page.
func eventAt(events []byte, number uint16) (e Event, err error) {
	for {
		n, width := binary.Uvarint(events)
		if width <= 0 || n > uint64(len(events)-width) {
			return e, errCorrupt
		}
		text := events[width : width+int(n)]
		if number == 0 {
			return decodeEvent(text)
		}
		events, number = events[width+int(n):], number-1
	}
}

// entries calls fn with the address of each event in a part of the index that a
// hash is in, the newest first, until fn returns false.
func entries(names []byte, h nameHash, fn func(address) bool) {
	for at := len(names) - entrySize; at >= 0; at -= entrySize {
		entry := names[at:]
		if nameHash(binary.BigEndian.Uint64(entry)) != h {
			continue
		}
		if !fn(address{binary.BigEndian.Uint16(entry[8:]), binary.BigEndian.Uint16(entry[10:])}) {
			return
		}
	}
}
