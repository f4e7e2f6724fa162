package message

import "bytes"

// Scanner makes the [Structure] of a message from its bytes as they stream
// past. It is an [io.Writer] that never fails, needs memory within its
// [Limits], and takes time linear in the size of the message.
//
// It works on lines: in a header each line is looked at, in a body only those
// that start with "--" while a multipart is open.
type Scanner struct {
	limits Limits

	pos   int64 // octets taken so far
	lines int64 // line ends taken so far
	term  int64 // length of the last line end: 1 or 2, or 0 at the start

	// A line of which the end has not come yet.
	partial    bool
	head       []byte // its first octets
	partialLen int64
	partialCR  bool // its last octet is CR

	stack    []frame // the parts that are open, the root first
	open     int     // how many of them have a boundary
	inHeader bool
	header   headerScan

	out       Structure
	slab      []Part
	parts     int
	textLeft  int
	addresses int // how many may still be kept
}

// NewScanner returns a scanner for one message.
func NewScanner(limits Limits) *Scanner {
	s := &Scanner{limits: limits.withDefaults(), stack: make([]frame, 0, 8)}
	s.textLeft = s.limits.Text
	s.addresses = s.limits.Addresses
	s.header.text = make([]byte, 0, 512)
	s.header.fields = make([]field, 0, 16)
	s.out.Root = s.newPart()
	s.push(s.out.Root, true)
	return s
}

// Write takes the next octets of the message. It always takes all of them.
func (s *Scanner) Write(p []byte) (int, error) {
	n := len(p)
	if s.partial {
		p = s.continueLine(p)
	}
	for len(p) > 0 {
		if !s.inHeader {
			if p = s.skipBody(p); len(p) == 0 {
				break
			}
		}
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			s.beginLine(p)
			break
		}
		s.wholeLine(p[:i+1])
		p = p[i+1:]
	}
	return n, nil
}

// Finish ends the message and returns its structure. The scanner is done then.
func (s *Scanner) Finish() *Structure {
	if s.partial {
		s.partial = false
		s.takeLine(s.head, s.partialLen, 0)
	}
	if s.inHeader {
		s.endHeaderEarly(s.pos, s.lines)
	}
	s.closeAbove(-1, s.pos, s.lines)
	s.out.Size = s.pos
	if s.out.Envelope == nil {
		s.out.Envelope = new(Envelope)
	}
	return &s.out
}

var delimiterStart = []byte("\n--")

// skipBody passes over the whole lines at the start of p that cannot be
// delimiters and returns the rest.
func (s *Scanner) skipBody(p []byte) []byte {
	end := -1
	if s.open > 0 {
		if bytes.HasPrefix(p, delimiterStart[1:]) {
			return p
		}
		end = bytes.Index(p, delimiterStart)
	}
	if end < 0 {
		end = bytes.LastIndexByte(p, '\n')
	}
	if end < 0 {
		return p
	}
	skipped := p[:end+1]
	s.pos += int64(len(skipped))
	s.lines += int64(bytes.Count(skipped, delimiterStart[:1]))
	s.term = lineEndLen(skipped)
	return p[end+1:]
}

// lineEndLen returns the length of the line end that line has.
func lineEndLen(line []byte) int64 {
	if len(line) > 1 && line[len(line)-2] == '\r' {
		return 2
	}
	return 1
}

// keep is how many octets of a line matter.
func (s *Scanner) keep() int {
	if s.inHeader {
		return s.limits.Header
	}
	return maxBoundary + len("----")
}

func (s *Scanner) wholeLine(line []byte) {
	term := lineEndLen(line)
	length := int64(len(line))
	content := line[:length-term]
	s.takeLine(content[:min(len(content), s.keep())], length, term)
}

func (s *Scanner) beginLine(p []byte) {
	s.partial = true
	s.head = s.head[:0]
	s.partialLen = 0
	s.extendLine(p)
}

func (s *Scanner) extendLine(p []byte) {
	room := s.keep() - len(s.head)
	s.head = append(s.head, p[:min(room, len(p))]...)
	s.partialLen += int64(len(p))
	s.partialCR = p[len(p)-1] == '\r'
}

// continueLine adds p to the partial line, up to its end if it is there, and
// returns what comes after.
func (s *Scanner) continueLine(p []byte) []byte {
	if len(p) == 0 {
		return p
	}
	i := bytes.IndexByte(p, '\n')
	if i < 0 {
		s.extendLine(p)
		return nil
	}
	term := int64(1)
	if i > 0 {
		s.extendLine(p[:i])
	}
	if s.partialCR {
		term = 2
	}
	length := s.partialLen + 1
	s.partial = false
	s.takeLine(s.head[:min(int64(len(s.head)), length-term)], length, term)
	return p[i+1:]
}

// takeLine handles one line: head is its start without the line end, length
// its length with it.
func (s *Scanner) takeLine(head []byte, length, term int64) {
	start, linesBefore, termBefore := s.pos, s.lines, s.term
	s.pos += length
	s.term = term
	if term > 0 {
		s.lines++
	}
	if s.open > 0 && bytes.HasPrefix(head, delimiterStart[1:]) {
		if i, closing := s.matchDelimiter(head); i >= 0 {
			s.delimiter(i, closing, mark{start, linesBefore, termBefore})
			return
		}
	}
	if s.inHeader {
		s.headerLine(head, length == term && term > 0, mark{start, linesBefore, termBefore})
	}
}
