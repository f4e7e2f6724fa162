package message

import (
	"bytes"
	"iter"
	"strings"
)

// Header is a header as it stands in the message: fields, and the blank line
// if there is one. It may also be a whole message: nothing after the first
// blank line is looked at.
type Header []byte

// Field is one field of a header, as it stands there.
type Field struct {
	// Raw is the field with its folded lines and its line end.
	Raw []byte
	fieldHead
}

// Name returns the field's name as given, or nothing for lines that are not a
// header field.
func (f Field) Name() []byte { return f.Raw[:f.name] }

// Value returns what follows the colon, with folding and line end.
func (f Field) Value() []byte {
	if f.name == 0 {
		return nil
	}
	return f.Raw[f.colon+1:]
}

// Is tells whether the field has this name, whatever its case.
func (f Field) Is(name string) bool {
	return f.name == len(name) && f.name > 0 && equalFoldASCII(f.Raw[:f.name], name)
}

// Text returns the value unfolded (RFC 5322 §2.2.3) and without white space
// around it. Encoded words stay.
func (f Field) Text() string { return Unfold(f.Value()) }

// equalFoldASCII tells whether a and b, of the same length, differ at most in
// the case of ASCII letters.
func equalFoldASCII(a []byte, b string) bool {
	for i, c := range a {
		if lowerASCII(c) != lowerASCII(b[i]) {
			return false
		}
	}
	return true
}

func lowerASCII(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// Unfold returns a raw field value as one line without white space around it
// (RFC 5322 §2.2.3). NULs are dropped and a stray CR becomes a space, so that
// the result never holds an octet that ends a line.
func Unfold(value []byte) string {
	return string(withoutSpaceAround(appendUnfolded(make([]byte, 0, len(value)), value)))
}

// appendUnfolded appends value as one line, white space around it included.
func appendUnfolded(dst, value []byte) []byte {
	for len(value) > 0 {
		line := value
		if i := bytes.IndexByte(value, '\n'); i >= 0 {
			line, value = value[:i+1], value[i+1:]
		} else {
			value = nil
		}
		line, _ = splitLineEnd(line)
		dst = appendClean(dst, line)
	}
	return dst
}

// Fields iterates over the fields in order, without allocating. A line that is
// not a header field belongs to the field before it (RFC 7103 §7.2); at the
// start of the header it is a field without a name.
func (h Header) Fields() iter.Seq[Field] {
	return func(yield func(Field) bool) {
		head := headOf(h)
		for rest := h; len(rest) > 0 && !startsBlank(rest); {
			end, next := fieldEnd(rest)
			if !yield(Field{rest[:end:end], head}) {
				return
			}
			rest, head = rest[end:], next
		}
	}
}

// A fieldHead is where a field's colon and the end of its name are; zero if a line does not
// begin a field.
type fieldHead struct {
	colon int
	name  int // length of the name
}

// headOf returns the head of the field that b starts with. White space before
// the colon is obsolete but allowed (RFC 5322 §4.5).
func headOf(b []byte) fieldHead {
	name := 0
	for name < len(b) && isFieldName(b[name]) {
		name++
	}
	colon := name
	for colon < len(b) && isSpace(b[colon]) {
		colon++
	}
	if name == 0 || colon == len(b) || b[colon] != ':' {
		return fieldHead{}
	}
	return fieldHead{colon, name}
}

// isFieldName tells whether c may be in the name of a field (RFC 5322 §2.2).
func isFieldName(c byte) bool { return c > ' ' && c < 0x7f && c != ':' }

// fieldEnd returns the length of the field that h starts with, and the head of
// the one behind it.
func fieldEnd(h Header) (end int, next fieldHead) {
	end = lineLen(h)
	for end < len(h) && !startsBlank(h[end:]) {
		if next = headOf(h[end:]); next.name > 0 {
			return end, next
		}
		end += lineLen(h[end:])
	}
	return end, next
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// startsBlank tells whether b starts with a blank line.
func startsBlank(b []byte) bool {
	return len(b) > 0 && b[0] == '\n' || len(b) > 1 && b[0] == '\r' && b[1] == '\n'
}

// lineLen returns the length of the first line of b with its line end.
func lineLen(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1
	}
	return len(b)
}

// splitLineEnd splits the line end off.
func splitLineEnd(line []byte) (content, end []byte) {
	n := len(line)
	switch {
	case n >= 2 && line[n-2] == '\r' && line[n-1] == '\n':
		n -= 2
	case n >= 1 && line[n-1] == '\n':
		n--
	}
	return line[:n], line[n:]
}

// Get returns the text of the first field with this name, unfolded and not
// decoded, and whether there is one.
func (h Header) Get(name string) (text string, ok bool) {
	for f := range h.Fields() {
		if f.Is(name) {
			return f.Text(), true
		}
	}
	return "", false
}

// Values returns the texts of all fields with this name, from the top down.
func (h Header) Values(name string) []string {
	var texts []string
	for f := range h.Fields() {
		if f.Is(name) {
			texts = append(texts, f.Text())
		}
	}
	return texts
}

// Only returns the fields with one of the names, byte for byte, and the blank
// line if the header has one: what IMAP calls HEADER.FIELDS (RFC 9051
// §6.4.5.1).
func (h Header) Only(names ...string) []byte { return h.filter(names, true) }

// Without returns the fields with none of the names, byte for byte, and the
// blank line if the header has one: HEADER.FIELDS.NOT.
func (h Header) Without(names ...string) []byte { return h.filter(names, false) }

// usualHeader is the room for fields that are chosen from a header.
const usualHeader = 512

func (h Header) filter(names []string, keep bool) []byte {
	out := make([]byte, 0, min(len(h), usualHeader))
	end := 0
	for f := range h.Fields() {
		end += len(f.Raw)
		if isOneOf(f.Name(), names) == keep {
			out = append(out, f.Raw...)
		}
	}
	return append(out, blankLine(h[end:])...)
}

// blankLine returns the blank line that b starts with, or nothing.
func blankLine(b []byte) []byte {
	if !startsBlank(b) {
		return nil
	}
	return b[:lineLen(b)]
}

func isOneOf(name []byte, names []string) bool {
	for _, n := range names {
		if len(n) == len(name) && len(n) > 0 && equalFoldASCII(name, n) {
			return true
		}
	}
	return false
}

// ParseMessageIDs returns the message identifiers in the value of a References,
// In-Reply-To or Message-ID field (RFC 5322 §3.6.4), without angle brackets
// and without white space. Anything else in the value, such as the phrases of
// the obsolete syntax, is passed over.
func ParseMessageIDs(value string) []string {
	var ids []string
	for {
		start := strings.IndexByte(value, '<')
		if start < 0 {
			return ids
		}
		value = value[start+1:]
		end := strings.IndexAny(value, "<>")
		if end < 0 {
			return ids
		}
		if id := removeSpace(value[:end]); value[end] == '>' && id != "" {
			ids = append(ids, id)
		}
		value = value[end:]
	}
}

// removeSpace removes all white space: folding puts some into identifiers.
func removeSpace(s string) string {
	return strings.Join(strings.Fields(s), "")
}
