package message

import (
	"encoding/binary"
	"errors"
)

// The binary form of a Structure:
//
//	version, flags
//	length of the envelope, envelope
//	size, number of parts, parameters
//	root part: each part is followed by its envelope and its children
//
// Numbers are unsigned varints. A string is its length times two and its
// octets, or an index into commonStrings times two plus one. Offsets are
// distances from the end of what comes before.
const codecVersion = 1

const flagTruncated = 1

// ErrStructure tells that octets are not the binary form of a structure.
var ErrStructure = errors.New("message: malformed binary structure")

// commonStrings are the values that most parts have. The list may only grow at
// its end.
var commonStrings = [...]string{
	"", "text", "plain", "html", "multipart", "mixed", "alternative", "related",
	"charset", "utf-8", "UTF-8", "us-ascii", "US-ASCII", "iso-8859-1", "ISO-8859-1", "windows-1252",
	"7bit", "8bit", "7BIT", "8BIT", "base64", "BASE64", "quoted-printable", "QUOTED-PRINTABLE",
	"boundary", "format", "flowed", "delsp", "yes", "name", "filename", "filename*",
	"attachment", "inline", "application", "octet-stream", "pdf", "image", "jpeg", "png",
	"gif", "message", "rfc822", "delivery-status", "report", "report-type", "signed", "protocol",
	"micalg", "application/pgp-signature", "pgp-signature", "pgp-sha256", "calendar", "method", "REQUEST", "size",
	"type", "text/html", "multipart/alternative", "digest", "TEXT", "PLAIN", "HTML", "name*",
	"utf8", "binary", "no", "text/plain", "global", "creation-date", "modification-date", "x-unix-mode",
}

// commonIndex returns the index of s in commonStrings, or -1. Strings are told
// apart by length and first octet before they are compared.
func commonIndex(s string) int {
	if len(s) > 25 {
		return -1
	}
	for i, c := range commonStrings {
		if len(c) == len(s) && (len(s) == 0 || c[0] == s[0]) && c == s {
			return i
		}
	}
	return -1
}

// AppendBinary appends the binary form of s to dst. [DecodeStructure] reads it.
func (s *Structure) AppendBinary(dst []byte) []byte {
	var flags byte
	if s.Truncated {
		flags |= flagTruncated
	}
	dst = append(dst, codecVersion, flags)
	start := len(dst)
	dst = insertLength(appendEnvelope(dst, s.Envelope), start)
	dst = appendUint(dst, uint64(s.Size))
	parts, params := s.Root.count()
	dst = appendUint(dst, uint64(parts))
	dst = appendUint(dst, uint64(params))
	return appendPart(dst, s.Root, 0)
}

// insertLength puts in front of what stands from start on its length.
func insertLength(dst []byte, start int) []byte {
	var length [binary.MaxVarintLen64]byte
	size := len(dst) - start
	n := binary.PutUvarint(length[:], uint64(size))
	dst = append(dst, length[:n]...)
	copy(dst[start+n:], dst[start:start+size])
	copy(dst[start:], length[:n])
	return dst
}

// count counts the parts and parameters of the tree.
func (p *Part) count() (parts, params int) {
	parts, params = 1, len(p.Params)+len(p.DispositionParams)
	for _, child := range p.Children {
		n, m := child.count()
		parts += n
		params += m
	}
	return parts, params
}

func appendUint(dst []byte, n uint64) []byte { return binary.AppendUvarint(dst, n) }

func appendString(dst []byte, s string) []byte {
	if i := commonIndex(s); i >= 0 {
		return appendUint(dst, uint64(i)<<1|1)
	}
	dst = appendUint(dst, uint64(len(s))<<1)
	return append(dst, s...)
}

func appendStrings(dst []byte, list []string) []byte {
	dst = appendUint(dst, uint64(len(list)))
	for _, s := range list {
		dst = appendString(dst, s)
	}
	return dst
}

func appendParams(dst []byte, params []Param) []byte {
	dst = appendUint(dst, uint64(len(params)))
	for _, p := range params {
		dst = appendString(dst, p.Name)
		dst = appendString(dst, p.Value)
	}
	return dst
}

// Which of the rarer values a part has.
const (
	hasParams = 1 << iota
	hasID
	hasDescription
	hasMD5
	hasDisposition
	hasLanguage
	hasLocation
	hasEnvelope
	hasChildren
)

func (p *Part) presence() (bits uint64) {
	set := func(bit uint64, is bool) {
		if is {
			bits |= bit
		}
	}
	set(hasParams, len(p.Params) > 0)
	set(hasID, p.ID != "")
	set(hasDescription, p.Description != "")
	set(hasMD5, p.MD5 != "")
	set(hasDisposition, p.Disposition != "" || len(p.DispositionParams) > 0)
	set(hasLanguage, len(p.Language) > 0)
	set(hasLocation, p.Location != "")
	set(hasEnvelope, p.Envelope != nil)
	set(hasChildren, len(p.Children) > 0)
	return bits
}

// appendPart appends p; base is where the part may start at the earliest.
func appendPart(dst []byte, p *Part, base int64) []byte {
	bits := p.presence()
	dst = appendUint(dst, bits)
	dst = appendUint(dst, uint64(p.HeaderStart-base))
	dst = appendUint(dst, uint64(p.BodyStart-p.HeaderStart))
	dst = appendUint(dst, uint64(p.End-p.BodyStart))
	dst = appendUint(dst, uint64(p.Lines))
	dst = appendString(dst, p.Type)
	dst = appendString(dst, p.Subtype)
	dst = appendString(dst, p.Encoding)
	dst = appendRare(dst, p, bits)
	if bits&hasEnvelope != 0 {
		dst = appendEnvelope(dst, p.Envelope)
	}
	if bits&hasChildren != 0 {
		dst = appendUint(dst, uint64(len(p.Children)))
		at := p.BodyStart
		for _, child := range p.Children {
			dst = appendPart(dst, child, at)
			at = child.End
		}
	}
	return dst
}

// appendRare appends the values that bits tells of.
func appendRare(dst []byte, p *Part, bits uint64) []byte {
	if bits&hasParams != 0 {
		dst = appendParams(dst, p.Params)
	}
	if bits&hasID != 0 {
		dst = appendString(dst, p.ID)
	}
	if bits&hasDescription != 0 {
		dst = appendString(dst, p.Description)
	}
	if bits&hasMD5 != 0 {
		dst = appendString(dst, p.MD5)
	}
	if bits&hasDisposition != 0 {
		dst = appendString(dst, p.Disposition)
		dst = appendParams(dst, p.DispositionParams)
	}
	if bits&hasLanguage != 0 {
		dst = appendStrings(dst, p.Language)
	}
	if bits&hasLocation != 0 {
		dst = appendString(dst, p.Location)
	}
	return dst
}

// How the sender and reply-to of an envelope are given.
const (
	senderIsFrom = 1 << iota
	replyToIsFrom
)

func appendEnvelope(dst []byte, e *Envelope) []byte {
	var flags byte
	if sameAddresses(e.Sender, e.From) {
		flags |= senderIsFrom
	}
	if sameAddresses(e.ReplyTo, e.From) {
		flags |= replyToIsFrom
	}
	dst = append(dst, flags)
	total := 0
	for _, list := range e.lists(flags) {
		if list != nil {
			total += len(*list)
		}
	}
	dst = appendUint(dst, uint64(total))
	for _, text := range e.texts() {
		dst = appendString(dst, *text)
	}
	for _, list := range e.lists(flags) {
		if list != nil {
			dst = appendAddresses(dst, *list)
		}
	}
	return dst
}

// texts returns the plain fields in their binary order.
func (e *Envelope) texts() [4]*string {
	return [4]*string{&e.Date, &e.Subject, &e.InReplyTo, &e.MessageID}
}

// lists returns the address fields in their binary order, nil for those that
// flags says are as From.
func (e *Envelope) lists(flags byte) [6]*[]Address {
	lists := [6]*[]Address{&e.From, &e.To, &e.Cc, &e.Bcc, &e.Sender, &e.ReplyTo}
	if flags&senderIsFrom != 0 {
		lists[4] = nil
	}
	if flags&replyToIsFrom != 0 {
		lists[5] = nil
	}
	return lists
}

func sameAddresses(a, b []Address) bool {
	if len(a) != len(b) {
		return false
	}
	if len(a) == 0 || &a[0] == &b[0] {
		return true
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func appendAddresses(dst []byte, list []Address) []byte {
	dst = appendUint(dst, uint64(len(list)))
	for _, a := range list {
		dst = appendString(dst, a.Name)
		dst = appendString(dst, a.Route)
		dst = appendString(dst, a.Mailbox)
		dst = appendString(dst, a.Host)
	}
	return dst
}
