package message

import (
	"bytes"
	"strings"
)

// headerScan collects the fields that matter from the header being read.
type headerScan struct {
	size    int     // octets looked at
	text    []byte  // the values collected, unfolded, one after the other
	fields  []field // in the order they came
	keeping bool    // continuation lines belong to the last of fields

	// A line that is no field may be the start of a body without a blank line
	// before it: where that was.
	suspect     bool
	suspectAt   mark
	suspectText int

	boundary      string // of Content-Type, once it was needed
	boundaryKnown bool
}

// field is a collected field: its value starts at start in the text and ends
// where the next begins.
type field struct {
	kind  fieldKind
	start int
}

func (h *headerScan) reset() {
	text, fields := h.text[:0], h.fields[:0]
	*h = headerScan{text: text, fields: fields}
}

// headerLine handles a line of a header. RFC 7103 §7.2 advises how to go on
// after a line that is not a header line: it continues the field before it,
// unless neither another field nor a blank line follows.
func (s *Scanner) headerLine(line []byte, blank bool, at mark) {
	h := &s.header
	if blank {
		s.endHeader(s.pos, s.lines)
		return
	}
	within := s.countHeader(len(line))
	if len(line) == 0 {
		return
	}
	if line[0] == ' ' || line[0] == '\t' {
		h.extend(line, within)
		return
	}
	name, value, ok := splitField(line)
	if ok {
		h.begin(name, value, within)
		return
	}
	if s.ownDelimiter(line) {
		s.endHeader(at.pos, at.lines)
		if i, closing := s.matchDelimiter(line); i >= 0 {
			s.delimiter(i, closing, at)
		}
		return
	}
	h.suspectLine(line, within, at)
}

// countHeader counts n octets against the limit and tells whether they fit.
func (s *Scanner) countHeader(n int) bool {
	s.header.size += n
	if s.header.size <= s.limits.Header {
		return true
	}
	s.header.size = s.limits.Header + 1
	s.out.Truncated = true
	return false
}

func (h *headerScan) begin(name, value []byte, within bool) {
	h.suspect = false
	kind := kindOf(name)
	h.keeping = kind != 0 && within
	if !h.keeping {
		return
	}
	h.fields = append(h.fields, field{kind: kind, start: len(h.text)})
	h.text = appendClean(h.text, value)
}

func (h *headerScan) extend(line []byte, within bool) {
	if h.keeping && within {
		h.text = appendClean(h.text, line)
	}
}

func (h *headerScan) suspectLine(line []byte, within bool, at mark) {
	if !h.suspect {
		h.suspect, h.suspectAt, h.suspectText = true, at, len(h.text)
	}
	if h.keeping && within {
		h.text = append(h.text, ' ')
		h.text = appendClean(h.text, line)
	}
}

// splitField splits a header line at its colon. White space before the colon
// is obsolete but allowed (RFC 5322 §4.5).
func splitField(line []byte) (name, value []byte, ok bool) {
	colon := bytes.IndexByte(line, ':')
	if colon < 1 {
		return nil, nil, false
	}
	end := colon
	for end > 0 && isSpace(line[end-1]) {
		end--
	}
	name = line[:end]
	for _, c := range name {
		if c <= ' ' || c >= 0x7f {
			return nil, nil, false
		}
	}
	return name, line[colon+1:], len(name) > 0
}

// appendClean appends value without NULs, which IMAP strings cannot carry, and
// with a space for a stray CR.
func appendClean(dst, value []byte) []byte {
	start := len(dst)
	dst = append(dst, value...)
	added := dst[start:]
	if bytes.IndexByte(added, 0) < 0 && bytes.IndexByte(added, '\r') < 0 {
		return dst
	}
	kept := dst[:start]
	for _, c := range added {
		switch c {
		case 0:
		case '\r':
			kept = append(kept, ' ')
		default:
			kept = append(kept, c)
		}
	}
	return kept
}

// ownDelimiter tells whether line is a delimiter of the multipart whose header
// this is: the blank line is missing.
func (s *Scanner) ownDelimiter(line []byte) bool {
	if !bytes.HasPrefix(line, delimiterStart[1:]) {
		return false
	}
	h := &s.header
	if !h.boundaryKnown {
		for i, f := range h.fields {
			if f.kind == fieldContentType {
				h.boundaryKnown = true
				h.boundary = multipartBoundary(string(h.value(i)))
				break
			}
		}
	}
	return h.boundary != "" && len(h.boundary) <= maxBoundary &&
		bytes.HasPrefix(line[2:], []byte(h.boundary))
}

// multipartBoundary returns the boundary in a Content-Type, if it is a
// multipart.
func multipartBoundary(contentType string) string {
	mediaType, _, params := parseContentType(contentType)
	if !strings.EqualFold(mediaType, "multipart") {
		return ""
	}
	return rawParam(params, "boundary")
}

// value returns the value of field i, trimmed.
func (h *headerScan) value(i int) []byte {
	end := len(h.text)
	if i+1 < len(h.fields) {
		end = h.fields[i+1].start
	}
	return bytes.TrimSpace(h.text[h.fields[i].start:end])
}

// endHeaderEarly ends a header that has no blank line before pos. What looked
// like a broken line after the last field is the body then; if that is an
// embedded message, it has no header.
func (s *Scanner) endHeaderEarly(pos, lines int64) {
	if h := &s.header; h.suspect {
		h.text = h.text[:h.suspectText]
		pos, lines = h.suspectAt.pos, h.suspectAt.lines
	}
	for s.inHeader {
		s.endHeader(pos, lines)
	}
}

// endHeader puts what was collected into the part, whose body starts at pos.
func (s *Scanner) endHeader(pos, lines int64) {
	top := &s.stack[len(s.stack)-1]
	s.applyFields(top)
	s.beginBody(pos, lines)
}
