package message

import (
	"bytes"
	"errors"
	"io"
)

// ErrBinary says that a message has NUL octets where no transfer encoding could
// hide them: in a header, between parts, or within another encoding.
var ErrBinary = errors.New("message: NUL where it cannot be encoded")

// EncodeBinary copies a message that may have NUL octets, as only the binary
// transfer encoding allows (RFC 2045 §6.2), and encodes those parts that have
// some in base64. All else stays as it is, byte for byte, so that as few
// signatures as possible are broken (RFC 3516 §6). size is that of the message.
func EncodeBinary(w io.Writer, s *Structure, r io.ReaderAt, size int64) error {
	e := &binaryEncoder{w: w, r: r, fits: func() fitter { return noNUL{} }}
	e.copied = e.fits()
	if err := e.part(s.Root); err != nil {
		return err
	}
	return e.copy(size)
}

// A binaryEncoder has copied the message up to done.
type binaryEncoder struct {
	w      io.Writer
	r      io.ReaderAt
	done   int64
	fits   func() fitter // what need not be encoded
	copied fitter        // of what is copied
	smtp   bool          // the way is SMTP, see EncodeForSMTP
	signed int           // how many multipart/signed are around the part
}

// A fitter looks at octets on their way through.
type fitter interface {
	// fit tells whether the next octets may stay as they are.
	fit(p []byte) bool
	// end tells whether they may end here.
	end() bool
}

// noNUL lets anything but NUL pass.
type noNUL struct{}

func (noNUL) fit(p []byte) bool { return bytes.IndexByte(p, 0) < 0 }
func (noNUL) end() bool         { return true }

// part encodes what is to be encoded in a part.
func (e *binaryEncoder) part(p *Part) error {
	if e.smtp && len(p.Children) > 0 {
		if err := e.container(p); err != nil {
			return err
		}
		if isSigned(p) {
			e.signed++
			defer func() { e.signed-- }()
		}
	}
	for _, child := range p.Children {
		if err := e.part(child); err != nil {
			return err
		}
	}
	if len(p.Children) > 0 || !isIdentity(p.Encoding) && p.Encoding != "" {
		return nil
	}
	fits, err := fitsAll(e.fits(), io.NewSectionReader(e.r, p.BodyStart, p.Size()))
	if err != nil || fits && !(e.smtp && isBinary(p)) {
		return err
	}
	return e.encode(p)
}

func fitsAll(f fitter, r io.Reader) (bool, error) {
	var buf [8 << 10]byte
	for {
		n, err := r.Read(buf[:])
		if !f.fit(buf[:n]) {
			return false, nil
		}
		if err == io.EOF {
			return f.end(), nil
		}
		if err != nil {
			return false, err
		}
	}
}

// copy copies up to an offset what must fit.
func (e *binaryEncoder) copy(to int64) error {
	var buf [8 << 10]byte
	for e.done < to {
		n, err := e.r.ReadAt(buf[:min(int64(len(buf)), to-e.done)], e.done)
		if !e.copied.fit(buf[:n]) {
			return ErrBinary
		}
		if _, err := e.w.Write(buf[:n]); err != nil {
			return err
		}
		if e.done += int64(n); n == 0 && err != nil {
			return err
		}
	}
	return nil
}

// maxEncodedHeader is the size of the header of a part that can be encoded.
const maxEncodedHeader = 64 << 10

// encode writes a part in base64, and says so in its header.
func (e *binaryEncoder) encode(p *Part) error {
	if e.signed > 0 {
		return ErrBinary // it would break the signature, and nobody could tell why
	}
	if err := e.relabel(p, "base64"); err != nil {
		return err
	}
	to := TransferEncoder("base64", e.w)
	if _, err := io.Copy(to, io.NewSectionReader(e.r, p.BodyStart, p.Size())); err != nil {
		return err
	}
	e.done, e.copied = p.End, e.fits()
	return to.Close()
}

// relabel copies up to the body of a part, whose header says another encoding.
func (e *binaryEncoder) relabel(p *Part, encoding string) error {
	if err := e.copy(p.HeaderStart); err != nil {
		return err
	}
	size := p.BodyStart - p.HeaderStart
	if size > maxEncodedHeader {
		return ErrBinary
	}
	header := make([]byte, size)
	if n, err := e.r.ReadAt(header, p.HeaderStart); n < len(header) {
		return err
	}
	header, ok := encodedHeader(header, encoding)
	if !ok || !e.copied.fit(header) {
		return ErrBinary
	}
	e.done = p.BodyStart
	_, err := e.w.Write(header)
	return err
}

// encodedHeader returns a header that says another encoding than it said. It
// must end with a blank line: what has none is no part of its own, but the body
// of one that could not be opened.
func encodedHeader(header []byte, encoding string) ([]byte, bool) {
	kept := Header(header).Without("Content-Transfer-Encoding")
	for _, blank := range [...]string{"\r\n", "\n"} {
		fields, ok := bytes.CutSuffix(kept, []byte(blank))
		if ok && (len(fields) == 0 || fields[len(fields)-1] == '\n') {
			out := append(bytes.Clone(fields), "Content-Transfer-Encoding: "+encoding+blank...)
			return append(out, blank...), true
		}
	}
	return nil, false
}
