package message

import "strings"

// Structure is what is worth remembering about a message once it has been
// read: its envelope, its parts and where they are.
type Structure struct {
	// Root is the message itself, seen as a MIME part. Never nil.
	Root *Part
	// Envelope is that of the message. Never nil.
	Envelope *Envelope
	// Size is the length of the whole message in octets.
	Size int64
	// Truncated tells that a limit was met: part of the tree, of the envelope
	// or of a parameter list is missing. Offsets are right nevertheless.
	Truncated bool
}

// Part is a MIME entity (RFC 2045 §2.4): where it is, and what its header says
// about it. Offsets count octets from the start of the message.
type Part struct {
	HeaderStart int64 // first octet of the header
	BodyStart   int64 // first octet after the header's blank line
	End         int64 // first octet after the body
	// Lines is the number of line ends in the body, as BODYSTRUCTURE wants it
	// for text and for embedded messages. The line end in front of a boundary
	// belongs to the boundary (RFC 2046 §5.1.1) and is not counted.
	Lines int64

	// Type and Subtype are as given; text/plain where the header gives none or
	// nonsense (RFC 2045 §5.2), message/rfc822 in a digest (RFC 2046 §5.1.5).
	Type    string
	Subtype string
	// Params are those of Content-Type, see [Param].
	Params []Param
	// ID is Content-ID.
	ID string
	// Description is Content-Description, not decoded.
	Description string
	// Encoding is Content-Transfer-Encoding as given, "7bit" if absent.
	Encoding string
	// MD5 is Content-MD5 (RFC 1864).
	MD5 string
	// Disposition is the type in Content-Disposition (RFC 2183), or empty.
	Disposition       string
	DispositionParams []Param
	// Language holds the tags of Content-Language (RFC 3282).
	Language []string
	// Location is Content-Location (RFC 2557).
	Location string

	// Envelope is that of the embedded message if [Part.IsMessage], else nil.
	Envelope *Envelope
	// Children are the parts of a multipart, or the root part of the embedded
	// message.
	Children []*Part
}

// Param is a parameter of Content-Type or Content-Disposition, in the form
// that BODYSTRUCTURE shows. The pieces of an RFC 2231 continuation are joined,
// as RFC 9051 §7.5.2 asks. A value that uses RFC 2231 §4 (a charset, octets as
// %XX) keeps that form under a name that ends in "*": it stays within ASCII,
// which every IMAP client can take, and clients know the form from mail.
// [Part.Param] and [DecodedParam] give the text.
type Param struct {
	Name  string // as given
	Value string
}

// Envelope is the parsed header of a message (RFC 9051 §7.5.2). Texts are
// unfolded and not decoded; an absent field and an empty one are both empty.
type Envelope struct {
	Date    string
	Subject string
	From    []Address
	// Sender and ReplyTo are those of From where the header has none.
	Sender    []Address
	ReplyTo   []Address
	To        []Address
	Cc        []Address
	Bcc       []Address
	InReplyTo string
	MessageID string
}

// Size returns the length of the body in octets, not decoded.
func (p *Part) Size() int64 { return p.End - p.BodyStart }

// IsMultipart tells whether the part is a multipart of any subtype.
func (p *Part) IsMultipart() bool { return strings.EqualFold(p.Type, "multipart") }

// IsText tells whether the part is text of any subtype.
func (p *Part) IsText() bool { return strings.EqualFold(p.Type, "text") }

// IsMessage tells whether the part embeds a message: message/rfc822, or
// message/global (RFC 6532 §3.7).
func (p *Part) IsMessage() bool {
	return strings.EqualFold(p.Type, "message") &&
		(strings.EqualFold(p.Subtype, "rfc822") || strings.EqualFold(p.Subtype, "global"))
}

// Find returns the part with the given number, such as [4 2 1] for 4.2.1, by
// the rules of RFC 9051 §6.4.5.1: a message that is not a multipart has one
// part, number 1, and the numbers below an embedded message count the parts of
// that message. An empty path is the root. It returns nil if there is no such
// part.
func (s *Structure) Find(path []int) *Part {
	part, within := s.Root, s.Root
	for _, n := range path {
		part = numbered(within, n)
		if part == nil {
			return nil
		}
		within = interior(part)
	}
	return part
}

// numbered returns part n of the entity that within is the root of.
func numbered(within *Part, n int) *Part {
	switch {
	case within == nil || n < 1:
		return nil
	case within.IsMultipart():
		if n > len(within.Children) {
			return nil
		}
		return within.Children[n-1]
	case n == 1:
		return within
	}
	return nil
}

// interior returns the part whose numbering continues below p, or nil.
func interior(p *Part) *Part {
	switch {
	case p.IsMultipart():
		return p
	case p.IsMessage() && len(p.Children) > 0:
		return p.Children[0]
	}
	return nil
}

// Shift makes s describe the same message with n octets of header fields put
// in front of it: all offsets move, and the root's header begins at 0.
func (s *Structure) Shift(n int64) {
	s.Size += n
	s.Root.shift(n)
	s.Root.HeaderStart = 0
}

func (p *Part) shift(n int64) {
	p.HeaderStart += n
	p.BodyStart += n
	p.End += n
	for _, child := range p.Children {
		child.shift(n)
	}
}
