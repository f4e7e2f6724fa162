package message

import "strings"

// maxBoundary is the longest boundary that is looked for. RFC 2046 §5.1.1
// allows 70 octets.
const maxBoundary = 200

// frame is a part that is open: its end has not been seen.
type frame struct {
	part *Part
	// message tells that the part is the root of a message: the whole one or
	// an embedded one.
	message bool
	// boundary is that of a multipart whose closing delimiter has not come.
	boundary string
	// lines is how many line ends came before the body.
	lines int64
}

// mark is the start of a line.
type mark struct {
	pos   int64
	lines int64 // line ends before it
	term  int64 // length of the one right before it
}

// push opens a part. Its header comes next.
func (s *Scanner) push(p *Part, message bool) {
	s.stack = append(s.stack, frame{part: p, message: message})
	s.inHeader = true
	s.header.reset()
}

// newPart takes a part from the slab.
func (s *Scanner) newPart() *Part {
	if len(s.slab) == 0 {
		s.slab = make([]Part, min(1+s.parts*2, 32))
	}
	p := &s.slab[0]
	s.slab = s.slab[1:]
	s.parts++
	return p
}

// openChild opens a new child of the innermost open part.
func (s *Scanner) openChild(start int64, message bool) {
	parent := s.stack[len(s.stack)-1].part
	child := s.newPart()
	child.HeaderStart = start
	parent.Children = append(parent.Children, child)
	s.push(child, message)
}

// roomBelow tells whether the innermost open part may get a child.
func (s *Scanner) roomBelow() bool {
	if len(s.stack) < s.limits.Depth && s.parts < s.limits.Parts {
		return true
	}
	s.out.Truncated = true
	return false
}

// matchDelimiter finds the open multipart that the line delimits, if any, and
// whether it closes it. The boundary need only be at the start of the line
// (RFC 2046 §5.1.1); where several are, the longest is meant.
func (s *Scanner) matchDelimiter(line []byte) (index int, closing bool) {
	line = line[2:]
	index = -1
	best := 0
	for i := len(s.stack) - 1; i >= 0; i-- {
		b := s.stack[i].boundary
		if len(b) > best && len(b) <= len(line) && string(line[:len(b)]) == b {
			index, best = i, len(b)
		}
	}
	if index < 0 {
		return -1, false
	}
	rest := line[best:]
	return index, len(rest) >= 2 && rest[0] == '-' && rest[1] == '-'
}

// delimiter handles a boundary line of the open multipart at index.
func (s *Scanner) delimiter(index int, closing bool, at mark) {
	if s.inHeader {
		s.endHeaderEarly(at.pos, at.lines)
	}
	endLines := at.lines
	if at.term > 0 {
		endLines--
	}
	s.closeAbove(index, at.pos-at.term, endLines)
	if closing || !s.roomBelow() {
		s.stack[index].boundary = ""
		s.open--
		return
	}
	s.openChild(s.pos, false)
}

// closeAbove closes the open parts above index.
func (s *Scanner) closeAbove(index int, end, lines int64) {
	for len(s.stack)-1 > index {
		top := &s.stack[len(s.stack)-1]
		if top.boundary != "" {
			s.open--
		}
		p := top.part
		if end < p.BodyStart {
			// The line end before the delimiter is that of the header, or of
			// another delimiter: it is not taken away from them.
			end, lines = p.BodyStart, top.lines
		}
		p.End = end
		p.Lines = lines - top.lines
		s.fillComposite(p)
		s.stack = s.stack[:len(s.stack)-1]
	}
}

// fillComposite gives a composite part without children its whole body as one.
func (s *Scanner) fillComposite(p *Part) {
	if len(p.Children) > 0 || !p.IsMultipart() && !p.IsMessage() {
		return
	}
	if p.IsMessage() {
		p.Envelope = new(Envelope)
	}
	child := &Part{HeaderStart: p.BodyStart, BodyStart: p.BodyStart, End: p.End, Lines: p.Lines}
	child.setDefaults(false)
	p.Children = []*Part{child}
}

// beginBody starts the body of the innermost open part at pos.
func (s *Scanner) beginBody(pos, lines int64) {
	s.inHeader = false
	top := &s.stack[len(s.stack)-1]
	top.part.BodyStart = pos
	top.lines = lines
	switch p := top.part; {
	case p.IsMultipart():
		top.boundary = s.boundaryOf(p)
		if top.boundary != "" {
			s.open++
		}
	case p.IsMessage() && isIdentity(p.Encoding) && s.roomBelow():
		s.openChild(pos, true)
	}
}

// boundaryOf returns the boundary to look for in multipart p, or "".
func (s *Scanner) boundaryOf(p *Part) string {
	b := rawParam(p.Params, "boundary")
	if b == "" || len(b) > maxBoundary || !s.roomBelow() {
		return ""
	}
	return b
}

// isIdentity tells whether the encoding leaves the octets as they are. Only
// then can parts be found inside (RFC 2045 §6.4).
func isIdentity(encoding string) bool {
	return strings.EqualFold(encoding, "7bit") || strings.EqualFold(encoding, "8bit") ||
		strings.EqualFold(encoding, "binary")
}

// inDigest tells whether the innermost open part is a child of a
// multipart/digest.
func (s *Scanner) inDigest() bool {
	top := len(s.stack) - 1
	if top < 1 || s.stack[top].message {
		return false
	}
	return strings.EqualFold(s.stack[top-1].part.Subtype, "digest")
}
