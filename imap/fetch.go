package imap

import (
	"slices"
	"strconv"
)

// FetchItems is a set of the data items of FETCH that have no arguments.
type FetchItems uint32

// Data items of FETCH (RFC 9051 §6.4.5, RFC 7162 §3.1.4.2, RFC 8474 §5,
// RFC 8514 §4.3).
const (
	FetchUID FetchItems = 1 << iota
	FetchFlags
	FetchInternalDate
	FetchSize // RFC822.SIZE
	FetchModSeq
	FetchEnvelope
	FetchBody          // BODY: the structure without extension data
	FetchBodyStructure // BODYSTRUCTURE
	FetchSaveDate
	FetchEmailID
	FetchThreadID
	FetchPreview // PREVIEW (RFC 8970)
)

// FetchOptions is what FETCH asks for.
type FetchOptions struct {
	Items    FetchItems
	Sections []BodySection
	// ChangedSince, if not zero, leaves out messages whose mod-sequence is
	// not larger (RFC 7162 §3.1.4.1).
	ChangedSince ModSeq
	// LazyPreview asks for a PREVIEW only where it is at hand (RFC 8970 §4.1).
	LazyPreview bool
	// Vanished asks, with ChangedSince, for the UIDs expunged since
	// (RFC 7162 §3.2.6).
	Vanished bool
	// Partial, if not zero, leaves only the messages at these places of the
	// set, before ChangedSince is looked at. What Vanished tells is about
	// the whole set (RFC 9394 §3.3 and §3.4).
	Partial PartialRange
	// NewestFirst asks for the messages from the highest UID down (RFC 9738
	// §3.1).
	NewestFirst bool
}

// SetsSeen reports whether fetching implicitly sets \Seen: one of the sections
// is body text that is not peeked at.
func (o *FetchOptions) SetsSeen() bool {
	return slices.ContainsFunc(o.Sections, func(s BodySection) bool { return !s.Peek })
}

// A SectionItem is the data item of FETCH that a BodySection was asked by.
type SectionItem uint8

// Data items that carry content.
const (
	ItemBody         SectionItem = iota // BODY[...] and BODY.PEEK[...]
	ItemBinary                          // BINARY[...]: decoded (RFC 9051 §6.4.5)
	ItemBinarySize                      // BINARY.SIZE[...]: the size of that
	ItemRFC822                          // RFC822: BODY[] (RFC 3501)
	ItemRFC822Header                    // RFC822.HEADER: BODY.PEEK[HEADER]
	ItemRFC822Text                      // RFC822.TEXT: BODY[TEXT]
)

// A SectionText is the part of a message or body part that a section means.
type SectionText string

// Texts of a section; empty is the whole.
const (
	SectionWhole           SectionText = ""
	SectionHeader          SectionText = "HEADER"
	SectionHeaderFields    SectionText = "HEADER.FIELDS"
	SectionHeaderFieldsNot SectionText = "HEADER.FIELDS.NOT"
	SectionBodyText        SectionText = "TEXT"
	SectionMIME            SectionText = "MIME"
)

// A Partial is a window on a section; its zero value is no window.
type Partial struct {
	Offset int64
	Count  int64 // at least 1 in a window
}

// A BodySection is content that FETCH asks for: a section of the message,
// perhaps a window on it.
type BodySection struct {
	Item SectionItem
	// Path has the part numbers, each at least 1; empty is the message.
	Path   []int
	Text   SectionText
	Fields []string // of HEADER.FIELDS and HEADER.FIELDS.NOT, as written
	// Peek says that \Seen is left as it is. It is true for all items that
	// never set it.
	Peek    bool
	Partial Partial
}

// AppendTo appends the data item as it stands in an answer: without .PEEK,
// and with the window's offset only (RFC 9051 §7.5.2).
func (s *BodySection) AppendTo(b []byte) []byte {
	switch s.Item {
	case ItemRFC822:
		return append(b, "RFC822"...)
	case ItemRFC822Header:
		return append(b, "RFC822.HEADER"...)
	case ItemRFC822Text:
		return append(b, "RFC822.TEXT"...)
	case ItemBinary:
		b = append(b, "BINARY["...)
	case ItemBinarySize:
		b = append(b, "BINARY.SIZE["...)
	default:
		b = append(b, "BODY["...)
	}
	b = append(s.appendSpec(b), ']')
	if s.Partial.Count > 0 {
		b = append(b, '<')
		b = strconv.AppendInt(b, s.Partial.Offset, 10)
		b = append(b, '>')
	}
	return b
}

func (s *BodySection) appendSpec(b []byte) []byte {
	for i, n := range s.Path {
		if i > 0 {
			b = append(b, '.')
		}
		b = strconv.AppendInt(b, int64(n), 10)
	}
	if s.Text != SectionWhole {
		if len(s.Path) > 0 {
			b = append(b, '.')
		}
		b = append(b, s.Text...)
	}
	if len(s.Fields) == 0 {
		return b
	}
	for i, f := range s.Fields {
		if i == 0 {
			b = append(b, " ("...)
		} else {
			b = append(b, ' ')
		}
		b = appendField(b, f)
	}
	return append(b, ')')
}

// appendField appends a header field name, which may be any astring.
func appendField(b []byte, f string) []byte {
	if isAtom(f) {
		return append(b, f...)
	}
	b = append(b, '"')
	for i := range len(f) {
		if f[i] == '"' || f[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, f[i])
	}
	return append(b, '"')
}

// String returns the section as it stands in an answer.
func (s *BodySection) String() string { return string(s.AppendTo(nil)) }
