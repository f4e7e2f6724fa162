package message

import (
	"bufio"
	"errors"
	"io"
)

// FieldSelection tells which fields [FieldsReader] gives out.
type FieldSelection int

// The selections are HEADER.FIELDS and HEADER.FIELDS.NOT of RFC 9051 §6.4.5.1.
const (
	OnlyFields FieldSelection = iota
	AllFieldsBut
)

// FieldsReader returns a reader of the selected fields of the header that r
// starts with, byte for byte, and of its blank line: what [Header.Only] and
// [Header.Without] return, for headers too large to be held in memory. Names
// beyond 4000 octets are never found.
func FieldsReader(r io.Reader, selection FieldSelection, names ...string) io.Reader {
	only := selection == OnlyFields
	return &fieldsReader{in: bufio.NewReaderSize(r, 4096), names: names, only: only, keep: !only}
}

type fieldsReader struct {
	in      *bufio.Reader
	names   []string
	only    bool
	keep    bool   // the field being read is selected
	midLine bool   // the last piece did not end a line
	out     []byte // read and selected, not yet given out
	err     error
}

// Read implements [io.Reader].
func (f *fieldsReader) Read(p []byte) (int, error) {
	for len(f.out) == 0 {
		if f.err != nil {
			return 0, f.err
		}
		f.next()
	}
	n := copy(p, f.out)
	f.out = f.out[n:]
	return n, nil
}

// next reads a line, or a piece of one.
func (f *fieldsReader) next() {
	piece, err := f.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		err = nil
	}
	f.err = err
	if len(piece) == 0 {
		return
	}
	switch {
	case f.midLine:
	case startsBlank(piece):
		f.keep, f.err = true, io.EOF
	case !isSpace(piece[0]):
		if name, _, ok := splitField(piece); ok {
			f.keep = isOneOf(name, f.names) == f.only
		}
	}
	f.midLine = piece[len(piece)-1] != '\n'
	if f.keep {
		f.out = piece
	}
}
