package message

import (
	"io"
	"strings"
)

// TransferDecoder returns a reader that undoes a Content-Transfer-Encoding
// (RFC 2045 §6) while reading from r. It does not complain about what is
// malformed but makes the best of it: the only errors are those of r. An
// unknown encoding leaves the octets as they are, see [KnownEncoding].
func TransferDecoder(encoding string, r io.Reader) io.Reader {
	switch {
	case strings.EqualFold(encoding, "base64"):
		return &base64Reader{in: r}
	case strings.EqualFold(encoding, "quoted-printable"):
		return &qpReader{in: r}
	}
	return r
}

// KnownEncoding tells whether [TransferDecoder] knows how to undo the encoding.
func KnownEncoding(encoding string) bool {
	return encoding == "" || isIdentity(encoding) ||
		strings.EqualFold(encoding, "base64") || strings.EqualFold(encoding, "quoted-printable")
}

// base64Reader decodes base64 (RFC 2045 §6.8). Octets outside the alphabet are
// skipped. Padding ends a quantum, not the data: some software joins pieces
// that were encoded one by one.
type base64Reader struct {
	in    io.Reader
	buf   [4096]byte // decoded in place: what comes out is never longer
	out   []byte     // decoded and not yet read
	quad  [4]byte
	nquad int
	err   error
}

// reset makes the reader ready for other data.
func (b *base64Reader) reset(in io.Reader) {
	b.in, b.out, b.nquad, b.err = in, nil, 0, nil
}

// Read implements [io.Reader].
func (b *base64Reader) Read(p []byte) (int, error) {
	for len(b.out) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		var n int
		n, b.err = b.in.Read(b.buf[4:])
		b.out = b.decode(b.buf[4 : 4+n])
		if b.err != nil {
			b.out = append(b.out, b.flush()...)
		}
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}

// decode decodes src into the start of the buffer. The four octets in front of
// src are room for what an earlier quantum left.
func (b *base64Reader) decode(src []byte) []byte {
	dst := b.buf[:0]
	for i := 0; i < len(src); i++ {
		if b.nquad == 0 && i+4 <= len(src) {
			v0, v1, v2, v3 := base64Values[src[i]], base64Values[src[i+1]], base64Values[src[i+2]], base64Values[src[i+3]]
			if v0|v1|v2|v3 < 64 {
				dst = append(dst, v0<<2|v1>>4, v1<<4|v2>>2, v2<<6|v3)
				i += 3
				continue
			}
		}
		dst = b.take(dst, src[i])
	}
	return dst
}

// take takes one octet.
func (b *base64Reader) take(dst []byte, c byte) []byte {
	if c == '=' {
		return append(dst, b.flush()...)
	}
	if base64Values[c] == 0xff {
		return dst
	}
	b.quad[b.nquad] = base64Values[c]
	if b.nquad++; b.nquad < 4 {
		return dst
	}
	b.nquad = 0
	q := &b.quad
	return append(dst, q[0]<<2|q[1]>>4, q[1]<<4|q[2]>>2, q[2]<<6|q[3])
}

// flush decodes a quantum that is not full.
func (b *base64Reader) flush() []byte {
	q := &b.quad
	n := b.nquad
	b.nquad = 0
	switch n {
	case 2:
		return []byte{q[0]<<2 | q[1]>>4}
	case 3:
		return []byte{q[0]<<2 | q[1]>>4, q[1]<<4 | q[2]>>2}
	}
	return nil
}

// base64Values maps the alphabet to values and the rest to 0xff. It never
// changes.
var base64Values = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range alphabet {
		t[alphabet[i]] = byte(i)
	}
	return t
}()
