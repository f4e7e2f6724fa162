package message

import (
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

// textReader reads what [DecodedText] does, in pieces that it keeps: nothing is
// allocated for the next text, and what is UTF-8 as it stands is not copied.
type textReader struct {
	section io.SectionReader
	base64  *base64Reader
	qp      *qpReader

	body    io.Reader // without transfer encoding
	charset transform.Transformer
	keeps   keeps
	src     []byte
	start   int // what is read and not yet given out begins here
	end     int // and ends here
	dst     []byte
	err     error // of body
}

// keeps tells what is in UTF-8 as it is in some charset.
type keeps int

const (
	keepsNothing keeps = iota
	keepsASCII
	keepsUTF8
)

// How much is read at once, and the room for it in UTF-8.
const (
	textChunk = 16 << 10
	textRoom  = 32 << 10
)

// reset begins with the body of p in the message r.
func (t *textReader) reset(p *Part, r io.ReaderAt) {
	if t.src == nil {
		t.src = make([]byte, textChunk)
	}
	t.section = *io.NewSectionReader(r, p.BodyStart, p.Size())
	t.body = t.transferDecoder(p.Encoding, &t.section)
	t.charset, t.keeps = charsetTransformer(rawParam(p.Params, "charset"))
	t.start, t.end, t.err = 0, 0, nil
}

// transferDecoder does what [TransferDecoder] does.
func (t *textReader) transferDecoder(encoding string, r io.Reader) io.Reader {
	switch {
	case strings.EqualFold(encoding, "base64"):
		if t.base64 == nil {
			t.base64 = new(base64Reader)
		}
		t.base64.reset(r)
		return t.base64
	case strings.EqualFold(encoding, "quoted-printable"):
		if t.qp == nil {
			t.qp = new(qpReader)
		}
		t.qp.reset(r)
		return t.qp
	}
	return r
}

// next returns more of the text, valid until it is called again, and io.EOF
// with or after the last of it.
func (t *textReader) next() ([]byte, error) {
	if t.start == t.end && t.err == nil {
		t.read()
	}
	text := t.src[t.start:t.end]
	if n := t.unchanged(text); n > 0 {
		t.start += n
		return text[:n], t.done()
	}
	if len(text) == 0 && t.keeps != keepsNothing {
		return nil, t.err
	}
	return t.convert(text)
}

// convert converts the start of text.
func (t *textReader) convert(text []byte) ([]byte, error) {
	if t.dst == nil {
		t.dst = make([]byte, textRoom)
	}
	n, taken, err := t.charset.Transform(t.dst, text, t.err == io.EOF)
	t.start += taken
	switch {
	case err == nil || err == transform.ErrShortDst:
		return t.dst[:n], t.done()
	case err == transform.ErrShortSrc && t.err == nil && t.end-t.start < len(t.src):
		t.read()
		return t.dst[:n], t.done()
	case t.err == nil:
		return t.dst[:n], io.EOF // what follows is not text
	}
	return t.dst[:n], t.err
}

// read reads more behind what is left.
func (t *textReader) read() {
	t.end = copy(t.src, t.src[t.start:t.end])
	t.start = 0
	n, err := t.body.Read(t.src[t.end:])
	t.end += n
	t.err = err
}

// done returns the error of the body once all that came before is given out.
func (t *textReader) done() error {
	if t.start < t.end {
		return nil
	}
	return t.err
}

// unchanged returns how many octets at the start of b are in UTF-8 what they
// are in the text's charset.
func (t *textReader) unchanged(b []byte) int {
	switch t.keeps {
	case keepsASCII:
		return asciiPrefix(b)
	case keepsUTF8:
		return validPrefix(b)
	}
	return 0
}

// validPrefix returns how many octets at the start of b are UTF-8: all but a
// character whose end is missing, or those before the first that is not ASCII.
func validPrefix(b []byte) int {
	ascii := asciiPrefix(b)
	if ascii == len(b) {
		return ascii
	}
	end := len(b)
	if last := runeBoundary(b, end-1); !utf8.FullRune(b[last:]) {
		end = last
	}
	if utf8.Valid(b[ascii:end]) {
		return end
	}
	return ascii
}

// charsetTransformer returns what [CharsetReader] converts with, for a charset
// that it does not know as for none.
func charsetTransformer(charset string) (transform.Transformer, keeps) {
	if isASCIICharset(charset) {
		return new(guessUTF8), keepsUTF8
	}
	enc, ok := lookupCharset(charset)
	switch {
	case !ok:
		return new(guessUTF8), keepsUTF8
	case enc == nil:
		return encoding.Replacement.NewEncoder(), keepsUTF8
	case isASCIISuperset(enc):
		return enc.NewDecoder(), keepsASCII
	}
	return enc.NewDecoder(), keepsNothing
}

// isASCIISuperset tells whether enc is known to have one octet for each
// character and ASCII where ASCII has it.
func isASCIISuperset(enc encoding.Encoding) bool {
	c, ok := enc.(*charmap.Charmap)
	return ok && c != charmap.CodePage037 && c != charmap.CodePage1047 && c != charmap.CodePage1140
}
