package message

import "strings"

// readWords reads words into p.words up to one of the octets in stop. Comments
// are remembered and count as space.
func (p *addressParser) readWords(stop string) {
	spaced := false
	for p.pos < len(p.in) {
		switch c := p.in[p.pos]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			spaced = true
			p.pos++
		case c == '(' && p.readComment():
			spaced = true
		case c == '"' && !p.quotesEnd:
			p.addWord(p.readQuoted(), spaced)
			spaced = false
		case strings.IndexByte(stop, c) >= 0:
			return
		default:
			p.addWord(p.readAtom(), spaced)
			spaced = false
		}
	}
}

// maxWords bounds the words of one address. More are dropped.
const maxWords = 1000

func (p *addressParser) addWord(w word, spaced bool) {
	if len(p.words) == maxWords {
		p.repaired = true
		return
	}
	w.spaced = spaced
	p.words = append(p.words, w)
}

// readComment reads the comment at pos. One that does not end goes up to the
// next "<" or comma (RFC 7103 §7.1.4).
func (p *addressParser) readComment() bool {
	if p.commentsEnd {
		return false
	}
	end := commentEnd(p.in, p.pos)
	if end < 0 {
		p.commentsEnd, p.repaired = true, true
		end = p.nextOf("<,", p.pos)
	}
	p.comment = p.in[p.pos:end]
	p.pos = end
	return true
}

// readQuoted reads the quoted-string at pos. One that does not end goes up to
// the next "<" (RFC 7103 §7.1.6).
func (p *addressParser) readQuoted() word {
	start := p.pos
	end := quotedEnd(p.in, start)
	if end < 0 {
		p.quotesEnd, p.repaired = true, true
		p.pos = p.nextOf("<", start)
		return word{text: trimSpace(p.in[start+1 : p.pos]), quoted: true, start: start, end: p.pos}
	}
	p.pos = end
	return word{text: unquotePairs(p.in[start+1 : end-1]), quoted: true, start: start, end: end}
}

// nextOf returns the index of the first octet of set from i on, or the end.
func (p *addressParser) nextOf(set string, i int) int {
	if n := strings.IndexAny(p.in[i:], set); n >= 0 {
		return i + n
	}
	return len(p.in)
}

// readAtom reads an atom with its dots, a lone "@", a domain-literal, an encoded
// word whatever is in it, or an octet that should not be there.
func (p *addressParser) readAtom() word {
	start := p.pos
	switch c := p.in[start]; {
	case c == '@':
		p.pos++
	case c == '[':
		p.pos = p.literalEnd(start)
	case strings.HasPrefix(p.in[start:], "=?"):
		p.pos = p.encodedEnd(start)
	case isAtext(c) || c == '.':
		p.pos = atomEnd(p.in, start)
	default:
		p.repaired = true
		p.pos++
	}
	return word{text: p.in[start:p.pos], start: start, end: p.pos}
}

// atomEnd returns the index after the atoms and dots that start at i.
func atomEnd(s string, i int) int {
	for i < len(s) && (isAtext(s[i]) || s[i] == '.') {
		i++
	}
	return i
}

// literalEnd returns the index after the domain-literal at i.
func (p *addressParser) literalEnd(i int) int {
	end := p.nextOf("]>, \t", i)
	if end < len(p.in) && p.in[end] == ']' {
		return end + 1
	}
	p.repaired = true
	return max(end, i+1)
}

// encodedEnd returns the index after the encoded word at i, which software
// fills with commas and the like against RFC 2047 §5; or after the atom that it
// is after all.
func (p *addressParser) encodedEnd(i int) int {
	_, size := parseWord(p.in[i:])
	end := atomEnd(p.in, i)
	if size == 0 || strings.ContainsAny(p.in[i:i+size], " \t<>") {
		return end
	}
	if i+size > end {
		p.repaired = true
		return i + size
	}
	return end
}

// phrase joins the words of a display name.
func (p *addressParser) phrase(words []word) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0].text
	}
	if joined, ok := p.phraseAsIs(words); ok {
		return joined
	}
	var b strings.Builder
	for i, w := range words {
		if i > 0 && w.spaced {
			b.WriteByte(' ')
		}
		b.WriteString(w.text)
	}
	return b.String()
}

// phraseAsIs returns the words as they stand in the input if they are atoms
// with single spaces between.
func (p *addressParser) phraseAsIs(words []word) (string, bool) {
	for i, w := range words {
		if w.quoted || i > 0 && (w.start-words[i-1].end != 1 || p.in[w.start-1] != ' ') {
			return "", false
		}
	}
	return p.in[words[0].start:words[len(words)-1].end], true
}

// commentText returns the text of a comment that stands for a display name.
func commentText(comment string) string {
	comment = strings.TrimPrefix(comment, "(")
	comment = strings.TrimSuffix(comment, ")")
	return trimSpace(unquotePairs(comment))
}
