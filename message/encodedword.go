package message

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// DecodeHeader returns the text of an unstructured header value or of a
// display name, in UTF-8: encoded words decoded (RFC 2047), raw octets above
// 127 taken as UTF-8 where they are and as windows-1252 otherwise. White space
// between adjacent encoded words goes away (RFC 2047 §6.2), a character that is
// split between two words of the same charset is put together, and what only
// looks like an encoded word stays as it is.
func DecodeHeader(s string) string {
	if !strings.Contains(s, "=?") {
		return validText(s)
	}
	d := wordDecoder{}
	for len(s) > 0 {
		start := strings.Index(s, "=?")
		if start < 0 {
			d.plain(s)
			break
		}
		w, size := parseWord(s[start:])
		if size == 0 {
			d.plain(s[:start+2])
			s = s[start+2:]
			continue
		}
		d.plain(s[:start])
		d.word(w)
		s = s[start+size:]
	}
	d.flush()
	return d.out.String()
}

// validText returns s as UTF-8.
func validText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return guessText([]byte(s))
}

// encodedWord is the value of =?charset*language?encoding?text?=.
type encodedWord struct {
	charset  string
	encoding byte // 'q' or 'b'
	text     string
}

// parseWord reads the encoded word that s starts with and returns its length,
// or 0 if there is none. Words longer than the 75 octets of RFC 2047 §2 and
// spaces in the text are tolerated. It looks no further than where the next
// word could begin, so that many broken words cost no more than one.
func parseWord(s string) (w encodedWord, size int) {
	charset, rest, ok := strings.Cut(s[2:], "?")
	if !ok || len(rest) < 4 || rest[1] != '?' || !isToken(charset) {
		return w, 0
	}
	w.encoding = rest[0] | 0x20
	if w.encoding != 'q' && w.encoding != 'b' {
		return w, 0
	}
	end := wordTextEnd(rest[2:])
	if end < 0 {
		return w, 0
	}
	w.charset, _, _ = strings.Cut(charset, "*") // RFC 2231 §5
	w.text = rest[2 : 2+end]
	return w, len("=?") + len(charset) + len("?q?") + end + len("?=")
}

// wordTextEnd returns the index of the "?=" that ends the text at the start of
// s, or -1 if the text does not end before another word begins.
func wordTextEnd(s string) int {
	for i := 0; i+1 < len(s); i++ {
		if s[i] != '?' {
			continue
		}
		if s[i+1] == '=' {
			return i
		}
		if i > 0 && s[i-1] == '=' {
			return -1
		}
	}
	return -1
}

func isToken(s string) bool { return s != "" && tokenEnd(s, 0) == len(s) }

// wordDecoder puts decoded pieces together.
type wordDecoder struct {
	out      strings.Builder
	pending  []byte // octets of the words so far, all in one charset
	charset  string
	inWord   bool // the last piece was an encoded word
	hasBytes bool
}

// plain takes text that is not encoded.
func (d *wordDecoder) plain(s string) {
	if s == "" {
		return
	}
	if d.inWord && skipSpace(s, 0) == len(s) {
		return // perhaps between two words; see word and flush
	}
	d.flush()
	d.inWord = false
	d.out.WriteString(validText(s))
}

// word takes an encoded word.
func (d *wordDecoder) word(w encodedWord) {
	octets, ok := w.octets()
	if !ok {
		octets = []byte(w.text)
	}
	if d.hasBytes && !strings.EqualFold(d.charset, w.charset) {
		d.flush()
	}
	d.charset = w.charset
	d.pending = append(d.pending, octets...)
	d.inWord, d.hasBytes = true, true
}

// flush writes what is pending.
func (d *wordDecoder) flush() {
	if d.hasBytes {
		d.out.WriteString(flatten(decodeCharset(d.charset, d.pending)))
		d.pending = d.pending[:0]
		d.hasBytes = false
	}
}

// flatten turns line ends and NULs that were encoded into spaces: nobody may
// smuggle a header field into text that is put on one line.
func flatten(s string) string {
	if !strings.ContainsAny(s, "\r\n\x00") {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == 0 {
			return ' '
		}
		return r
	}, s)
}

// octets undoes the encoding of w.
func (w encodedWord) octets() ([]byte, bool) {
	if w.encoding == 'q' {
		return undoQ(w.text), true
	}
	return undoB(w.text)
}

// undoQ undoes the Q encoding (RFC 2047 §4.2).
func undoQ(s string) []byte {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			b = append(b, ' ')
		case s[i] == '=' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0:
			b = append(b, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	return b
}

// undoB undoes base64, without regard to padding. It fails if there are other
// characters.
func undoB(s string) ([]byte, bool) {
	clean := bytes.TrimRight([]byte(strings.ReplaceAll(s, " ", "")), "=")
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
	n, err := base64.RawStdEncoding.Decode(out, clean)
	return out[:n], err == nil
}
