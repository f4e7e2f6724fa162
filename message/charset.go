package message

import (
	"encoding/binary"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// lookupCharset returns the encoding with this name. It is nil, and ok true,
// for those that are UTF-8 as they stand.
func lookupCharset(name string) (enc encoding.Encoding, ok bool) {
	name = strings.ToLower(strings.Trim(name, " \t\"'"))
	switch name {
	case "utf-8", "utf8", "unicode-1-1-utf-8":
		return nil, true
	}
	if enc := aliasCharset(name); enc != nil {
		return enc, true
	}
	if enc, err := htmlindex.Get(name); err == nil {
		return enc, enc != encoding.Replacement
	}
	if enc, err := ianaindex.MIME.Encoding(name); err == nil && enc != nil {
		return enc, true
	}
	return nil, false
}

// aliasCharset knows the names that mail uses and the indexes do not, or not
// as mail means them.
func aliasCharset(name string) encoding.Encoding {
	switch name {
	case "cp1250", "windows1250":
		return charmap.Windows1250
	case "cp1251", "windows1251", "win-1251":
		return charmap.Windows1251
	case "cp1252", "windows1252", "latin-1", "iso8859_1":
		return charmap.Windows1252
	case "iso-8859-8-i", "iso-8859-8-e":
		return charmap.ISO8859_8
	case "cp850":
		return charmap.CodePage850
	case "cp437":
		return charmap.CodePage437
	case "utf-32":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	case "utf-16":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case "hz-gb-2312", "hz": // the web's index refuses it
		return simplifiedchinese.HZGB2312
	case "cp932", "windows-932", "shift-jis":
		return japanese.ShiftJIS
	}
	return nil
}

// isASCIICharset tells whether the name stands for plain ASCII or nothing, so
// that octets above 127 have to be guessed.
func isASCIICharset(name string) bool {
	switch strings.ToLower(strings.Trim(name, " \t\"'")) {
	case "", "us-ascii", "ascii", "ansi_x3.4-1968", "unknown-8bit", "x-unknown", "unknown", "7bit", "8bit":
		return true
	}
	return false
}

// CharsetReader returns a reader of the text that r holds in this charset, in
// UTF-8, with the Unicode replacement character for what is invalid. Names are
// those of IANA and of the WHATWG Encoding standard, and some that mail uses.
// Without a charset, or with us-ascii, octets above 127 are taken for UTF-8
// where they are, and for windows-1252 otherwise (RFC 7103 §7.6). It
// returns r itself and false if the charset is not known.
func CharsetReader(charset string, r io.Reader) (io.Reader, bool) {
	if isASCIICharset(charset) {
		return transform.NewReader(r, new(guessUTF8)), true
	}
	enc, ok := lookupCharset(charset)
	if !ok {
		return r, false
	}
	if enc == nil {
		return transform.NewReader(r, encoding.Replacement.NewEncoder()), true
	}
	return transform.NewReader(r, enc.NewDecoder()), true
}

// decodeCharset returns b, which is in the given charset, as UTF-8. What cannot
// be known is guessed.
func decodeCharset(charset string, b []byte) string {
	if isASCIICharset(charset) {
		return guessText(b)
	}
	enc, ok := lookupCharset(charset)
	if !ok || enc == nil {
		return guessText(b)
	}
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		return guessText(b)
	}
	return string(out)
}

// guessText returns b as it stands if it is UTF-8, else as windows-1252.
func guessText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	out := make([]byte, 0, len(b)+len(b)/2)
	for _, c := range b {
		out = utf8.AppendRune(out, charmap.Windows1252.DecodeByte(c))
	}
	return string(out)
}

// guessUTF8 is a transformer to UTF-8 that takes valid UTF-8 sequences as they
// are and any other octet as windows-1252.
type guessUTF8 struct{ transform.NopResetter }

// Transform implements [transform.Transformer].
func (*guessUTF8) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if n := asciiPrefix(src[nSrc:]); n > 0 {
			n = copy(dst[nDst:], src[nSrc:nSrc+n])
			if n == 0 {
				return nDst, nSrc, transform.ErrShortDst
			}
			nDst += n
			nSrc += n
			continue
		}
		if !atEOF && !utf8.FullRune(src[nSrc:]) {
			return nDst, nSrc, transform.ErrShortSrc
		}
		r, size := utf8.DecodeRune(src[nSrc:])
		if r == utf8.RuneError && size == 1 {
			r = charmap.Windows1252.DecodeByte(src[nSrc])
		}
		if len(dst)-nDst < utf8.UTFMax {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc += size
	}
	return nDst, nSrc, nil
}

// asciiPrefix returns how many octets at the start of b are ASCII.
func asciiPrefix(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		if binary.LittleEndian.Uint64(b[i:])&0x8080808080808080 != 0 {
			break
		}
	}
	for i < len(b) && b[i] < utf8.RuneSelf {
		i++
	}
	return i
}
