package embedded

import (
	"bytes"
	"errors"
	"io"
)

// whole reads the next group if it is the one of that number and all of it is
// there.
func (s *packScanner) whole(seq uint64) (bool, error) {
	ok, err := s.next()
	if err != nil || !ok || s.header.seq != seq {
		return false, err
	}
	return s.verify()
}

// resync looks for a group behind the one that could not be read, and stops
// there: the next call of next reads it. It finds only what was written as a
// group at that very place of that pack: its CRC starts from both. A group with
// a number below seq is no part of the log: it remains of something that was
// written over.
func (s *packScanner) resync(seq uint64) (found bool, err error) {
	const overlap = len(groupMagic) - 1
	buf := make([]byte, writeSize)
	for at := s.offset + 1; at < s.limit; at += int64(len(buf) - overlap) {
		n, err := s.pack.file.ReadAt(buf[:min(int64(len(buf)), s.limit-at)], at)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		for rest, base := buf[:n], at; ; {
			i := bytes.Index(rest, []byte(groupMagic))
			if i < 0 {
				break
			}
			found, err := s.groupAt(base+int64(i), seq)
			if found || err != nil {
				return found, err
			}
			rest, base = rest[i+1:], base+int64(i)+1
		}
		if n < len(buf) {
			break
		}
	}
	return false, nil
}

// groupAt says whether a group of the log begins at an offset, and makes it the
// next one if so.
func (s *packScanner) groupAt(offset int64, seq uint64) (bool, error) {
	s.after = offset
	ok, err := s.next()
	s.after = offset
	return ok && s.header.seq >= seq, err
}
