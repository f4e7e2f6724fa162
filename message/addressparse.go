package message

import (
	"errors"
	"strings"
)

// ParseAddressList reads the value of an address field such as To (RFC 5322
// §3.4) as well as it can: it takes the obsolete syntax, source routes, groups,
// comments as names, octets above 127 (RFC 6532), and repairs what RFC 7103
// §7.1 lists. Names are not decoded: see [DecodeHeader].
func ParseAddressList(value string) []Address {
	p := addressParser{in: value, max: len(value) + 1}
	p.parseList()
	return p.out
}

// ErrAddress tells that a value is not an address list by the grammar.
var ErrAddress = errors.New("message: malformed address list")

// ParseMailboxes reads the value of a From field strictly: a list of at least
// one mailbox by the grammar of RFC 5322 §3.4 and RFC 6532 §3.2, nothing
// repaired, no groups. It returns [ErrAddress] otherwise. Use
// it where the answer decides something, such as who the author is.
func ParseMailboxes(value string) ([]Address, error) {
	p := addressParser{in: value, max: len(value) + 1}
	p.parseList()
	if p.repaired || len(p.out) == 0 {
		return nil, ErrAddress
	}
	for _, a := range p.out {
		if !a.IsMailbox() || !isDomain(a.Host) || a.Mailbox == "" || hasControl(a.Mailbox+a.Host) {
			return nil, ErrAddress
		}
	}
	return p.out, nil
}

// hasControl tells whether s holds control characters, which only the obsolete
// syntax allows in an address.
func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// isDomain tells whether s is a dot-atom or a domain-literal.
func isDomain(s string) bool {
	if strings.HasPrefix(s, "[") {
		return len(s) > 2 && strings.IndexByte(s, ']') == len(s)-1
	}
	return isDotAtom(s)
}

// word is a token of an address.
type word struct {
	text   string
	quoted bool // was a quoted-string
	spaced bool // white space or a comment comes before
	start  int  // where it stands in the input
	end    int
}

// addressParser reads an address list from left to right.
type addressParser struct {
	in  string
	pos int
	out []Address
	max int // of len(out)

	words    []word // of the address being read, angle brackets excluded
	comment  string // the last one in it, with its parentheses
	inGroup  bool
	repaired bool // something was not by the grammar
	full     bool // max was met

	quotesEnd   bool // no quote after pos ends: take them as they are
	commentsEnd bool // likewise for parentheses
}

func (p *addressParser) parseList() {
	var space [8]word
	p.words = space[:0]
	for p.pos < len(p.in) && !p.full {
		p.parseElement()
	}
	if p.inGroup {
		p.repaired = true
		p.endGroup()
	}
	p.words = nil
}

// parseElement reads up to the next comma, semicolon or colon that ends an
// element, or to the end.
func (p *addressParser) parseElement() {
	p.words, p.comment = p.words[:0], ""
	for {
		p.readWords(",;:<>")
		if p.pos >= len(p.in) {
			p.bareAddress()
			return
		}
		c := p.in[p.pos]
		p.pos++
		switch {
		case c == '<':
			p.angleAddress()
			return
		case c == '>':
			p.repaired = true // RFC 7103 §7.1.3
		case c == ':' && p.startGroup():
			return
		case c == ':':
			p.repaired = true
			p.words = append(p.words, word{text: ":", start: p.pos - 1, end: p.pos})
		default:
			p.bareAddress()
			p.separator(c)
			return
		}
	}
}

// separator handles a comma or semicolon that ended an element.
func (p *addressParser) separator(c byte) {
	if c != ';' {
		return
	}
	if !p.inGroup {
		p.repaired = true // QUIRK: Outlook separates addresses with semicolons
		return
	}
	p.endGroup()
}

func (p *addressParser) endGroup() {
	p.inGroup = false
	p.add(Address{})
}

// startGroup opens a group named by the words before the colon.
func (p *addressParser) startGroup() bool {
	if p.inGroup || len(p.words) == 0 || p.atSign() >= 0 {
		return false
	}
	name := p.phrase(p.words)
	if name == "" {
		return false // could not be told from an end marker
	}
	p.inGroup = true
	p.add(Address{Mailbox: name})
	return true
}

func (p *addressParser) add(a Address) {
	if len(p.out) >= p.max {
		p.full = true
		return
	}
	if p.out == nil {
		p.out = make([]Address, 0, 1+min(strings.Count(p.in[p.pos:], ","), 1000))
	}
	p.out = append(p.out, a)
}

// atSign returns the index of the last word that is "@", or -1.
func (p *addressParser) atSign() int {
	for i := len(p.words) - 1; i >= 0; i-- {
		if p.words[i].text == "@" && !p.words[i].quoted {
			return i
		}
	}
	return -1
}

// bareAddress makes an address of words without angle brackets.
func (p *addressParser) bareAddress() {
	if len(p.words) == 0 {
		return // an empty element is obsolete, but allowed (RFC 5322 §4.4)
	}
	at := p.atSign()
	if at < 0 {
		p.nakedWords()
		return
	}
	first := p.localStart(at)
	a := Address{Mailbox: p.localPart(p.words[first:at]), Host: p.domain(p.words[at+1:])}
	if first > 0 {
		p.repaired = true
		a.Name = p.phrase(p.words[:first])
	} else if p.comment != "" {
		a.Name = commentText(p.comment)
	}
	p.add(a)
}

// nakedWords makes an address of words without "@" (RFC 7103 §7.1.7).
func (p *addressParser) nakedWords() {
	p.repaired = true
	a := Address{Mailbox: MissingMailbox, Host: MissingDomain}
	if len(p.words) == 1 && !p.words[0].quoted {
		a.Mailbox = p.words[0].text
		if p.comment != "" {
			a.Name = commentText(p.comment)
		}
	} else {
		a.Name = p.phrase(p.words)
	}
	p.add(a)
}

// localStart returns the index of the first word of the local part that ends
// before the "@" at index at. Words in front of it, set apart by space and not
// by a dot, are a name without its angle brackets.
func (p *addressParser) localStart(at int) int {
	i := at - 1
	for i > 0 {
		w, before := p.words[i], p.words[i-1]
		if w.spaced && !strings.HasPrefix(w.text, ".") && !strings.HasSuffix(before.text, ".") {
			return i
		}
		i--
	}
	return 0
}

// localPart joins the words of a local part.
func (p *addressParser) localPart(words []word) string {
	if len(words) == 1 && (words[0].quoted || isDotAtom(words[0].text)) {
		return words[0].text
	}
	var b strings.Builder
	for _, w := range words {
		b.WriteString(w.text)
	}
	s := b.String()
	if s == "" {
		p.repaired = true
		return MissingMailbox
	}
	if len(words) == 1 || !isDotAtom(s) {
		p.repaired = true
	}
	return s
}

// domain joins the words of a domain.
func (p *addressParser) domain(words []word) string {
	if len(words) == 1 && !words[0].quoted {
		return words[0].text
	}
	var b strings.Builder
	for i, w := range words {
		if i > 0 && w.spaced && !strings.HasPrefix(w.text, ".") && !strings.HasSuffix(words[i-1].text, ".") {
			p.repaired = true
			break
		}
		p.repaired = p.repaired || w.quoted
		b.WriteString(w.text)
	}
	if b.Len() == 0 {
		p.repaired = true
		return MissingDomain
	}
	return b.String()
}

// angleAddress reads what follows "<", up to the end of the element.
func (p *addressParser) angleAddress() {
	name := p.phrase(p.words)
	p.words = p.words[:0]
	route, closed := p.readAngle()
	at := p.atSign()
	a := Address{Name: name, Route: route}
	if at < 0 {
		p.repaired = true
		a.Mailbox, a.Host = p.localPart(p.words), MissingDomain
	} else {
		a.Mailbox, a.Host = p.localPart(p.words[:at]), p.domain(p.words[at+1:])
	}
	if closed {
		p.afterAngle()
	}
	if a.Name == "" && p.comment != "" {
		a.Name = commentText(p.comment)
	}
	p.add(a)
	if p.pos < len(p.in) && (p.in[p.pos] == ',' || p.in[p.pos] == ';') {
		p.pos++
		p.separator(p.in[p.pos-1])
	}
}

// readAngle reads the words up to ">". A source route before them is returned
// apart. It stops at a comma or semicolon and tells whether ">" was there.
func (p *addressParser) readAngle() (route string, closed bool) {
	for {
		p.readWords(",;:<>")
		if p.pos >= len(p.in) {
			p.repaired = true
			return route, false
		}
		c := p.in[p.pos]
		isRoute := len(p.words) > 0 && p.words[0].text == "@" && !p.words[0].quoted
		switch {
		case c == '>':
			p.pos++
			return route, true
		case c == ':' && isRoute:
			p.pos++
			route += p.routeText()
		case c == ',' && isRoute:
			p.pos++
			route += p.routeText() + ","
		case c == ',' || c == ';':
			p.repaired = true
			return route, false
		default: // "<<": RFC 7103 §7.1.2
			p.repaired = true
			p.pos++
		}
	}
}

// routeText turns the words read so far into part of a route.
func (p *addressParser) routeText() string {
	var b strings.Builder
	for _, w := range p.words {
		b.WriteString(w.text)
	}
	p.words = p.words[:0]
	return b.String()
}

// afterAngle skips what follows ">" in the same element. Words with another "<"
// after them are the next element, whose comma is missing: it steps back to them.
func (p *addressParser) afterAngle() {
	for {
		p.words = p.words[:0]
		p.readWords(",;<>")
		if len(p.words) > 0 {
			p.repaired = true
		}
		if p.pos >= len(p.in) || p.in[p.pos] == ',' || p.in[p.pos] == ';' {
			return
		}
		p.repaired = true
		if p.in[p.pos] == '<' && len(p.words) > 0 {
			p.pos = p.words[0].start
			return
		}
		p.pos++
	}
}
