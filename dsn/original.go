package dsn

import (
	"bufio"
	"errors"
	"io"
)

const (
	defaultMaxReturn = 128 << 10
	maxHeaderReturn  = 64 << 10
)

// An original is what a look through the message told about how it can be
// returned.
type original struct {
	full     bool  // the whole message, not only the header
	size     int64 // bytes to return
	eightBit bool
	utf8     bool // the header is not ASCII: RFC 6532
}

// survey reads the original once and decides what of it is returned: the whole
// only if somebody failed, if it is asked for, not too long, and not binary.
func survey(r *Report) (original, error) {
	if r.Original == nil || r.OriginalSize <= 0 {
		return original{}, nil
	}
	limit := r.MaxReturn
	if limit <= 0 {
		limit = defaultMaxReturn
	}
	whole := r.ReturnFull && r.has(Failed) && r.OriginalSize <= limit
	s := scan{lines: bufio.NewReader(io.NewSectionReader(r.Original, 0, r.OriginalSize))}
	if err := s.header(); err != nil {
		return original{}, err
	}
	o := original{size: s.headerSize, eightBit: s.headerEightBit, utf8: s.headerEightBit}
	if !whole {
		return o, nil
	}
	if err := s.body(); err != nil {
		return original{}, err
	}
	if s.binary {
		return o, nil
	}
	return original{full: true, size: r.OriginalSize, eightBit: s.headerEightBit || s.bodyEightBit, utf8: s.headerEightBit}, nil
}

// A scan looks through a message line by line.
type scan struct {
	lines          *bufio.Reader
	headerSize     int64 // bytes of whole lines before the empty one, at most maxHeaderReturn
	headerEightBit bool
	bodyEightBit   bool
	binary         bool // lines too long, NUL, or CR and LF apart
}

// header reads up to the empty line.
func (s *scan) header() error {
	for {
		n, eightBit, err := s.line()
		if n == 0 || n == 2 && !eightBit || s.headerSize+int64(n) > maxHeaderReturn || err != nil {
			return ignoreEOF(err)
		}
		s.headerSize += int64(n)
		s.headerEightBit = s.headerEightBit || eightBit
	}
}

// body reads the rest.
func (s *scan) body() error {
	for {
		n, eightBit, err := s.line()
		s.bodyEightBit = s.bodyEightBit || eightBit
		if n == 0 || err != nil {
			return ignoreEOF(err)
		}
	}
}

// line reads a line, and returns its length with its end.
func (s *scan) line() (n int, eightBit bool, err error) {
	var last byte
	for {
		c, err := s.lines.ReadByte()
		if err != nil {
			return n, eightBit, err
		}
		n++
		eightBit = eightBit || c >= 0x80
		if c == 0 || (last == '\r') != (c == '\n') || n > 1000 {
			s.binary = true
		}
		if c == '\n' {
			return n, eightBit, nil
		}
		last = c
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// originalPart copies what survey has chosen.
func (c *composer) originalPart(o original) error {
	if o.size == 0 {
		return nil
	}
	switch {
	case o.full && o.utf8:
		c.part("message/global", "Undelivered message", true)
	case o.full:
		c.part("message/rfc822", "Undelivered message", o.eightBit)
	case o.utf8:
		c.part("message/global-headers", "Message header", true)
	default:
		c.part("text/rfc822-headers", "Message header", false)
	}
	_, err := io.Copy(c, io.NewSectionReader(c.report.Original, 0, o.size))
	return err
}
