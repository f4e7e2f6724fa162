package embedded

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/mailstead/mailstead/internal/platform/storage"
)

// A pack begins with a header:
//
//	magic                               8 bytes
//	CRC32C of the rest                  uint32
//	number of the pack                  uint32
//	salt of the CRCs of its groups      uint64
//	sequence number of its first group  uint64
//	next blob ID when it was begun      uint64
const (
	packMagic      = "MsPack01"
	packHeaderSize = 40
	packSuffix     = ".pack"
)

var (
	errPackGone   = errors.New("storage: pack is gone")
	errPackHeader = fmt.Errorf("%w: header of a pack", storage.ErrCorrupt)
)

// A packHeader is the decoded header of a pack.
type packHeader struct {
	id       packID
	salt     uint64
	firstSeq uint64
	nextID   uint64
}

func (h packHeader) encode() []byte {
	b := make([]byte, packHeaderSize)
	copy(b, packMagic)
	binary.LittleEndian.PutUint32(b[12:], uint32(h.id))
	binary.LittleEndian.PutUint64(b[16:], h.salt)
	binary.LittleEndian.PutUint64(b[24:], h.firstSeq)
	binary.LittleEndian.PutUint64(b[32:], h.nextID)
	binary.LittleEndian.PutUint32(b[8:], crc32.Checksum(b[12:], castagnoli))
	return b
}

func parsePackHeader(b []byte) (packHeader, error) {
	if string(b[:8]) != packMagic || binary.LittleEndian.Uint32(b[8:]) != crc32.Checksum(b[12:], castagnoli) {
		return packHeader{}, errPackHeader
	}
	return packHeader{
		id:       packID(binary.LittleEndian.Uint32(b[12:])),
		salt:     binary.LittleEndian.Uint64(b[16:]),
		firstSeq: binary.LittleEndian.Uint64(b[24:]),
		nextID:   binary.LittleEndian.Uint64(b[32:]),
	}, nil
}

// A pack is an open pack. Who holds a reference may read it, even after it has
// been removed.
type pack struct {
	packHeader
	file    vfs.File
	refs    int // guarded by packSet.mu
	removed bool
}

// origin is where the CRC of a group at offset starts from.
func (p *pack) origin(offset int64) uint32 {
	var b [20]byte
	binary.LittleEndian.PutUint64(b[:], p.salt)
	binary.LittleEndian.PutUint32(b[8:], uint32(p.id))
	binary.LittleEndian.PutUint64(b[12:], uint64(offset))
	return crc32.Checksum(b[:], castagnoli)
}

func (p *pack) size() (int64, error) {
	info, err := p.file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// A packSet is the folder of packs, and those of them that are open.
type packSet struct {
	fs   vfs.FS
	dir  string
	idle int // how many packs without readers are kept open
	// readOnly says that nothing will be written.
	readOnly bool

	mu   sync.Mutex
	open map[packID]*pack
}

func newPackSet(fs vfs.FS, dir string, idle int) *packSet {
	return &packSet{fs: fs, dir: dir, idle: idle, open: make(map[packID]*pack)}
}

func (s *packSet) path(id packID) string {
	return s.fs.PathJoin(s.dir, fmt.Sprintf("%08d%s", id, packSuffix))
}

// list returns the numbers of all packs in the folder, in order.
func (s *packSet) list() ([]packID, error) {
	names, err := s.fs.List(s.dir)
	if err != nil {
		return nil, err
	}
	var ids []packID
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, packSuffix)
		if n, err := strconv.ParseUint(digits, 10, 32); ok && err == nil {
			ids = append(ids, packID(n))
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// acquire opens a pack, or takes another reference to it. It returns
// errPackGone if there is no such pack.
func (s *packSet) acquire(id packID) (*pack, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.open[id]
	if !ok {
		var err error
		if p, err = s.load(id); err != nil {
			return nil, err
		}
		s.add(p)
	}
	p.refs++
	return p, nil
}

func (s *packSet) load(id packID) (*pack, error) {
	if _, err := s.fs.Stat(s.path(id)); err != nil {
		return nil, errPackGone
	}
	f, err := s.openFile(s.path(id))
	if err != nil {
		return nil, err
	}
	var b [packHeaderSize]byte
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, packHeaderSize), b[:]); err != nil {
		return nil, errors.Join(errPackHeader, f.Close())
	}
	h, err := parsePackHeader(b[:])
	if err == nil && h.id != id {
		err = errPackHeader
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &pack{packHeader: h, file: f}, nil
}

func (s *packSet) openFile(name string) (vfs.File, error) {
	if s.readOnly {
		return s.fs.Open(name)
	}
	return s.fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
}

// add makes room among the open packs, and adds p. The caller holds s.mu.
func (s *packSet) add(p *pack) {
	if len(s.open) >= s.idle {
		for id, other := range s.open {
			if other.refs == 0 {
				delete(s.open, id)
				_ = other.file.Close() // only read since it was synced
				break
			}
		}
	}
	s.open[p.id] = p
}

// create begins a pack. Its header and its name in the folder are durable when
// it returns; the caller holds a reference.
func (s *packSet) create(h packHeader) (*pack, error) {
	var salt [8]byte
	_, _ = rand.Read(salt[:]) // never fails
	h.salt = binary.LittleEndian.Uint64(salt[:])

	name := s.path(h.id)
	f, err := s.fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteAt(h.encode(), 0); err != nil {
		return nil, errors.Join(err, f.Close(), s.fs.Remove(name))
	}
	if err := errors.Join(syncFile(f), s.sync()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := &pack{packHeader: h, file: f, refs: 1}
	s.add(p)
	return p, nil
}

func (s *packSet) release(p *pack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.refs--
	if p.refs == 0 && (p.removed || len(s.open) > s.idle) {
		if s.open[p.id] == p {
			delete(s.open, p.id)
		}
		_ = p.file.Close() // only read since it was synced
	}
}

// remove deletes a pack; who has it open can go on reading.
func (s *packSet) remove(id packID) error {
	s.mu.Lock()
	if p, ok := s.open[id]; ok {
		delete(s.open, id)
		p.removed = true
		if p.refs == 0 {
			_ = p.file.Close() // only read since it was synced
		}
	}
	s.mu.Unlock()
	return errors.Join(s.fs.Remove(s.path(id)), s.sync())
}

// sync makes the names of the packs durable.
func (s *packSet) sync() error { return syncDir(s.fs, s.dir) }

// close closes the packs that nobody reads; the others close with their last
// reader.
func (s *packSet) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = 0
	for id, p := range s.open {
		if p.refs == 0 {
			delete(s.open, id)
			_ = p.file.Close() // only read since it was synced
		}
	}
}

// syncError marks a failed fsync, after which nothing is known about what is
// on the disk.
type syncError struct{ err error }

func (e *syncError) Error() string { return "storage: sync failed: " + e.err.Error() }
func (e *syncError) Unwrap() error { return e.err }

func syncFile(f vfs.File) error {
	if err := f.SyncData(); err != nil {
		return &syncError{err}
	}
	return nil
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if err != nil {
		err = &syncError{err}
	}
	return errors.Join(err, d.Close())
}
