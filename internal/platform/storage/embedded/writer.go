package embedded

import (
	"errors"
	"io"
	"syscall"

	"github.com/mailstead/mailstead/internal/platform/storage"
)

const (
	// padTo is the multiple up to which a small group is followed by zeros:
	// while later groups overwrite zeros, fdatasync has no new blocks and no
	// new file size to journal, and takes about half the time.
	padTo = 256 << 10
	// padBelow is the size of a group from which on that does not pay.
	padBelow = padTo / 4
	// writeSize is how much of a group is gathered before it is written.
	writeSize = 1 << 20
)

// A piece is a run of bytes for a pack: in memory, or to be copied from
// somewhere.
type piece struct {
	bytes  []byte
	src    io.ReaderAt
	offset int64
	length int64
}

func (p piece) size() int64 { return int64(len(p.bytes)) + p.length }

// A packWriter appends groups to the newest pack. It belongs to the leader of
// the committer.
type packWriter struct {
	packs    *packSet
	packSize int64
	current  *pack
	end      position // after the last durable group, and the next to be written
	zeroed   int64    // up to here the current pack has zeros after end
	buf      []byte
}

// base is the offset of the next group. It begins a new pack if the current
// one is full.
func (w *packWriter) base(nextID uint64) (int64, error) {
	if w.current != nil && w.end.offset < w.packSize {
		return w.end.offset, nil
	}
	return packHeaderSize, w.roll(nextID)
}

// roll begins a new pack.
func (w *packWriter) roll(nextID uint64) error {
	p, err := w.packs.create(packHeader{id: w.end.pack + 1, firstSeq: w.end.seq + 1, nextID: nextID})
	if err != nil {
		return writeError(err)
	}
	if w.current != nil {
		w.packs.release(w.current)
	}
	w.current = p
	w.end.pack, w.end.offset, w.zeroed = p.id, packHeaderSize, 0
	return nil
}

// append writes a group at base and makes it durable. head is room for the
// header, and the operations. If it fails with [storage.ErrFull], the pack is
// as if nothing had been written.
func (w *packWriter) append(head []byte, data []piece, nextID uint64) error {
	h := groupHeader{seq: w.end.seq + 1, nextID: nextID, meta: int64(len(head) - groupHeaderSize)}
	for _, p := range data {
		h.data += p.size()
	}
	sealGroup(head, h, w.current.origin(w.end.offset))
	if err := w.write(head, data, h.size()); err != nil {
		if verr := w.void(); verr != nil {
			return verr
		}
		return err
	}
	if err := syncFile(w.current.file); err != nil {
		return err
	}
	w.end.offset += h.size()
	w.end.seq, w.end.nextID = h.seq, nextID
	return nil
}

// write writes the bytes of a group, in one call unless it is large.
func (w *packWriter) write(head []byte, data []piece, size int64) error {
	out := offsetWriter{pack: w.current, offset: w.end.offset, buf: append(w.buf[:0], head...)}
	for _, p := range data {
		if err := out.add(p); err != nil {
			return err
		}
	}
	end := w.end.offset + size
	if size < padBelow && end > w.zeroed && end < w.packSize {
		w.zeroed = min((end+padTo-1)/padTo*padTo, w.packSize)
		out.pad(w.zeroed - end)
	}
	err := out.flush()
	w.buf = out.buf
	return err
}

// void makes sure that a group that could not be written whole is not taken
// for one later. What there is no room to write was not written before.
func (w *packWriter) void() error {
	w.zeroed = 0
	var zeros [groupHeaderSize]byte
	_, err := w.current.file.WriteAt(zeros[:], w.end.offset)
	if err = writeError(err); err != nil {
		if errors.Is(err, storage.ErrFull) {
			return nil
		}
		return err
	}
	return syncFile(w.current.file)
}

// An offsetWriter gathers bytes and writes them to a pack in large runs.
type offsetWriter struct {
	pack   *pack
	offset int64
	buf    []byte
}

func (o *offsetWriter) add(p piece) error {
	for rest := p.bytes; len(rest) > 0; {
		n := min(len(rest), chunkSize)
		if err := o.room(n); err != nil {
			return err
		}
		o.buf = append(o.buf, rest[:n]...)
		rest = rest[n:]
	}
	for p.length > 0 {
		n := min(p.length, chunkSize)
		if err := o.room(int(n)); err != nil {
			return err
		}
		start := len(o.buf)
		o.buf = append(o.buf, make([]byte, n)...)
		if err := readFull(p.src, o.buf[start:], p.offset); err != nil {
			return err
		}
		p.offset, p.length = p.offset+n, p.length-n
	}
	return nil
}

// readFull fills buf from offset on.
func readFull(src io.ReaderAt, buf []byte, offset int64) error {
	n, err := src.ReadAt(buf, offset)
	if n == len(buf) {
		return nil
	}
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// room flushes if another n bytes would make the buffer too large.
func (o *offsetWriter) room(n int) error {
	if len(o.buf) == 0 || len(o.buf)+n <= writeSize {
		return nil
	}
	return o.flush()
}

func (o *offsetWriter) pad(n int64) { o.buf = append(o.buf, make([]byte, n)...) }

func (o *offsetWriter) flush() error {
	_, err := o.pack.file.WriteAt(o.buf, o.offset)
	o.offset += int64(len(o.buf))
	o.buf = o.buf[:0]
	return writeError(err)
}

// writeError turns the errors of a full disk into [storage.ErrFull], unless it
// was a sync that failed.
func writeError(err error) error {
	if err == nil {
		return nil // of most commits, without an allocation for errors.As
	}
	var failed *syncError
	if errors.As(err, &failed) {
		return err
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return errors.Join(storage.ErrFull, err)
	}
	if noFiles(err) {
		return errors.Join(storage.ErrBusy, err)
	}
	return err
}
