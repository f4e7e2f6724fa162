package message

import (
	"bytes"
	"strings"
)

// fieldKind is a header field that a structure keeps something of.
type fieldKind uint8

const (
	fieldDate fieldKind = iota + 1
	fieldSubject
	fieldFrom
	fieldSender
	fieldReplyTo
	fieldTo
	fieldCc
	fieldBcc
	fieldInReplyTo
	fieldMessageID
	fieldContentType // from here on for each part, before only for messages
	fieldContentID
	fieldContentDescription
	fieldContentTransferEncoding
	fieldContentMD5
	fieldContentDisposition
	fieldContentLanguage
	fieldContentLocation
	fieldKinds
)

// fieldNames holds the names of the kinds in lower case.
var fieldNames = [fieldKinds]string{
	fieldDate:                    "date",
	fieldSubject:                 "subject",
	fieldFrom:                    "from",
	fieldSender:                  "sender",
	fieldReplyTo:                 "reply-to",
	fieldTo:                      "to",
	fieldCc:                      "cc",
	fieldBcc:                     "bcc",
	fieldInReplyTo:               "in-reply-to",
	fieldMessageID:               "message-id",
	fieldContentType:             "content-type",
	fieldContentID:               "content-id",
	fieldContentDescription:      "content-description",
	fieldContentTransferEncoding: "content-transfer-encoding",
	fieldContentMD5:              "content-md5",
	fieldContentDisposition:      "content-disposition",
	fieldContentLanguage:         "content-language",
	fieldContentLocation:         "content-location",
}

// kindOf returns the kind of the field with this name, or 0.
func kindOf(name []byte) fieldKind {
	first := name[0] | 0x20
	for k := fieldDate; k < fieldKinds; k++ {
		n := fieldNames[k]
		if n[0] == first && len(n) == len(name) && bytes.EqualFold(name, []byte(n)) {
			return k
		}
	}
	return 0
}

// applyFields puts the collected fields into the part of f, and into the
// envelope if it is the root of a message.
//
// Of a field that may stand once, the first counts; repeated address fields
// are read as one list (RFC 7103 §7.5.1).
func (s *Scanner) applyFields(f *frame) {
	env := s.envelopeFor(f)
	h := &s.header
	text := s.keepText(h.text)
	var seen [fieldKinds]bool
	for i, fd := range h.fields {
		value := text.slice(h, i)
		if fd.kind < fieldContentType {
			if env != nil {
				s.applyEnvelope(env, fd.kind, value, seen[fd.kind])
			}
		} else if !seen[fd.kind] {
			f.part.apply(fd.kind, value)
		}
		seen[fd.kind] = true
	}
	f.part.setDefaults(s.inDigest())
	if env != nil {
		env.setDefaults()
	}
}

// envelopeFor makes the envelope that the header being read belongs to, or nil.
func (s *Scanner) envelopeFor(f *frame) *Envelope {
	if !f.message {
		return nil
	}
	env := new(Envelope)
	if len(s.stack) == 1 {
		s.out.Envelope = env
	} else {
		s.stack[len(s.stack)-2].part.Envelope = env
	}
	return env
}

// keptText is the text of a header as one string, as far as the limit allows.
type keptText string

func (s *Scanner) keepText(text []byte) keptText {
	if len(text) > s.textLeft {
		s.out.Truncated = true
		text = text[:s.textLeft]
	}
	s.textLeft -= len(text)
	return keptText(text)
}

// slice returns the value of field i of h.
func (t keptText) slice(h *headerScan, i int) string {
	end := len(t)
	if i+1 < len(h.fields) {
		end = min(end, h.fields[i+1].start)
	}
	return trimSpace(string(t[min(h.fields[i].start, end):end]))
}

func trimSpace(s string) string { return strings.Trim(s, " \t") }

func (s *Scanner) applyEnvelope(env *Envelope, kind fieldKind, value string, again bool) {
	if list := env.list(kind); list != nil {
		s.addAddresses(list, value)
		return
	}
	if text := env.text(kind); text != nil && !again {
		*text = value
	}
}

// addAddresses parses value and adds to list what the limit allows.
func (s *Scanner) addAddresses(list *[]Address, value string) {
	p := addressParser{in: value, out: *list, max: len(*list) + s.addresses}
	p.parseList()
	s.addresses -= len(p.out) - len(*list)
	*list = p.out
	if p.full {
		s.out.Truncated = true
	}
}

// list returns the address list that fields of this kind fill, or nil.
func (e *Envelope) list(kind fieldKind) *[]Address {
	switch kind {
	case fieldFrom:
		return &e.From
	case fieldSender:
		return &e.Sender
	case fieldReplyTo:
		return &e.ReplyTo
	case fieldTo:
		return &e.To
	case fieldCc:
		return &e.Cc
	case fieldBcc:
		return &e.Bcc
	}
	return nil
}

// text returns the text that a field of this kind fills, or nil.
func (e *Envelope) text(kind fieldKind) *string {
	switch kind {
	case fieldDate:
		return &e.Date
	case fieldSubject:
		return &e.Subject
	case fieldInReplyTo:
		return &e.InReplyTo
	case fieldMessageID:
		return &e.MessageID
	}
	return nil
}

func (e *Envelope) setDefaults() {
	if len(e.Sender) == 0 {
		e.Sender = e.From
	}
	if len(e.ReplyTo) == 0 {
		e.ReplyTo = e.From
	}
}

func (p *Part) apply(kind fieldKind, value string) {
	switch kind {
	case fieldContentType:
		p.Type, p.Subtype, p.Params = parseContentType(value)
	case fieldContentID:
		p.ID = value
	case fieldContentDescription:
		p.Description = value
	case fieldContentTransferEncoding:
		p.Encoding = firstToken(value)
	case fieldContentMD5:
		p.MD5 = value
	case fieldContentDisposition:
		p.Disposition, p.DispositionParams = parseDisposition(value)
	case fieldContentLanguage:
		p.Language = parseLanguage(value)
	case fieldContentLocation:
		p.Location = value
	}
}

// setDefaults fills in what the header left out (RFC 2045 §5.2, §6.1).
func (p *Part) setDefaults(inDigest bool) {
	if p.Encoding == "" {
		p.Encoding = "7bit"
	}
	switch {
	case p.Type != "":
	case inDigest:
		p.Type, p.Subtype = "message", "rfc822"
	default:
		p.Type, p.Subtype = "text", "plain"
		p.Params = []Param{{Name: "charset", Value: "us-ascii"}}
	}
}
