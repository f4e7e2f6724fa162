package message

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/net/idna"
)

// MaxSurrogateHeader is the longest header, in octets, that Surrogate changes.
const MaxSurrogateHeader = 1 << 20

// ErrHeaderTooLong says that a header exceeds MaxSurrogateHeader.
var ErrHeaderTooLong = errors.New("message: header too long for a surrogate")

// Surrogate returns a form of the message in r for clients that cannot take
// other characters than ASCII in header fields (RFC 6856 §2.1, RFC 6858 §2):
// texts and names become encoded words (RFC 2047), parameters extended ones
// (RFC 2231 §4), an address that only RFC 6532 can write gives way to one that
// is invalid, and what has no such form is left out. Bodies and headers that
// are ASCII, and all fields that are, stay byte for byte. It returns nil if
// nothing has to be changed. One header at a time is in memory.
func Surrogate(s *Structure, r io.ReaderAt) (io.Reader, error) {
	out := &surrogate{source: r, size: s.Size}
	if err := out.find(s.Root); err != nil {
		return nil, err
	}
	if len(out.headers) == 0 {
		return nil, nil
	}
	return out, nil
}

// A surrogate reads a message with some of its headers changed.
type surrogate struct {
	source  io.ReaderAt
	size    int64
	headers []span // to be changed, in order
	at      int64  // in the source
	pending []byte // of a changed header
}

// A span is the octets from start up to end.
type span struct{ start, end int64 }

// find notes the headers of a part and those in it that are not ASCII.
func (s *surrogate) find(p *Part) error {
	header := span{p.HeaderStart, p.BodyStart}
	ascii, err := s.isASCII(header)
	if err != nil {
		return err
	}
	if !ascii {
		if header.end-header.start > MaxSurrogateHeader {
			return ErrHeaderTooLong
		}
		s.headers = append(s.headers, header)
	}
	for _, child := range p.Children {
		if err := s.find(child); err != nil {
			return err
		}
	}
	return nil
}

func (s *surrogate) isASCII(part span) (bool, error) {
	var buf [1 << 10]byte
	for at := part.start; at < part.end; {
		piece := buf[:min(part.end-at, int64(len(buf)))]
		if n, err := s.source.ReadAt(piece, at); n < len(piece) {
			return false, shortRead(err)
		}
		if asciiPrefix(piece) < len(piece) {
			return false, nil
		}
		at += int64(len(piece))
	}
	return true, nil
}

func shortRead(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Read implements io.Reader.
func (s *surrogate) Read(p []byte) (int, error) {
	if len(s.pending) == 0 && len(s.headers) > 0 && s.at == s.headers[0].start {
		if err := s.change(s.headers[0]); err != nil {
			return 0, err
		}
		s.at, s.headers = s.headers[0].end, s.headers[1:]
	}
	if len(s.pending) > 0 {
		n := copy(p, s.pending)
		s.pending = s.pending[n:]
		return n, nil
	}
	end := s.size
	if len(s.headers) > 0 {
		end = s.headers[0].start
	}
	if s.at >= end {
		if len(s.headers) == 0 {
			return 0, io.EOF
		}
		return 0, nil // a header is next
	}
	n, err := s.source.ReadAt(p[:min(int64(len(p)), end-s.at)], s.at)
	s.at += int64(n)
	if n > 0 || len(p) == 0 {
		return n, nil
	}
	return 0, shortRead(err)
}

// change reads a header and makes the form that is shown.
func (s *surrogate) change(header span) error {
	raw := make([]byte, header.end-header.start)
	if n, err := s.source.ReadAt(raw, header.start); n < len(raw) {
		return fmt.Errorf("message: surrogate: %w", shortRead(err))
	}
	s.pending = asciiHeader(raw)
	return nil
}

// asciiHeader returns a header with its blank line, if it has one, in ASCII.
func asciiHeader(raw []byte) []byte {
	var out HeaderBuilder
	rest := raw
	for f := range Header(raw).Fields() {
		rest = rest[len(f.Raw):]
		switch {
		case asciiPrefix(f.Raw) == len(f.Raw):
			out.b = append(out.b, f.Raw...)
		case len(f.Name()) > 0 && asciiPrefix(f.Name()) == len(f.Name()):
			out.asciiField(f)
		}
	}
	if asciiPrefix(rest) == len(rest) {
		out.b = append(out.b, rest...)
	}
	return out.b
}

// asciiField writes a field that is not ASCII in another form, or not at all.
func (h *HeaderBuilder) asciiField(f Field) {
	name := string(f.Name())
	switch {
	case isOneOf(f.Name(), addressFields()):
		h.Addresses(name, asciiAddresses(ParseAddressList(f.Text())))
	case f.Is("Content-Type"):
		mediaType, subtype, params := parseContentType(f.Text())
		h.asciiParams(name, mediaType+"/"+subtype, params)
	case f.Is("Content-Disposition"):
		disposition, params := parseDisposition(f.Text())
		h.asciiParams(name, disposition, params)
	case !isOneOf(f.Name(), structuredFields()):
		h.Text(name, DecodeHeader(f.Text()))
	}
}

// asciiParams writes a field with parameters, if its value is ASCII.
func (h *HeaderBuilder) asciiParams(name, value string, params []Param) {
	if !isASCII(value) || !isToken(valueHead(value)) {
		return
	}
	var kept []Param
	for _, p := range params {
		if isASCII(p.Name) {
			p.Value = validText(p.Value)
			kept = append(kept, p)
		}
	}
	h.Params(name, value, kept...)
}

// valueHead is what stands before the slash of a media type.
func valueHead(value string) string {
	for i := range len(value) {
		if value[i] == '/' {
			return value[:i]
		}
	}
	return value
}

// noAddress stands for an address that is not ASCII (RFC 6858 §2.1).
const noAddress = "invalid"

// noDomain is one that can never exist (RFC 6761 §6.4).
const noDomain = "internationalized-address.invalid"

// asciiAddresses returns a list that HeaderBuilder writes in ASCII.
func asciiAddresses(list []Address) []Address {
	for i := range list {
		a := &list[i]
		a.Name = DecodeHeader(a.Name)
		if !a.IsMailbox() {
			a.Mailbox = DecodeHeader(a.Mailbox)
			continue
		}
		full := a.Addr()
		if host, err := idna.Lookup.ToASCII(a.Host); err == nil {
			a.Host = host
		}
		if isASCII(a.Mailbox) && isASCII(a.Host) {
			continue
		}
		if a.Name == "" {
			a.Name = full
		}
		a.Mailbox, a.Host = noAddress, noDomain
	}
	return list
}

// addressFields are those that hold addresses (RFC 5322 §3.6).
func addressFields() []string {
	return []string{
		"From", "Sender", "Reply-To", "To", "Cc", "Bcc",
		"Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Bcc", "Resent-Reply-To",
		"Disposition-Notification-To", "Mail-Followup-To", "Mail-Reply-To",
	}
}

// structuredFields are those in which encoded words mean nothing.
func structuredFields() []string {
	return []string{
		"Return-Path", "Delivered-To", "Received", "Date", "Message-ID", "In-Reply-To", "References",
		"Resent-Date", "Resent-Message-ID", "MIME-Version", "Content-Transfer-Encoding", "Content-ID",
		"Content-MD5", "Content-Language", "Content-Location", "Content-Duration", "Content-Base",
		"List-ID", "List-Help", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Subscribe", "List-Post",
		"List-Owner", "List-Archive", "Authentication-Results", "Received-SPF", "DKIM-Signature",
		"ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results", "Auto-Submitted", "Original-Recipient",
	}
}
