package imapwire

import (
	"bytes"
	"io"
	"strconv"
)

// A literal is one that has been announced in the current line.
type literal struct {
	open    bool  // announced, and the line after it has not been read
	waiting bool  // nothing of it has been asked for
	sync    bool  // the peer waits for a continuation request
	eight   bool  // literal8, which may have NUL
	left    int64 // bytes not read
}

// PeekLiteral reports whether a literal or literal8 stands here.
func (r *Reader) PeekLiteral() bool {
	c := r.peek()
	return c == '{' || c == '~' && r.pos+1 < len(r.line) && r.line[r.pos+1] == '{'
}

// OpenLiteral takes the announcement of a literal (or literal8, which eight
// tells) and returns its size. The caller reads it by ReadLiteral to its end
// and then calls CloseLiteral.
func (r *Reader) OpenLiteral() (size int64, eight bool, err error) {
	eight = r.Accept('~')
	if !r.Accept('{') {
		return 0, false, Syntax("literal expected")
	}
	size, err = r.Number64()
	if err != nil {
		return 0, false, err
	}
	sync := !r.Accept('+')
	if !r.Accept('}') || r.pos != len(r.line) {
		return 0, false, Syntax("malformed literal")
	}
	if !sync && r.Limits.NonSync > 0 && size > r.Limits.NonSync {
		return 0, false, ErrNonSync
	}
	r.lit = literal{open: true, waiting: true, sync: sync, eight: eight, left: size}
	return size, eight, nil
}

// ReadLiteral reads from the open literal; io.EOF is its end. A NUL in it, if
// it is not a literal8, is a SyntaxError.
func (r *Reader) ReadLiteral(p []byte) (int, error) {
	if err := r.startLiteral(); err != nil {
		return 0, err
	}
	if r.lit.left == 0 {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	p = p[:min(int64(len(p)), r.lit.left)]
	n, err := r.readRaw(p)
	r.lit.left -= int64(n)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err == nil && !r.lit.eight && bytes.IndexByte(p[:n], 0) >= 0 {
		err = Syntax("NUL in a literal")
	}
	return n, err
}

// startLiteral asks for the literal if that has not been done.
func (r *Reader) startLiteral() error {
	if !r.lit.waiting {
		return nil
	}
	if r.Literal != nil {
		if err := r.Literal(r.lit.left, r.lit.sync); err != nil {
			return err
		}
	}
	r.lit.waiting = false
	return nil
}

// readRaw reads from what was read ahead, else from the connection: straight
// into p, unless p is small.
func (r *Reader) readRaw(p []byte) (n int, err error) {
	if r.start == r.end {
		r.start, r.end = 0, 0
		if len(p) >= len(r.buf) {
			n, err = r.r.Read(p)
			if n > 0 {
				err = nil
			}
			return n, err
		}
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	n = copy(p, r.buf[r.start:r.end])
	r.start += n
	return n, nil
}

// CloseLiteral ends the open literal, throwing away what was not read, and
// reads the line that follows it.
func (r *Reader) CloseLiteral() error {
	if err := r.startLiteral(); err != nil {
		return err
	}
	left := r.lit.left
	r.lit.left = 0
	if left > 0 {
		if err := r.discard(left); err != nil {
			return err
		}
	}
	r.lit = literal{}
	return r.readLine()
}

// LiteralReader returns the open literal as an io.Reader.
func (r *Reader) LiteralReader() io.Reader { return (*literalReader)(r) }

type literalReader Reader

func (l *literalReader) Read(p []byte) (int, error) { return (*Reader)(l).ReadLiteral(p) }

// literalChunk is how much memory a literal gets before it has been sent.
const literalChunk = 4096

// literalString reads a whole literal into memory.
func (r *Reader) literalString() (string, error) {
	size, eight, err := r.OpenLiteral()
	if err != nil {
		return "", err
	}
	if eight {
		return "", Syntax("literal8 is not allowed here")
	}
	return r.keepLiteral(size)
}

// literal8String is literalString for what may have NUL.
func (r *Reader) literal8String() (string, error) {
	size, _, err := r.OpenLiteral()
	if err != nil {
		return "", err
	}
	return r.keepLiteral(size)
}

// keepLiteral reads the literal that has been opened.
func (r *Reader) keepLiteral(size int64) (string, error) {
	if size > int64(r.Limits.Literals-r.kept) {
		return "", ErrLiteralTooBig
	}
	r.kept += int(size)
	b := make([]byte, 0, min(int(size), literalChunk))
	for int64(len(b)) < size {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.ReadLiteral(b[len(b):min(cap(b), int(size))])
		if err != nil {
			return "", err
		}
		b = b[:len(b)+n]
	}
	return string(b), r.CloseLiteral()
}

// Number64 takes a number of at most 63 bits.
func (r *Reader) Number64() (int64, error) {
	start := r.pos
	for r.pos < len(r.line) && r.line[r.pos]-'0' <= 9 {
		r.pos++
	}
	n, err := strconv.ParseInt(string(r.line[start:r.pos]), 10, 64)
	if err != nil {
		return 0, Syntax("number expected")
	}
	return n, nil
}
