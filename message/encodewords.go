package message

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// maxEncodedWord is the most octets of an encoded word (RFC 2047 §2).
const maxEncodedWord = 75

// maxPlainWord is the longest word left as it is: a line of a header must not
// exceed 998 octets (RFC 5322 §2.1.1).
const maxPlainWord = 900

func isASCII(s string) bool { return asciiPrefix([]byte(s)) == len(s) }

// needsEncoding tells whether s has to be written as encoded words.
func needsEncoding(s string) bool {
	if !isASCII(s) || strings.Contains(s, "=?") {
		return true
	}
	for len(s) > maxPlainWord {
		space := strings.LastIndexAny(s[:maxPlainWord], " \t")
		if space < 0 {
			return true
		}
		s = s[space+1:]
	}
	return false
}

// encodeWords returns s as encoded words, each of whole characters (RFC 2047
// §5), of which the first shares its line with column octets. They are in
// the Q encoding if that leaves about half of the text readable, else in B.
func encodeWords(s string, column int) []string {
	s = validText(s)
	w := wordEncoder{room: maxEncodedWord - len("=?utf-8?q??=")}
	w.base64 = qLength(s) > 2*len(s)
	w.first = max(12, min(w.room, foldAt-column-len("=?utf-8?q??=")))
	return w.encode(s)
}

// wordEncoder cuts text into encoded words.
type wordEncoder struct {
	base64 bool
	room   int // octets of encoded text per word
	first  int // and in the first word
}

func (w wordEncoder) encode(s string) []string {
	var words []string
	room := w.first
	for s != "" {
		n := w.fitting(s, room)
		words = append(words, w.word(s[:n]))
		s = s[n:]
		room = w.room
	}
	return words
}

// fitting returns how many octets of s, whole characters and at least one, fit
// into room once encoded.
func (w wordEncoder) fitting(s string, room int) int {
	n, used := 0, 0
	for n < len(s) {
		_, size := utf8.DecodeRuneInString(s[n:])
		if w.base64 {
			used = base64.StdEncoding.EncodedLen(n + size)
		} else {
			used += qLength(s[n : n+size])
		}
		if used > room && n > 0 {
			break
		}
		n += size
	}
	return n
}

func (w wordEncoder) word(s string) string {
	if w.base64 {
		return "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?="
	}
	b := []byte("=?utf-8?q?")
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ':
			b = append(b, '_')
		case isPhraseQ(c):
			b = append(b, c)
		default:
			b = append(b, '=', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(append(b, "?="...))
}

// isPhraseQ tells whether c may stand for itself in a Q-encoded word in a
// phrase, the strictest place (RFC 2047 §5).
func isPhraseQ(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!*+-/", c) >= 0
}

// qLength returns the length of s in the Q encoding.
func qLength(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] == ' ' || isPhraseQ(s[i]) {
			n++
		} else {
			n += 3
		}
	}
	return n
}
