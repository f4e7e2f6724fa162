package imap

import (
	"errors"
	"strconv"
	"strings"

	"github.com/mailstead/mailstead/message"
)

// ErrSection says that a text is no section specification.
var ErrSection = errors.New("imap: malformed section")

// maxSectionPath is the number of part numbers in a section.
const maxSectionPath = 100

// ParseSection reads what stands between the brackets of BODY[...], as a URL
// has it too (RFC 5092 §11): "", "1.2", "HEADER.FIELDS (From To)", "2.MIME".
// Peek is set: a section by itself never sets \Seen.
func ParseSection(spec string) (BodySection, error) {
	s := BodySection{Peek: true}
	rest := spec
	for rest != "" && rest[0] >= '0' && rest[0] <= '9' {
		var number string
		var more bool
		number, rest, more = strings.Cut(rest, ".")
		n, err := strconv.ParseUint(number, 10, 31)
		if err != nil || n == 0 || len(s.Path) == maxSectionPath || more && rest == "" {
			return BodySection{}, ErrSection
		}
		s.Path = append(s.Path, int(n))
		if !more {
			return s, nil
		}
	}
	if rest == "" {
		return s, nil
	}
	err := s.parseText(rest)
	return s, err
}

// parseText reads the text of a section, which stands last.
func (s *BodySection) parseText(spec string) error {
	word, fields, listed := strings.Cut(spec, " ")
	s.Text = SectionText(strings.ToUpper(word))
	switch s.Text {
	case SectionHeader, SectionBodyText:
	case SectionMIME:
		if len(s.Path) == 0 {
			return ErrSection
		}
	case SectionHeaderFields, SectionHeaderFieldsNot:
		return s.parseFields(fields)
	default:
		return ErrSection
	}
	if listed {
		return ErrSection
	}
	return nil
}

// parseFields reads a list of names in parentheses.
func (s *BodySection) parseFields(list string) error {
	list, open := strings.CutPrefix(list, "(")
	list, closed := strings.CutSuffix(list, ")")
	s.Fields = strings.Split(list, " ")
	if !open || !closed {
		return ErrSection
	}
	for i, name := range s.Fields {
		if len(name) > 1 && name[0] == '"' && name[len(name)-1] == '"' {
			s.Fields[i] = name[1 : len(name)-1]
		}
		if !isAtom(s.Fields[i]) {
			return ErrSection
		}
	}
	return nil
}

// Spec returns what stands between the brackets.
func (s *BodySection) Spec() string { return string(s.appendSpec(nil)) }

// IsWhole reports whether s is the message as it is.
func (s *BodySection) IsWhole() bool {
	switch s.Item {
	case ItemRFC822:
		return true
	case ItemRFC822Header, ItemRFC822Text:
		return false
	}
	return len(s.Path) == 0 && s.Text == SectionWhole
}

// Locate returns where the section is in a message of that structure and size,
// HEADER.FIELDS as the header that they are taken from; ok is false if the
// message has no such section (RFC 9051 §6.4.5.1). The structure may be nil for
// the whole.
func (s *BodySection) Locate(m *message.Structure, size int64) (start, end int64, ok bool) {
	if s.IsWhole() {
		return 0, size, true
	}
	p := m.Find(s.Path)
	if p == nil {
		return 0, 0, false
	}
	switch s.Text {
	case SectionWhole:
		return p.BodyStart, p.End, true
	case SectionMIME:
		return p.HeaderStart, p.BodyStart, true
	}
	// HEADER and TEXT are those of a message: the whole, or an embedded one.
	if len(s.Path) > 0 {
		if !p.IsMessage() {
			return 0, 0, false
		}
		p = p.Children[0]
	}
	if s.Text == SectionBodyText {
		return p.BodyStart, p.End, true
	}
	return p.HeaderStart, p.BodyStart, true
}
