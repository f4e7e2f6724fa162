package embedded

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A staging is the folder where large staged blobs are spooled. What is in it
// after a restart belongs to nobody.
type staging struct {
	fs    vfs.FS
	dir   string
	codec *codec
	next  atomic.Uint64
	// reserved is the lowest descriptor that is not for spools; zero is none.
	reserved int
}

const spoolSuffix = ".spool"

// clean removes what an earlier process has left.
func (s *staging) clean() error {
	names, err := s.fs.List(s.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, spoolSuffix) {
			if err := s.fs.Remove(s.fs.PathJoin(s.dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *staging) newStaged() *staged { return &staged{staging: s} }

// A staged blob compresses each full chunk and appends it to a spool file,
// just as it will stand in the pack; the commit only copies. A blob of one
// chunk never has a file.
type staged struct {
	staging *staging

	mu      sync.Mutex
	state   stagedState
	size    int64
	pending []byte // the chunk being filled
	table   []byte
	last    []byte // stored form of the last chunk
	spool   *spool // nil if there is no other chunk
	err     error  // of writing the spool; it stays
}

type stagedState uint8

const (
	stagedWriting   stagedState = iota
	stagedSealed                // may be opened and put into a batch
	stagedTaken                 // in a batch whose outcome is open
	stagedDone                  // committed, or discarded
	stagedDiscarded             // taken, and to be done when the batch has failed
)

func (st *staged) Write(p []byte) (int, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.state != stagedWriting {
		return 0, storage.ErrStaged
	}
	written := 0
	for written < len(p) {
		if err := st.makeRoom(); err != nil {
			return written, err
		}
		n := min(len(p)-written, chunkSize-len(st.pending))
		st.pending = append(st.pending, p[written:written+n]...)
		written += n
		st.size += int64(n)
	}
	return written, nil
}

// makeRoom spools the pending chunk if it is full.
func (st *staged) makeRoom() error {
	if len(st.pending) < chunkSize || st.err != nil {
		return st.err
	}
	if st.spool == nil {
		if st.spool, st.err = st.staging.newSpool(); st.err != nil {
			return st.err
		}
	}
	st.err = st.spool.append(st.encode())
	st.pending = st.pending[:0]
	return st.err
}

// encode returns the stored form of the pending chunk, which may be the chunk
// itself, and adds its entry to the table.
func (st *staged) encode() []byte {
	stored, entry := st.staging.codec.encodeChunk(st.pending)
	var e [chunkEntrySize]byte
	entry.put(e[:])
	st.table = append(st.table, e[:]...)
	return stored
}

func (st *staged) Size() int64 {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.size
}

func (st *staged) Seal() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.err != nil {
		return st.err
	}
	if st.state != stagedWriting {
		return storage.ErrStaged
	}
	if len(st.pending) > 0 {
		st.last = st.encode()
		st.pending = nil
	}
	st.state = stagedSealed
	return nil
}

func (st *staged) Open() (storage.Blob, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.state != stagedSealed {
		return nil, storage.ErrStaged
	}
	entries, err := parseChunkTable(st.table, st.size, st.stored())
	if err != nil {
		return nil, err
	}
	src := &stagedSource{last: st.last}
	if st.spool != nil {
		st.spool.acquire()
		src.spool, src.spooled = st.spool, st.spool.size
	}
	return newBlob(st.staging.codec, src, st.size, entries), nil
}

func (st *staged) Discard() {
	st.mu.Lock()
	defer st.mu.Unlock()
	switch st.state {
	case stagedWriting, stagedSealed:
		st.drop()
	case stagedTaken:
		st.state = stagedDiscarded
	}
}

// drop frees everything. The caller holds st.mu.
func (st *staged) drop() {
	st.state = stagedDone
	st.pending, st.last = nil, nil
	if st.spool != nil {
		st.spool.remove()
		st.spool = nil
	}
}

// stored is the number of bytes the blob takes in a pack.
func (st *staged) stored() int64 {
	n := int64(len(st.table)) + int64(len(st.last))
	if st.spool != nil {
		n += st.spool.size
	}
	return n
}

// pieces is the stored form of a taken blob.
func (st *staged) pieces() []piece {
	st.mu.Lock()
	defer st.mu.Unlock()
	pieces := []piece{{bytes: st.table}}
	if st.spool != nil {
		pieces = append(pieces, piece{src: st.spool.file, length: st.spool.size})
	}
	return append(pieces, piece{bytes: st.last})
}

func (st *staged) take() bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.state != stagedSealed {
		return false
	}
	st.state = stagedTaken
	return true
}

// settle ends what take has begun.
func (st *staged) settle(committed bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if committed || st.state == stagedDiscarded {
		st.drop()
		return
	}
	st.state = stagedSealed
}

// takeStaged takes the staged blobs of a batch, so that no other batch can; if
// one cannot be taken, none is.
func takeStaged(b *storage.Batch) error {
	for i, op := range b.Ops() {
		if op.Kind != storage.OpAppendStaged {
			continue
		}
		if st, ok := op.Staged.(*staged); ok && st.take() {
			continue
		}
		settleOps(b.Ops()[:i], false)
		return storage.ErrStaged
	}
	return nil
}

// settleStaged tells the staged blobs of a batch its outcome.
func settleStaged(b *storage.Batch, committed bool) { settleOps(b.Ops(), committed) }

func settleOps(ops []storage.Op, committed bool) {
	for _, op := range ops {
		if op.Kind == storage.OpAppendStaged {
			op.Staged.(*staged).settle(committed)
		}
	}
}

// A spool is the file of a staged blob. It needs no fsync: what counts is
// copied into a pack.
type spool struct {
	fs   vfs.FS
	name string
	file vfs.File
	size int64

	mu   sync.Mutex
	refs int
}

func (s *staging) newSpool() (*spool, error) {
	name := s.fs.PathJoin(s.dir, fmt.Sprintf("%d%s", s.next.Add(1), spoolSuffix))
	f, err := s.fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, writeError(err)
	}
	if s.reserved > 0 && f.Fd() != vfs.InvalidFd && int(f.Fd()) >= s.reserved {
		return nil, errors.Join(storage.ErrBusy, f.Close(), s.fs.Remove(name))
	}
	return &spool{fs: s.fs, name: name, file: f, refs: 1}, nil
}

func (s *spool) append(p []byte) error {
	if _, err := s.file.WriteAt(p, s.size); err != nil {
		return writeError(err)
	}
	s.size += int64(len(p))
	return nil
}

func (s *spool) acquire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refs++
}

func (s *spool) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refs--
	if s.refs == 0 {
		_ = s.file.Close() // nobody needs what is in it
	}
}

// remove deletes the file; who reads it can go on.
func (s *spool) remove() {
	_ = s.fs.Remove(s.name) // if this fails, the next start removes it
	s.release()
}

// A stagedSource reads the chunks of a sealed blob.
type stagedSource struct {
	spool   *spool
	spooled int64
	last    []byte
}

func (s *stagedSource) ReadAt(p []byte, offset int64) (int, error) {
	if offset >= s.spooled {
		return copy(p, s.last[offset-s.spooled:]), nil
	}
	return s.spool.file.ReadAt(p, offset)
}

func (s *stagedSource) Close() error {
	if s.spool != nil {
		s.spool.release()
	}
	return nil
}
