package embedded

import (
	"bytes"
	"errors"

	"github.com/cockroachdb/pebble/v2"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// What a blobReader looks up and reads at once. Blobs whose stored forms are no
// more than maxGap apart in a pack, and together fit into a window, are read
// together: the mail of a mailbox mostly lies in a pack in the order in which it
// came.
const (
	maxLocated = 64
	windowSize = chunkSize
	maxGap     = 4 << 10
)

// A blobReader is the engine's [storage.BlobReader]. It saves more than half of
// the time that opening a small blob takes (BenchmarkReadBlobs).
type blobReader struct {
	store   *Store
	located []located // blobs that may be asked for, in the expected order
	room    []located // what located is part of
	key     []byte    // scratch

	// window is what was read of a pack last, from offset start on. It is nil,
	// or has a permit of the store.
	window []byte
	pack   packID
	start  int64

	plain   []byte // what small compressed blobs are decoded into
	current wholeContent
}

type located struct {
	id storage.BlobID
	location
}

// BlobReader implements [storage.Store].
func (s *Store) BlobReader() storage.BlobReader { return &blobReader{store: s} }

// Open implements [storage.BlobReader].
func (r *blobReader) Open(id storage.BlobID, next []storage.BlobID) (storage.Blob, error) {
	if !r.store.gate.enter() {
		return nil, storage.ErrClosed
	}
	defer r.store.gate.leave()
	l, err := r.locate(id, next)
	if err != nil {
		return nil, err
	}
	if chunkCount(l.size) == 1 {
		if stored := r.read(l); stored != nil {
			return r.decode(stored, id, l)
		}
	}
	return r.store.openAt(id, l)
}

// locate returns where a blob is. If it does not know, it looks for those
// expected next as well.
func (r *blobReader) locate(id storage.BlobID, next []storage.BlobID) (location, error) {
	for i := range r.located {
		if r.located[i].id == id {
			l := r.located[i].location
			r.located = r.located[i:]
			return l, nil
		}
	}
	if len(next) == 0 {
		return r.store.locate(id)
	}
	next = next[:min(len(next), maxLocated-1)]
	if r.remembered(id, next) {
		return r.located[0].location, nil
	}
	if err := r.locateAll(id, next); err != nil {
		return location{}, err
	}
	if len(r.located) == 0 || r.located[0].id != id {
		return location{}, storage.ErrNotFound
	}
	return r.located[0].location, nil
}

// remembered takes the locations that the store remembers, up to the first that
// it does not. It reports whether that of id is one of them.
func (r *blobReader) remembered(id storage.BlobID, next []storage.BlobID) bool {
	r.begin()
	l, known := r.store.locations.get(id)
	for known {
		r.located = append(r.located, located{id, l})
		if len(next) == 0 {
			break
		}
		id, next = next[0], next[1:]
		l, known = r.store.locations.get(id)
	}
	return len(r.located) > 0
}

// begin empties located.
func (r *blobReader) begin() {
	if r.room == nil {
		r.room = make([]located, 0, maxLocated)
	}
	r.located = r.room
}

// locateAll looks for blobs with one iterator: stepping from one to the next
// takes a fifth of the time of a search.
func (r *blobReader) locateAll(id storage.BlobID, next []storage.BlobID) error {
	deletions := r.store.locations.deletions.Load()
	it, err := r.store.db.NewIter(&pebble.IterOptions{
		LowerBound: []byte{engineSpace, blobPrefix},
		UpperBound: []byte{engineSpace, blobPrefix + 1},
	})
	if err != nil {
		return readError(err)
	}
	r.begin()
	err = r.find(it, id)
	for i := 0; i < len(next) && err == nil; i++ {
		err = r.find(it, next[i])
	}
	for _, at := range r.located {
		r.store.locations.put(at.id, at.location, deletions)
	}
	return errors.Join(err, readError(it.Close()))
}

// find notes the location of a blob, if there is such a blob.
func (r *blobReader) find(it *pebble.Iterator, id storage.BlobID) error {
	r.key = appendBlobKey(r.key[:0], id)
	if !it.Valid() || !it.Next() || !bytes.Equal(it.Key(), r.key) {
		if !it.SeekGE(r.key) || !bytes.Equal(it.Key(), r.key) {
			return readError(it.Error())
		}
	}
	value, err := it.ValueAndErr()
	if err != nil {
		return readError(err)
	}
	l, err := decodeLocation(value)
	if err == nil {
		r.located = append(r.located, located{id, l})
	}
	return err
}

// read returns the stored form of the blob at l, nil if it was not read ahead
// and there is nothing to read together with it.
func (r *blobReader) read(l location) []byte {
	if stored := r.inWindow(l); stored != nil {
		return stored
	}
	end := r.plan(l)
	if end == l.offset+l.stored || r.window == nil && !r.store.windows.take() {
		return nil
	}
	if r.window == nil {
		r.window = r.store.codec.buffer()
	}
	if err := r.fill(l, end); err != nil {
		r.dropWindow()
		return nil // reading the blob alone will tell what is wrong
	}
	return r.inWindow(l)
}

func (r *blobReader) inWindow(l location) []byte {
	from, to := l.offset-r.start, l.offset-r.start+l.stored
	if len(r.window) == 0 || l.pack != r.pack || from < 0 || to > int64(len(r.window)) {
		return nil
	}
	return r.window[from:to]
}

// plan returns up to where to read from l on. The blobs known follow l.
func (r *blobReader) plan(l location) int64 {
	end := l.offset + l.stored
	for i := range r.located {
		n := &r.located[i]
		to := n.offset + n.stored
		switch {
		case n.pack != l.pack || n.offset < l.offset:
			return end
		case to <= end:
		case n.offset > end+maxGap || to-l.offset > windowSize:
			return end
		default:
			end = to
		}
	}
	return end
}

// fill reads the window from l to end.
func (r *blobReader) fill(l location, end int64) error {
	p, err := r.store.packs.acquire(l.pack)
	if err != nil {
		return err
	}
	defer r.store.packs.release(p)
	r.window = r.window[:end-l.offset]
	r.pack, r.start = l.pack, l.offset
	return readFull(p.file, r.window, l.offset)
}

// decode checks and decodes a blob in the window.
func (r *blobReader) decode(stored []byte, id storage.BlobID, l location) (storage.Blob, error) {
	if r.plain == nil && l.stored > chunkEntrySize && readChunkEntry(stored).compressed {
		r.plain = r.store.codec.buffer()
	}
	_, content, err := r.store.codec.decodeSmall(r.plain, stored, l)
	if err != nil {
		return nil, r.store.damages.found(id, l, err)
	}
	r.current = wholeContent(content)
	return &r.current, nil
}

// Release implements [storage.BlobReader].
func (r *blobReader) Release() {
	r.dropWindow()
	if r.plain != nil {
		r.store.codec.release(r.plain)
	}
	r.located, r.plain, r.current = nil, nil, nil
}

func (r *blobReader) dropWindow() {
	if r.window != nil {
		r.store.codec.release(r.window)
		r.store.windows.giveBack()
		r.window = nil
	}
}
