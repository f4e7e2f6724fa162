package embedded

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// ErrNoIndex says that a folder has packs but no index, or that a file of the
// index is missing. [Rebuild] makes one.
var ErrNoIndex = errors.New("storage: index is missing")

// recover brings the index up to the end of the packs, and returns the
// position there.
func (s *Store) recover() (position, map[packID]usage, error) {
	ids, err := s.packs.list()
	if err != nil {
		return position{}, nil, err
	}
	from, err := readPosition(s.db)
	if errors.Is(err, storage.ErrNotFound) {
		from, err = s.firstPosition(ids)
	}
	if err != nil {
		return position{}, nil, err
	}
	usages, err := readUsages(s.db)
	if err != nil {
		return position{}, nil, err
	}
	if ids, err = s.sweep(ids, from, usages); err != nil {
		return position{}, nil, err
	}
	end, err := s.replay(ids, from, usages)
	return end, usages, err
}

// firstPosition is the position of an empty store. It is durable before the
// first pack is begun.
func (s *Store) firstPosition(ids []packID) (position, error) {
	if len(ids) > 0 {
		return position{}, fmt.Errorf("%w: %s has %d packs", ErrNoIndex, s.dir, len(ids))
	}
	p := position{nextID: 1}
	return p, s.db.Set(positionKey, p.encode(), pebble.Sync)
}

// sweep removes packs that were collected before their files were gone, and
// checks that those that the index needs are there.
func (s *Store) sweep(ids []packID, from position, usages map[packID]usage) ([]packID, error) {
	for id := range usages {
		if !slices.Contains(ids, id) {
			return nil, fmt.Errorf("%w: pack %d is missing", storage.ErrCorrupt, id)
		}
	}
	var kept []packID
	for _, id := range ids {
		if _, used := usages[id]; used || id >= from.pack {
			kept = append(kept, id)
			continue
		}
		if err := s.packs.remove(id); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// replay applies what is in the packs after from. The tail is first made
// durable: after a kill, it may be there only in the memory of the system.
func (s *Store) replay(ids []packID, from position, usages map[packID]usage) (position, error) {
	r := replayer{store: s, applier: newApplier(s.db, usages, s.opts.Logger), end: from}
	for i, id := range ids {
		if id < from.pack {
			continue
		}
		if err := r.pack(id, i == len(ids)-1); err != nil {
			return r.end, err
		}
	}
	if r.end == from {
		return r.end, nil
	}
	s.opts.Logger.Info("replayed packs", "groups", r.groups)
	return r.end, s.db.Set(positionKey, r.end.encode(), pebble.Sync)
}

// A replayer applies groups from packs to the index.
type replayer struct {
	store   *Store
	applier *applier
	end     position
	salvage bool // go on behind gaps, remove nothing
	groups  int
	blobs   int
	gaps    int // in which groups could not be read
}

func (r *replayer) pack(id packID, newest bool) error {
	p, err := r.store.packs.acquire(id)
	if errors.Is(err, errPackHeader) && newest && id > r.end.pack && !r.salvage {
		// The power went while it was begun.
		return r.store.packs.remove(id)
	}
	if err != nil {
		return fmt.Errorf("pack %d: %w", id, err)
	}
	defer r.store.packs.release(p)
	if err := errors.Join(syncFile(p.file), r.store.packs.sync()); err != nil {
		return err
	}
	if err := r.begin(p); err != nil {
		return err
	}
	return r.run(p)
}

// begin moves the end to the first group of p, unless it is in p already.
func (r *replayer) begin(p *pack) error {
	if p.id == r.end.pack {
		return nil
	}
	if p.firstSeq != r.end.seq+1 && !r.salvage {
		return fmt.Errorf("%w: pack %d ends before its last group", storage.ErrCorrupt, r.end.pack)
	}
	r.end = position{
		pack:   p.id,
		offset: packHeaderSize,
		seq:    p.firstSeq - 1,
		nextID: max(r.end.nextID, p.nextID),
	}
	return nil
}

func (r *replayer) run(p *pack) error {
	scan, err := newPackScanner(p, r.end.offset)
	if err != nil {
		return err
	}
	for {
		whole, err := scan.whole(r.end.seq + 1)
		if err == nil && !whole {
			whole, err = r.afterGap(scan)
		}
		if err != nil || !whole {
			return err
		}
		if err := r.apply(scan); err != nil {
			return err
		}
	}
}

// afterGap is asked where no whole group follows: the log ends here, unless a
// later group is there. What was acknowledged after a damaged group must not be
// written over as if it had never been. Salvage goes on with the later group, and
// takes one whose blobs are damaged as it is: each blob has its own CRC.
func (r *replayer) afterGap(scan *packScanner) (ok bool, err error) {
	at, seq := scan.offset, r.end.seq+1
	known := scan.after > at && groupIntact(scan.head, scan.pack.origin(at)) && scan.header.seq == seq
	ok, err = scan.resync(seq)
	if err != nil || !ok {
		return false, err
	}
	if !r.salvage {
		return false, fmt.Errorf("%w: a record at %d of pack %d is damaged, and others follow", storage.ErrCorrupt, at, scan.pack.id)
	}
	r.gaps++
	if known {
		scan.after = at
	}
	if ok, err = scan.next(); ok {
		r.end.seq = scan.header.seq - 1
	}
	return ok, err
}

func (r *replayer) apply(scan *packScanner) error {
	r.end.offset = scan.offset + scan.header.size()
	r.end.seq = scan.header.seq
	r.end.nextID = max(r.end.nextID, scan.header.nextID)
	if err := r.applier.apply(scan.meta(), scan.dataOffset(), r.end, pebble.NoSync); err != nil {
		return err
	}
	r.groups++
	r.blobs += len(r.applier.blobs)
	r.applier.publish()
	return nil
}

// A packScanner reads the groups of a pack one after the other.
type packScanner struct {
	pack   *pack
	limit  int64 // size of the file
	after  int64 // offset of the next group
	offset int64 // of this group
	header groupHeader
	head   []byte // header and operations of this group
	chunk  []byte
}

func newPackScanner(p *pack, offset int64) (*packScanner, error) {
	size, err := p.size()
	if err != nil {
		return nil, err
	}
	return &packScanner{pack: p, limit: size, after: offset}, nil
}

// next reads the header and the operations of the next group. It is not ok
// where the log ends: at zeros, at the end of the file, or at a group that was
// not written whole.
func (s *packScanner) next() (ok bool, err error) {
	s.offset = s.after
	if ok, err := s.read(groupHeaderSize); err != nil || !ok {
		return false, err
	}
	if s.header, ok = parseGroupHeader(s.head); !ok || s.offset+s.header.size() > s.limit {
		return false, nil
	}
	if ok, err := s.read(groupHeaderSize + s.header.meta); err != nil || !ok {
		return false, err
	}
	s.after = s.offset + s.header.size()
	return groupIntact(s.head, s.pack.origin(s.offset)), nil
}

// read reads the first n bytes of the group into s.head.
func (s *packScanner) read(n int64) (ok bool, err error) {
	if s.offset+n > s.limit {
		return false, nil
	}
	s.head = slices.Grow(s.head[:0], int(n))[:n]
	err = readFull(s.pack.file, s.head, s.offset)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	return err == nil, err
}

func (s *packScanner) meta() []byte      { return s.head[groupHeaderSize:] }
func (s *packScanner) dataOffset() int64 { return s.offset + int64(len(s.head)) }

// verify says whether all blobs of the group are whole.
func (s *packScanner) verify() (whole bool, err error) {
	offset := s.dataOffset()
	err = eachOperation(s.meta(), func(o operation) error {
		if o.kind != opBlob && o.kind != opMovedBlob {
			return nil
		}
		l := location{pack: s.pack.id, offset: offset, stored: o.stored, size: o.size}
		offset += o.stored
		if offset > s.after {
			return storage.ErrCorrupt
		}
		return s.verifyBlob(l)
	})
	if errors.Is(err, storage.ErrCorrupt) {
		return false, nil
	}
	return err == nil && offset == s.after, err
}

// verifyBlob checks the CRCs of a blob.
func (s *packScanner) verifyBlob(l location) error {
	entries, err := readChunkTable(s.pack.file, l)
	if err != nil {
		return err
	}
	offset := l.offset + int64(len(entries))*chunkEntrySize
	for _, e := range entries {
		s.chunk = slices.Grow(s.chunk[:0], chunkSize)[:e.length]
		if err := readFull(s.pack.file, s.chunk, offset); err != nil {
			return truncated(err)
		}
		if !e.matches(s.chunk) {
			return storage.ErrCorrupt
		}
		offset += int64(e.length)
	}
	return nil
}
