package imapwire

import (
	"slices"
	"unicode/utf8"

	"github.com/mailstead/mailstead/imap"
)

// peek returns the next byte of the line, or zero at its end.
func (r *Reader) peek() byte {
	if r.pos < len(r.line) {
		return r.line[r.pos]
	}
	return 0
}

// Peek reports whether the next byte is c, which is not NUL.
func (r *Reader) Peek(c byte) bool { return r.peek() == c }

// Accept takes the next byte if it is c.
func (r *Reader) Accept(c byte) bool {
	if r.pos < len(r.line) && r.line[r.pos] == c {
		r.pos++
		return true
	}
	return false
}

// Expect takes the next byte, which must be c.
func (r *Reader) Expect(c byte) error {
	if r.Accept(c) {
		return nil
	}
	return Syntax("%q expected", c)
}

// SP takes a space.
func (r *Reader) SP() error {
	if r.Accept(' ') {
		return nil
	}
	return Syntax("space expected")
}

// AtEnd reports whether the line has been taken whole.
func (r *Reader) AtEnd() bool { return r.pos == len(r.line) }

// End checks that the command has been taken whole.
func (r *Reader) End() error {
	if r.AtEnd() {
		return nil
	}
	return Syntax("unexpected text at the end")
}

// Rest takes what is left of the line.
func (r *Reader) Rest() []byte {
	rest := r.line[r.pos:]
	r.pos = len(r.line)
	return rest
}

// span takes the bytes of a class.
func (r *Reader) span(class uint8) []byte {
	start := r.pos
	for r.pos < len(r.line) && charClass[r.line[r.pos]]&class != 0 {
		r.pos++
	}
	return r.line[start:r.pos]
}

// Tag takes the tag of a command.
func (r *Reader) Tag() (string, error) {
	if tag := r.span(classTag); len(tag) > 0 {
		return string(tag), nil
	}
	return "", Syntax("tag expected")
}

// Atom takes an atom.
func (r *Reader) Atom() ([]byte, error) {
	if a := r.span(classAtom); len(a) > 0 {
		return a, nil
	}
	return nil, Syntax("atom expected")
}

// Keyword takes letters, digits, "-", "." and "=", as the words of the grammar
// are made of, and returns them in upper case. It takes less than an atom, so
// that it stops before "[" and "<".
func (r *Reader) Keyword() ([]byte, error) {
	start := r.pos
	for r.pos < len(r.line) && isKeywordChar(r.line[r.pos]) {
		if c := r.line[r.pos]; c >= 'a' && c <= 'z' {
			r.line[r.pos] = c - ('a' - 'A')
		}
		r.pos++
	}
	if start == r.pos {
		return nil, Syntax("keyword expected")
	}
	return r.line[start:r.pos], nil
}

func isKeywordChar(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '='
}

// AcceptWord takes word, which is in upper case, in any case, if it stands
// here and no further letter, digit, "-" or "." follows.
func (r *Reader) AcceptWord(word string) bool {
	rest := r.line[r.pos:]
	if len(rest) < len(word) || !foldEqual(rest[:len(word)], word) {
		return false
	}
	if len(rest) > len(word) && isKeywordChar(rest[len(word)]) {
		return false
	}
	r.pos += len(word)
	return true
}

// AcceptText takes text, which is in upper case, in any case, if it stands here.
func (r *Reader) AcceptText(text string) bool {
	rest := r.line[r.pos:]
	if len(rest) < len(text) || !foldEqual(rest[:len(text)], text) {
		return false
	}
	r.pos += len(text)
	return true
}

// foldEqual compares b with an upper-case word.
func foldEqual(b []byte, word string) bool {
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != word[i] {
			return false
		}
	}
	return true
}

// Number takes a number of 32 bits.
func (r *Reader) Number() (uint32, error) {
	start, n := r.pos, uint64(0)
	for r.pos < len(r.line) && r.line[r.pos]-'0' <= 9 {
		if n = n*10 + uint64(r.line[r.pos]-'0'); n > 1<<32-1 {
			return 0, Syntax("number is too large")
		}
		r.pos++
	}
	if start == r.pos {
		return 0, Syntax("number expected")
	}
	return uint32(n), nil
}

// NZNumber takes a number of 32 bits that is not zero and does not begin with
// zero.
func (r *Reader) NZNumber() (uint32, error) {
	if r.Peek('0') {
		return 0, Syntax("number must not begin with zero")
	}
	return r.Number()
}

// Quoted takes a quoted string and undoes its escapes.
func (r *Reader) Quoted() (string, error) {
	if !r.Accept('"') {
		return "", Syntax("quoted string expected")
	}
	start := r.pos
	for i := start; i < len(r.line); i++ {
		switch r.line[i] {
		case '"':
			r.pos = i + 1
			return r.checkQuoted(r.line[start:i])
		case '\\':
			return r.escaped(start, i)
		}
	}
	return "", Syntax("quoted string has no end")
}

// escaped takes the rest of a quoted string, from its first backslash at i.
func (r *Reader) escaped(start, i int) (string, error) {
	b := append([]byte(nil), r.line[start:i]...)
	for ; i < len(r.line); i++ {
		c := r.line[i]
		switch {
		case c == '"':
			r.pos = i + 1
			return r.checkQuoted(b)
		case c == '\\':
			if i++; i == len(r.line) || r.line[i] != '"' && r.line[i] != '\\' {
				return "", Syntax("malformed escape in a quoted string")
			}
			c = r.line[i]
		}
		b = append(b, c)
	}
	return "", Syntax("quoted string has no end")
}

// checkQuoted refuses what a quoted string cannot have: NUL, CR, and 8-bit
// bytes unless they are UTF-8 and that is enabled.
func (r *Reader) checkQuoted(b []byte) (string, error) {
	eight := false
	for _, c := range b {
		switch {
		case c == 0 || c == '\r':
			return "", Syntax("control character in a quoted string")
		case c >= 0x80:
			eight = true
		}
	}
	if eight && (!r.UTF8 || !utf8.Valid(b)) {
		return "", Syntax("8-bit characters in a quoted string")
	}
	return string(b), nil
}

// String takes a quoted string or a literal.
func (r *Reader) String() (string, error) {
	switch r.peek() {
	case '"':
		return r.Quoted()
	case '{', '~':
		return r.literalString()
	}
	return "", Syntax("string expected")
}

// AString takes an atom, in which "]" is allowed, or a string.
func (r *Reader) AString() (string, error) {
	if charClass[r.peek()]&classAString != 0 {
		return string(r.span(classAString)), nil
	}
	return r.String()
}

// NString takes a string or NIL, for which ok is false.
func (r *Reader) NString() (s string, ok bool, err error) {
	if r.AcceptWord("NIL") {
		return "", false, nil
	}
	s, err = r.String()
	return s, err == nil, err
}

// NString8 takes a string, a literal8 or NIL, for which ok is false.
func (r *Reader) NString8() (s string, ok bool, err error) {
	if !r.Peek('~') {
		return r.NString()
	}
	s, err = r.literal8String()
	return s, err == nil, err
}

// PeekWords reports whether prefix stands here and one of words, which are in
// upper case, behind it; none if there are none.
func (r *Reader) PeekWords(prefix string, words ...string) bool {
	start := r.pos
	defer func() { r.pos = start }()
	if !foldPrefix(r.line[r.pos:], prefix) {
		return false
	}
	r.pos += len(prefix)
	return len(words) == 0 || slices.ContainsFunc(words, r.AcceptWord)
}

func foldPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && foldEqual(b[:len(prefix)], prefix)
}

// NumSet takes a sequence set.
func (r *Reader) NumSet(kind imap.NumKind) (imap.NumSet, error) {
	set := imap.NumSet{Kind: kind}
	for {
		rng, err := r.numRange()
		if err != nil {
			return imap.NumSet{}, err
		}
		set.Ranges = append(set.Ranges, rng)
		if !r.Accept(',') {
			return set, nil
		}
	}
}

func (r *Reader) numRange() (rng imap.NumRange, err error) {
	if rng.First, err = r.seqNumber(); err != nil {
		return rng, err
	}
	rng.Last = rng.First
	if r.Accept(':') {
		rng.Last, err = r.seqNumber()
	}
	return rng, err
}

// PeekDigit reports whether a digit stands here.
func (r *Reader) PeekDigit() bool { return r.peek()-'0' <= 9 }

// PeekNumSet reports whether a sequence set, or "$", stands here.
func (r *Reader) PeekNumSet() bool {
	c := r.peek()
	return c >= '0' && c <= '9' || c == '*' || c == '$'
}

func (r *Reader) seqNumber() (uint32, error) {
	if r.Accept('*') {
		return imap.Star, nil
	}
	return r.NZNumber()
}

// Take takes the next byte of the line, whatever it is.
func (r *Reader) Take() (byte, bool) {
	if r.AtEnd() {
		return 0, false
	}
	r.pos++
	return r.line[r.pos-1], true
}
